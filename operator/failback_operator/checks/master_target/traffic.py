"""How much changes in a day on the machines of a master target: what it has to take, and to keep."""

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import TargetContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.master_target.base import of_server, target_check
from failback_operator.checks.master_target.storage import listed_volume
from failback_operator.domain.fabric import MasterTargetServer

SECONDS_A_DAY = 86_400
GB = 10**9


@target_check(
    About(
        id="ChangesCarried",
        clause="R6",
        condition="DiskLimit",
        expected="the machines that come home through the master target change no more than 2 TB in a day (a setting)",
        remedy="Spread the named machines over further master targets: name several in spec.masterTargets of the plan.",
        source="Vendor's page on preparing failback: heavy traffic needs separate master targets; 2 TB a day is its limit of one "
        "process server; uncompressedDataRateInMB of each item, whose period is not documented (a setting)",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
def changes_carried(context: TargetContext) -> Answer:
    """The sum of the machines' change rates, as far as it is told, against the limit."""
    if not context.planned:
        return _nothing_planned(context)
    limit = context.site.limits.changes_per_day_gb
    known, untold = _changes(context)
    if known > limit:
        return failed(f"{_sum_text(context, known)}; the limit is {limit} GB a day")
    if untold:
        return unknown(f"how much changes is not told of {listed(untold)}")
    return passed(f"no more than {limit} GB change in a day")


@target_check(
    About(
        id="RetentionFreeSpace",
        clause="R16",
        condition="RetentionReady",
        expected="the retention volume has room for what changes in a day on the machines of the master target",
        remedy="Enlarge the retention volume or take a larger disk for it, or spread the machines over further master targets.",
        source="The failback policy keeps 24 hours of recovery points; masterTargetServers[].retentionVolumes[], "
        "uncompressedDataRateInMB of each item, whose period is not documented (a setting)",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
@of_server
def retention_free_space(context: TargetContext, server: MasterTargetServer) -> Answer:
    """Free space against a day's changes. Neither number is told but in steps: both move while nothing changes."""
    volume = listed_volume(context, server)
    if volume is None or volume.free_bytes is None:
        return not_applicable("the free space of its retention volume is not known: see RetentionVolume")
    if not context.planned:
        return _nothing_planned(context)
    known, untold = _changes(context)
    if known * GB > volume.free_bytes:
        return failed(f"volume {volume.name} has less free space: {_sum_text(context, known)}")
    if untold:
        return unknown(f"how much changes is not told of {listed(untold)}")
    return passed(f"volume {volume.name} has room for a day's changes")


def _nothing_planned(context: TargetContext) -> Answer:
    """What is planned depends on both worlds."""
    if context.site.vault is None or context.usage is None:
        return unknown("what is planned on it is not known: see DiskLimit")
    return not_applicable("no machine is planned on it")


def _changes(context: TargetContext) -> tuple[float, list[str]]:
    """GB a day of all machines of which it is told, and the names of the others."""
    limits = context.site.limits
    rates = {item.friendly_name: item.detail.change_rate_mb if item.detail else None for item in context.planned}
    periods = SECONDS_A_DAY / limits.change_rate_period.total_seconds()
    total = sum(rate for rate in rates.values() if rate is not None) * periods / 1000
    return total, [name for name, rate in rates.items() if rate is None]


def _sum_text(context: TargetContext, gigabytes: float) -> str:
    names = [item.friendly_name for item in context.planned]
    return f"{len(names)} machines ({listed(names)}) change {bucket(gigabytes)} GB or more in a day"


def bucket(number: float) -> int:
    """The number with its first two digits, rounded down: it moves seldom."""
    whole = int(number)
    step = int("1".ljust(len(str(whole)) - 1, "0"))
    return whole // step * step

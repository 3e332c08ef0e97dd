"""Fixes of master targets that the operator may make: shown in a finding first, made only while nothing is held there.

Safety rules 5 and 8; clauses R8 and R19.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.checks.answers import listed
from failback_operator.checks.contexts import LocatedVm, SiteContext, TargetContext
from failback_operator.decide.judgement import Ruling, Rulings
from failback_operator.decide.ledger import OPEN
from failback_operator.decide.naming import attempt_of
from failback_operator.domain.steps import Effect, EffectKind, MachineCall, ObjectKey
from failback_operator.domain.verdicts import Outcome
from failback_operator.domain.vsphere import PowerState

NO_SNAPSHOTS, DISK_UUID = "NoSnapshots", "DiskEnableUuid"
MOST_TEXT = 1024
MOST_AFFECTED = 30


@dataclass(frozen=True, slots=True)
class Fix:
    """A fix that the target's spec lets the operator make. `text` is shown in the finding; `obstacle` tells why not now."""

    kind: EffectKind
    check_id: str
    text: str
    obstacle: str | None

    @property
    def remedy(self) -> str:
        """What the finding says: what will be done, or what keeps it from being done."""
        return (f"{self.text} Not now: {self.obstacle}." if self.obstacle else self.text)[:MOST_TEXT]


def fixes_of(context: TargetContext, rulings: Rulings) -> tuple[Fix, ...]:
    """The fixes that are wanted and that the spec allows, in the order in which they are made, one at a time."""
    failing = {r.verdict.check_id: r for r in rulings if r.verdict.outcome is Outcome.FAIL}
    located = context.vm
    if located is None:
        return ()
    found = (_snapshots(context, located, failing), _disk_uuid(context, located, failing))
    return tuple(fix for fix in found if fix is not None)


def with_remedies(rulings: Rulings, fixes: tuple[Fix, ...]) -> Rulings:
    """The rulings; where the operator will make the fix, that is the remedy, and not what a person would do."""
    remedies = {fix.check_id: fix.remedy for fix in fixes}
    told = (replace(r, remedy=remedies[r.verdict.check_id]) if r.verdict.check_id in remedies else r for r in rulings)
    return tuple(told) if remedies else rulings


def _snapshots(context: TargetContext, located: LocatedVm, failing: dict[str, Ruling]) -> Fix | None:
    vm, wanted = located.vm, context.target.spec.remediation.remove_snapshots == "Automatic"
    if NO_SNAPSHOTS not in failing or not wanted or not vm.snapshots or "snapshots" in vm.unread:
        return None
    names = ", ".join(f'"{s.name}"' for s in sorted(vm.snapshots, key=lambda s: (s.created, s.moref)))
    noun = "snapshot" if len(vm.snapshots) == 1 else f"{len(vm.snapshots)} snapshots"
    text = f"Will be removed by the operator: {noun} {names} of {vm.name}.{_affected(context)}"
    return Fix(EffectKind.REMOVE_SNAPSHOTS, NO_SNAPSHOTS, text, _obstacle(context))


def _disk_uuid(context: TargetContext, located: LocatedVm, failing: dict[str, Ruling]) -> Fix | None:
    vm, spec = located.vm, context.target.spec
    if DISK_UUID not in failing or "disk_uuid_enabled" in vm.unread:
        return None
    if vm.disk_uuid_enabled is not True:
        if spec.remediation.enable_disk_uuid != "Automatic":
            return None
        after = "it is power-cycled afterwards" if spec.allow_power_cycle else "it takes effect when a person power-cycles the VM"
        text = f"Will be set by the operator: disk.EnableUUID=TRUE of {vm.name}; {after}.{_affected(context)}"
        return Fix(EffectKind.SET_DISK_UUID, DISK_UUID, text, _obstacle(context))
    if not spec.allow_power_cycle or vm.power_state is not PowerState.ON:
        return None
    text = f"Will be power-cycled by the operator: {vm.name}, so that disk.EnableUUID takes effect.{_affected(context)}"
    return Fix(EffectKind.POWER_CYCLE, DISK_UUID, text, _obstacle(context))


def _obstacle(context: TargetContext) -> str | None:
    if context.holders is None:
        return "not every source was read, so the master target counts as holding protected disks"
    if context.holders:
        return f"the master target holds disks of {listed(context.holders)}"
    if context.is_configuration_server:
        return _configuration_server_obstacle(context)
    return None


def _affected(context: TargetContext) -> str:
    """Which machines a change of the configuration server affects: all that it protects. Empty for any other VM."""
    if not context.is_configuration_server:
        return ""
    names = sorted(i.friendly_name for i in context.site.vault.items) if context.site.vault else []
    shown = names[:MOST_AFFECTED]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f" It is the configuration server, which affects {', '.join(shown) or 'every machine of the site'}{more}."


def _configuration_server_obstacle(context: TargetContext) -> str | None:
    if not context.target.spec.allow_configuration_server_restart:
        return "spec.allowConfigurationServerRestart is not set"
    return None if not runs_anything(context.site) else "a job runs in the fabric"


def runs_anything(site: SiteContext) -> bool:
    """Whether a job runs in the fabric; unread counts as running."""
    vault = site.vault
    if vault is None:
        return True
    return any(not job.is_over for job in vault.jobs) or any(item.current_scenario is not None for item in vault.items)


def fix_effect(context: TargetContext, fixes: tuple[Fix, ...]) -> Effect | None:
    """The effect that makes the first fix that is due, if it was shown, nothing runs and none was made too lately."""
    located = context.vm
    fix = next((f for f in fixes if _is_due(context, f)), None)
    if fix is None or located is None or _has_open(context) or not _was_shown(context, fix):
        return None
    entries = _entries(context, fix)
    if retry_at(entries, context.site) is not None:
        return None
    return Effect(
        key=f"{fix.kind.value}/{1 + max((attempt_of(e.key) for e in entries), default=0)}",
        kind=fix.kind,
        owner=ObjectKey("MasterTarget", context.target.namespace, context.target.name),
        call=MachineCall(located.vcenter, located.vm.moref, located.vm.instance_uuid),
        description=fix.text,
    )


def is_mending(context: TargetContext, fixes: tuple[Fix, ...]) -> bool:
    """Whether a fix of the target is under way or due: no machine may start through it meanwhile."""
    return _has_open(context) or any(_is_due(context, fix) for fix in fixes)


def _is_due(context: TargetContext, fix: Fix) -> bool:
    return fix.obstacle is None and _failed_in_a_row(_entries(context, fix)) < context.site.limits.attempts


def _has_open(context: TargetContext) -> bool:
    return any(e.outcome in OPEN for e in context.target.status.ledger)


def _was_shown(context: TargetContext, fix: Fix) -> bool:
    """Whether the stored status told a person of it: nothing is done that was not to be read before."""
    return any(f.check == fix.check_id and f.remedy == fix.remedy for f in context.target.status.findings)


def _entries(context: TargetContext, fix: Fix) -> list[LedgerEntry]:
    return [e for e in context.target.status.ledger if e.effect == fix.kind]


def retry_at(entries: list[LedgerEntry], site: SiteContext) -> datetime | None:
    """When the fix may be tried again after it failed, None where it may be now."""
    if not entries or entries[-1].outcome not in {EffectOutcome.REFUSED, EffectOutcome.FAILED}:
        return None
    settled = entries[-1].settled_at or entries[-1].not_after
    moment = settled + site.limits.refused_retry
    return moment if moment > site.now else None


def _failed_in_a_row(entries: list[LedgerEntry]) -> int:
    count = 0
    for entry in reversed(entries):
        if entry.outcome not in {EffectOutcome.REFUSED, EffectOutcome.FAILED}:
            break
        count += 1
    return count

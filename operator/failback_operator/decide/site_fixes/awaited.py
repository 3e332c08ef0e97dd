"""What the site has and Site Recovery does not list: that, and since when, makes a refresh of discovery due."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1.recovery_site import Awaited
from failback_operator.checks.answers import listed
from failback_operator.checks.contexts import SiteContext, TargetContext
from failback_operator.checks.master_target.registration import tools_running
from failback_operator.checks.master_target.storage import RETENTION, awaited_volume, vmfs_datastore
from failback_operator.checks.subjects import subject_of
from failback_operator.decide.judgement import Rulings
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.verdicts import Outcome
from failback_operator.domain.vsphere import PowerState

DATASTORES, REGISTERED = "DatastoresDiscovered", "MasterTargetRegistered"
OF_MACHINES = {
    "HostDiscoveryComplete": "the discovery of a master target's host is not complete, which is needed for",
    "MachineKnownToConfigurationServer": "not known to the configuration server:",
}
"""Checks of machines that a refresh may help, and what they are told by."""
ALL = "FailbackMachine/*"
MOST = 50  # of status.awaited


@dataclass(frozen=True, slots=True)
class Want:
    """Something that is not listed: `what` tells it, `since` when that was first seen, `due_at` from when on a refresh is due."""

    check: str
    subject: str
    what: str
    since: datetime
    due_at: datetime

    def stored(self) -> Awaited:
        """As the status keeps it."""
        return Awaited(check=self.check, subject=self.subject, since=self.since)


def wants(site: SiteContext, targets: Iterable[TargetContext], machines: Mapping[tuple[str, str], Rulings]) -> tuple[Want, ...]:
    """All of it, in a fixed order. Only to be asked while the vault is read."""
    found = [*_of_targets(targets), *_of_machines(site, machines)]
    return tuple(sorted(found, key=lambda want: (want.check, want.subject))[:MOST])


def _of_targets(targets: Iterable[TargetContext]) -> Iterator[Want]:
    for context in targets:
        volume = awaited_volume(context)
        name = context.target.name
        if volume is not None:
            limit = context.site.limits.retention_listed
            yield _want(context, RETENTION, f"volume {volume} of {name} is not listed", grace=limit)
        if _is_without_datastores(context):
            yield _want(context, DATASTORES, f"no datastore of {name} is listed")
        if _is_made_and_unknown(context):
            yield _want(context, REGISTERED, f"{name}, which was made from a template, is not listed")


def _want(context: TargetContext, check: str, what: str, grace: timedelta = timedelta(0)) -> Want:
    subject = str(subject_of(context))
    since = context.site.awaited_since(check, subject)
    return Want(check, subject, what, since, since + grace)


def _is_without_datastores(context: TargetContext) -> bool:
    """Site Recovery lists none, and what it asks for is there: tools run, and the host has one that is accessible."""
    is_empty = context.server is not None and not context.server.datastores
    return is_empty and tools_running(context).is_pass and vmfs_datastore(context).is_pass


def _is_made_and_unknown(context: TargetContext) -> bool:
    """Its VM was made by the operator, runs, and is not known to Site Recovery."""
    made = EffectKind.MAKE_FROM_TEMPLATE
    is_made = any(e.effect == made and e.outcome is EffectOutcome.SUCCEEDED for e in context.target.status.ledger)
    is_on = context.vm is not None and context.vm.vm.power_state is PowerState.ON
    return is_made and is_on and context.server is None


def _of_machines(site: SiteContext, machines: Mapping[tuple[str, str], Rulings]) -> Iterator[Want]:
    names: dict[str, set[str]] = {check: set() for check in OF_MACHINES}
    for (_, machine), rulings in machines.items():
        for ruling in rulings:
            if ruling.verdict.check_id in names and ruling.verdict.outcome is Outcome.FAIL:
                names[ruling.verdict.check_id].add(machine)
    for check, found in names.items():
        if found:
            since = site.awaited_since(check, ALL)
            yield Want(check, ALL, f"{OF_MACHINES[check]} {listed(found)}", since, since)

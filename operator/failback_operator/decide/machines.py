"""Which FailbackMachines must exist with which spec, and which may go."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from failback_operator.api.common import EffectOutcome, LedgerEntry, LocalRef
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackMachineSpec
from failback_operator.api.v1alpha1.failback_machine import IN_FLIGHT_FINALIZER, MovedDisk, Recorded
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.decide.contexts import PlanState
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.ledger import OPEN
from failback_operator.decide.naming import machine_object_name
from failback_operator.decide.recording import on_premises_starts, record_of, tampering
from failback_operator.decide.selection import MIDWAY
from failback_operator.decide.standing import Standing, WaitReason
from failback_operator.decide.survey import is_gone, settled_machine
from failback_operator.domain.decision import MachineObject
from failback_operator.domain.failover_bound import effective_bound
from failback_operator.domain.ids import ArmId
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.steps import EffectKind, ObjectKey, Step

KIND = "FailbackMachine"


def machine_key(item: ProtectedItem, stored: FailbackMachine | None, index: SiteIndex) -> ObjectKey:
    """Which FailbackMachine stands for the item: the stored one, else the name that it will get."""
    site = index.site.view.site
    name = stored.name if stored else machine_object_name(site.name, item.arm_id, item.friendly_name)
    return ObjectKey(KIND, site.namespace, name)


def machine_objects(
    plan: PlanState, standings: Iterable[Standing], index: SiteIndex, files: Mapping[tuple[str, str], Sequence[MovedDisk]]
) -> list[MachineObject]:
    """The FailbackMachines of the items that are the plan's; `files` are to be stored for these, by plan and machine."""
    found = []
    for standing in standings:
        survey = standing.machine.survey
        stored = survey.machine
        if survey.round is None and stored is not None:
            found.append(orphan_object(stored, index))
        if survey.round is None or not survey.is_owner:
            continue
        recorded = list(stored.spec.recorded) if stored else []
        new = _new_record(standing)
        if new is not None and all(r.failed_over_at != new.failed_over_at for r in recorded):
            recorded.append(new)
        spec = FailbackMachineSpec(
            site_ref=LocalRef(name=index.site.view.site.name),
            plan_ref=LocalRef(name=plan.plan.name),
            item_id=stored.spec.item_id if stored else str(survey.round.item.arm_id),
            machine_name=survey.round.item.friendly_name,
            recorded=recorded,
            on_premises_starts=on_premises_starts(standing.machine.context),
            tampering=tampering(standing.machine.context),
            moved_disks=[*(stored.spec.moved_disks if stored else []), *files.get((plan.plan.name, standing.name), ())],
        )
        key = machine_key(survey.round.item, stored, index)
        found.append(
            MachineObject(key, spec, is_in_flight=is_in_flight(stored, survey.round.item, index) or standing.effect is not None)
        )
    return found


def _new_record(standing: Standing) -> Recorded | None:
    """The record to be written: when nothing but the record keeps the machine from reprotect."""
    context, found = standing.machine.context, standing.machine.survey.round
    if found is None or found.record is not None:
        return None
    if standing.step is not Step.REPROTECT or standing.wait is None or standing.wait.reason is not WaitReason.RECORDING:
        return None
    bound = effective_bound(context.plan, context.site.now, context.site.limits).bound
    return record_of(context, bound) if bound is not None else None


def is_in_flight(machine: FailbackMachine | None, item: ProtectedItem | None, index: SiteIndex) -> bool:
    """Whether an effect is open, or the machine stands between Reprotecting and Committed: then its record must not go.

    While its item is not found that stays as it was: a list that is short never means that it is gone.
    """
    if machine is None:
        return False
    if any(_is_open(entry, item) for entry in machine.status.ledger):
        return True
    if item is None:
        return IN_FLIGHT_FINALIZER in machine.metadata.finalizers and not is_gone(machine, index)
    if not _is_ours(machine):
        return False
    # A reversed item is between reprotect and protection even while its state tells no phase.
    return item.instance_type is InstanceType.TO_ON_PREMISES or architecture_of(item).position(item) in MIDWAY


def _is_ours(machine: FailbackMachine) -> bool:
    return bool(machine.spec.recorded or machine.status.ledger)


def _is_open(entry: LedgerEntry, item: ProtectedItem | None) -> bool:
    """Whether something may still come of it: nothing of a doubt whose step the item is past."""
    if entry.outcome is EffectOutcome.AMBIGUOUS and item is not None and EffectKind(entry.effect).is_on_item:
        return not architecture_of(item).is_after(item, EffectKind(entry.effect))
    return entry.outcome in OPEN


def orphans(index: SiteIndex, listed: Collection[ArmId]) -> list[FailbackMachine]:
    """Stored machines that no plan lists, in order of name, their ledgers settled."""
    found = [
        settled_machine(machine, index.items.by_id.get(item_id), index)
        for item_id, machine in index.machines.items()
        if item_id not in listed
    ]
    return sorted(found, key=lambda m: m.name)


def is_kept(machine: FailbackMachine, index: SiteIndex) -> bool:
    """Whether a machine that stands for none of any plan must stay: still named, on its way, or the vault is not read."""
    if any(plan.name == machine.spec.plan_ref.name and _still_names(plan.name, machine, index) for plan in index.site.view.plans):
        return True
    item = index.items.by_id.get(ArmId(machine.spec.item_id))
    is_unknown = index.site.vault is None or (item is None and _is_ours(machine) and not is_gone(machine, index))
    return is_unknown or is_in_flight(machine, item, index)


def _still_names(plan_name: str, machine: FailbackMachine, index: SiteIndex) -> bool:
    """Whether the plan names the machine although its item was not found: a list that is short never means that it is gone."""
    plan = next(p for p in index.site.view.plans if p.name == plan_name)
    if plan.spec.selector is not None:
        return machine.spec.machine_name in plan.status.selected
    return any(ref.name == machine.spec.machine_name for ref in plan.spec.machines)


def orphan_object(machine: FailbackMachine, index: SiteIndex) -> MachineObject:
    """The unchanged spec of a machine without a plan; the finalizer while it is on its way."""
    item = index.items.by_id.get(ArmId(machine.spec.item_id))
    key = ObjectKey(KIND, machine.namespace, machine.name)
    return MachineObject(key, machine.spec, is_in_flight=is_in_flight(machine, item, index))

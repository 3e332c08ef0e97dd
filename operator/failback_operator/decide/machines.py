"""Which FailbackMachines must exist with which spec, and which may go."""

from collections.abc import Collection, Iterable

from failback_operator.api.common import LocalRef
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackMachineSpec
from failback_operator.api.v1alpha1.failback_machine import Recorded
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.decide.contexts import PlanState
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.ledger import OPEN
from failback_operator.decide.naming import machine_object_name
from failback_operator.decide.recording import record_of
from failback_operator.decide.selection import MIDWAY
from failback_operator.decide.standing import Standing, WaitReason
from failback_operator.decide.survey import settled_machine
from failback_operator.domain.decision import MachineObject
from failback_operator.domain.failover_bound import effective_bound
from failback_operator.domain.ids import ArmId
from failback_operator.domain.steps import ObjectKey, Step
from failback_operator.domain.vault import InstanceType, ProtectedItem

KIND = "FailbackMachine"


def machine_key(item: ProtectedItem, stored: FailbackMachine | None, index: SiteIndex) -> ObjectKey:
    """Which FailbackMachine stands for the item: the stored one, else the name that it will get."""
    site = index.site.view.site
    name = stored.name if stored else machine_object_name(site.name, item.arm_id, item.friendly_name)
    return ObjectKey(KIND, site.namespace, name)


def machine_objects(plan: PlanState, standings: Iterable[Standing], index: SiteIndex) -> list[MachineObject]:
    """The FailbackMachines of the items that are the plan's."""
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
        )
        key = machine_key(survey.round.item, stored, index)
        found.append(
            MachineObject(key, spec, is_in_flight=_is_in_flight(stored, survey.round.item) or standing.effect is not None)
        )
    return found


def _new_record(standing: Standing) -> Recorded | None:
    """The record to be written: when nothing but the record keeps the machine from reprotect."""
    context = standing.machine.context
    if standing.step is not Step.REPROTECT or standing.wait is None or standing.wait.reason is not WaitReason.RECORDING:
        return None
    bound = effective_bound(context.plan, context.site.now, context.site.limits).bound
    return record_of(context, bound) if bound is not None else None


def _is_in_flight(machine: FailbackMachine | None, item: ProtectedItem | None) -> bool:
    """Whether an effect is open, or the machine stands between Reprotecting and Committed: then its record must not go."""
    if machine is not None and any(e.outcome in OPEN for e in machine.status.ledger):
        return True
    is_ours = machine is not None and bool(machine.spec.recorded or machine.status.ledger)
    if not is_ours or item is None:
        return False
    # A reversed item is between reprotect and protection even while its state tells no phase.
    return item.instance_type is InstanceType.TO_ON_PREMISES or architecture_of(item).position(item) in MIDWAY


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
    return index.site.vault is None or _is_in_flight(machine, item)


def _still_names(plan_name: str, machine: FailbackMachine, index: SiteIndex) -> bool:
    """Whether the plan names the machine although its item was not found: a list that is short never means that it is gone."""
    plan = next(p for p in index.site.view.plans if p.name == plan_name)
    if plan.spec.selector is not None:
        return machine.spec.machine_name in plan.status.selected
    return any(ref.name == machine.spec.machine_name for ref in plan.spec.machines)


def orphan_object(machine: FailbackMachine, index: SiteIndex) -> MachineObject:
    """The unchanged spec of a machine without a plan; the finalizer while it is on its way."""
    item = index.items.by_id.get(ArmId(machine.spec.item_id))
    is_in_flight = _is_in_flight(machine, item) or (index.site.vault is None and bool(machine.metadata.finalizers))
    return MachineObject(ObjectKey(KIND, machine.namespace, machine.name), machine.spec, is_in_flight=is_in_flight)

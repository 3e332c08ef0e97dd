"""The catalogue of machines' checks: when a check is asked at all, and how it comes to its item, detail and VM."""

from collections.abc import Callable
from dataclasses import replace

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.api.v1alpha1.failback_plan import Location
from failback_operator.checks.answers import Answer, listed, not_applicable, unknown
from failback_operator.checks.catalogue import Catalogue
from failback_operator.checks.contexts import LocatedVm, MachineContext, TargetContext
from failback_operator.checks.define import About, register
from failback_operator.domain.protected_item import ActiveSite, InstanceType, ItemDetail, ProtectedItem
from failback_operator.domain.steps import Step

MACHINE_CHECKS: Catalogue[MachineContext] = Catalogue()

Ask = Callable[[MachineContext], Answer]
AskItem = Callable[[MachineContext, ProtectedItem], Answer]

CLASSIC = frozenset({InstanceType.TO_AZURE, InstanceType.TO_ON_PREMISES})

NEXT_STEPS: dict[Phase, Step | None] = {
    Phase.NOT_FAILED_OVER: Step.REHEARSAL,
    Phase.FAILED_OVER: Step.REPROTECT,
    Phase.WAITING: Step.REPROTECT,
    Phase.REPROTECTING: Step.FAILBACK,
    Phase.REPROTECTED: Step.FAILBACK,
    Phase.FAILING_BACK: Step.COMMIT,
    Phase.FAILED_BACK: Step.COMMIT,
    Phase.COMMITTING: Step.PROTECT,
    Phase.COMMITTED: Step.PROTECT,
    Phase.PROTECTING: None,
    Phase.PROTECTED: None,
}
"""The step that a machine needs next; the other phases leave it to the item."""

IN_MOTION = frozenset({Phase.REPROTECTING, Phase.FAILING_BACK, Phase.COMMITTING, Phase.PROTECTING})


def next_step(context: MachineContext, item: ProtectedItem) -> Step | None:
    """The step that the machine needs next: by its phase, else (Failed, NeedsAttention, Unknown) by where the item stands."""
    if context.phase in NEXT_STEPS:
        return NEXT_STEPS[context.phase]
    if item.instance_type is InstanceType.TO_AZURE:
        return {"Recovery": Step.REPROTECT, "Primary": Step.REHEARSAL}.get(item.active_location or "")
    if "Commit" in item.allowed_operations:
        return Step.COMMIT
    by_site = {ActiveSite.AZURE: Step.FAILBACK, ActiveSite.ON_PREMISES: Step.PROTECT}
    return by_site.get(item.active_site) if item.active_site is not None else None


def record_check(about: About) -> Callable[[Ask], Ask]:
    """Register a check that is asked of every machine, whatever its item."""

    def decorate(ask: Ask) -> Ask:
        register(MACHINE_CHECKS, about, ask)
        return ask

    return decorate


def item_check(about: About) -> Callable[[AskItem], AskItem]:
    """Register a check of a classic item, asked while its next step is one that the check guards (or is judged before)."""
    asked_before = about.steps | about.judged_at

    def decorate(ask: AskItem) -> AskItem:
        register(MACHINE_CHECKS, about, lambda context: _ask(context, ask, asked_before, about.locations))
        return ask

    return decorate


NOT_NEXT = not_applicable("nothing that this check guards comes next")


def _ask(context: MachineContext, ask: AskItem, asked_before: frozenset[Step], locations: frozenset[Location]) -> Answer:
    item = context.item
    if item is None:
        return no_item(context)
    if item.instance_type not in CLASSIC:
        return not_applicable("the item is not one of the classic architecture: see ArchitectureSupported")
    if context.name in context.staying:
        return not_applicable("it stays in Azure, as the plan says")
    location = context.plan.spec.location
    if location not in locations:
        return not_applicable(f"the plan's location is {location.value}")
    if next_step(context, item) not in asked_before:
        return NOT_NEXT
    return ask(context, item)


def no_item(context: MachineContext) -> Answer:
    """Why there is no item to judge; MachineExists and MachineUnambiguous tell what to do."""
    if context.site.vault is None:
        return unknown("the vault could not be read lately")
    if context.items:
        return not_applicable("several items have this name: see MachineUnambiguous")
    return not_applicable("the vault does not know the machine: see MachineExists")


def fresh_detail(context: MachineContext, item: ProtectedItem) -> ItemDetail | None:
    """What a GET of the item showed, unless that is too long ago to judge by."""
    if item.detail is None or context.site.now - item.detail.as_of > context.site.limits.item_detail:
        return None
    return item.detail


def vm_or_answer(context: MachineContext, *fields: str) -> LocatedVm | Answer:
    """The on-premises VM with `fields` read; else why it cannot be judged. One that is surely gone is not applicable."""
    if context.vm is None:
        if context.vms:
            return unknown(f"several VMs match: {listed(v.vm.name for v in context.vms)}")
        if context.site.vsphere_is_complete:
            return not_applicable("vCenter has no VM of the machine: see OnPremisesVMFound")
        return unknown(context.site.vsphere_gap)
    missing = context.vm.vm.unread & set(fields)
    if missing:
        return unknown(f"VM {context.vm.vm.name}: vCenter did not let {listed(missing)} be read")
    return context.vm


def targets_of(context: MachineContext) -> tuple[TargetContext, ...]:
    """The chosen master target alone, else all candidates."""
    return (context.assigned,) if context.assigned is not None else context.candidates


def named(target: TargetContext, answer: Answer) -> Answer:
    """`answer` with the name of the master target that it is about."""
    return replace(answer, observed=f"{target.target.name}: {answer.observed}")

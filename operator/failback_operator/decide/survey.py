"""Everything found out about each machine of each plan, before anything is judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from failback_operator.api.common import LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.contexts import LocatedVm
from failback_operator.checks.machine.disks import returning_disks
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.ledger import Evidence, settle, settle_without_item
from failback_operator.decide.ledger_requests import settle_requests
from failback_operator.decide.phase import phase_of
from failback_operator.decide.rounds import Round, RoundInput, derive_round
from failback_operator.decide.selection import Ownership, Selection, Wanted
from failback_operator.domain.failover_bound import effective_bound
from failback_operator.domain.ids import ArmId
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.staying import staying
from failback_operator.domain.vault import AzureVm


@dataclass(frozen=True, slots=True)
class Survey:
    """One machine of one plan. `round` is None while its item is not known; `disks` None while not known.

    `group_key` is the same for all members of the plan that go together. `staying` are the plan's machines that stay in Azure.
    """

    plan: FailbackPlan
    wanted: Wanted
    round: Round | None
    stored: FailbackMachine | None
    is_owner: bool
    rivals: tuple[str, ...]
    group: tuple[ProtectedItem, ...]
    group_in_plan: bool
    group_key: str
    vms: tuple[LocatedVm, ...]
    azure_vm: AzureVm | None
    azure_vm_is_missing: bool
    disks: int | None
    staying: Mapping[str, str] = field(default_factory=dict)

    @property
    def stays(self) -> str | None:
        """Why it stays in Azure; None where it comes home."""
        return self.staying.get(self.name)

    @property
    def name(self) -> str:
        """The machine's name in the plan."""
        return self.wanted.name

    @property
    def phase(self) -> Phase:
        """Where it is."""
        return phase_of(self.round) if self.round else Phase.UNKNOWN

    @property
    def machine(self) -> FailbackMachine | None:
        """Its FailbackMachine with the ledger as settled, if that is stored."""
        return self.round.machine if self.round else self.stored


def settled_machine(machine: FailbackMachine, item: ProtectedItem | None, index: SiteIndex) -> FailbackMachine:
    """The machine with its ledger settled by what the vault shows; as it is where the vault is not read or the item not found."""
    machine = _with_ledger(machine, settle_requests(machine, index))
    read_at = index.site.view.snapshot.vault.as_of
    if index.site.vault is None or read_at is None:
        return machine
    if item is None:
        return _with_ledger(machine, _ledger_without_item(machine, index, read_at))
    evidence = Evidence(
        item=item,
        architecture=architecture_of(item),
        jobs=index.items.jobs_of(item),
        index=index.items,
        limits=index.site.limits,
        read_at=read_at,
        now=index.site.now,
    )
    return _with_ledger(machine, settle(machine.status.ledger, evidence))


def _ledger_without_item(machine: FailbackMachine, index: SiteIndex, read_at: datetime) -> list[LedgerEntry]:
    ledger = machine.status.ledger
    if not is_gone(machine, index):
        return ledger
    return settle_without_item(ledger, index.items, read_at, index.site.limits)


def is_gone(machine: FailbackMachine, index: SiteIndex) -> bool:
    """Whether the machine's item is proved to have left the vault; one that is merely not found is not."""
    return ArmId(machine.spec.item_id) in index.items.missing_items


def _with_ledger(machine: FailbackMachine, ledger: list[LedgerEntry]) -> FailbackMachine:
    if all(new is old for new, old in zip(ledger, machine.status.ledger, strict=True)):
        return machine
    return machine.model_copy(update={"status": machine.status.model_copy(update={"ledger": ledger})})


def survey(selection: Selection, ownership: Ownership, index: SiteIndex) -> tuple[Survey, ...]:
    """The machines of one plan, in its order."""
    listed = {w.item.arm_id for w in selection.machines if w.item is not None}
    unread = {m.spec.machine_name: m for m in index.machines.values() if m.spec.plan_ref.name == selection.plan.name}
    stays = staying(selection.plan)
    found = []
    for wanted in selection.machines:
        item = wanted.item
        group = index.items.group_of(item) if item else ()
        found_round = _round(selection.plan, wanted, item, index) if item else None
        vms = machine_vms(item, found_round, index) if item else ()
        azure_vm, is_missing = _azure_vm(found_round, index)
        stored = index.machines.get(item.arm_id) if item else unread.get(wanted.name)
        stored = settled_machine(stored, item, index) if stored else None
        found.append(
            Survey(
                plan=selection.plan,
                wanted=wanted,
                round=found_round,
                stored=stored,
                is_owner=ownership.is_owner(selection.plan, item) if item else stored is not None,
                rivals=ownership.rivals_of(selection.plan, item) if item else (),
                group=group,
                group_in_plan=all(member.arm_id in listed for member in group),
                group_key=_group_key(selection.plan, wanted, group),
                vms=vms,
                azure_vm=azure_vm,
                azure_vm_is_missing=is_missing,
                disks=_disk_count(found_round, vms, azure_vm) if found_round else None,
                staying=stays,
            )
        )
    return tuple(found)


def _group_key(plan: FailbackPlan, wanted: Wanted, group: tuple[ProtectedItem, ...]) -> str:
    first = min((i.arm_id.casefold() for i in group), default=f"name:{wanted.name}")
    return f"{plan.name}/{first}"


def _round(plan: FailbackPlan, wanted: Wanted, item: ProtectedItem, index: SiteIndex) -> Round:
    stored = index.machines.get(item.arm_id)
    return derive_round(
        RoundInput(
            item=item,
            machine=settled_machine(stored, item, index) if stored else None,
            jobs=index.items.jobs_of(item),
            stated=wanted.stated_failover,
            bound=effective_bound(plan, index.site.now, index.site.limits).bound,
            skew=index.site.limits.failover_clock_skew,
        )
    )


def machine_vms(item: ProtectedItem, found: Round | None, index: SiteIndex) -> tuple[LocatedVm, ...]:
    """The on-premises VMs that match an item: by what was recorded, by the UUID that Site Recovery tells, else by name."""
    recorded = found.record.vm_instance_uuid if found and found.record else None
    told = item.detail.infrastructure_vm_id if item.detail else None
    for uuid in (recorded, told):
        by_uuid = index.vms.by_uuid.get(uuid.casefold(), ()) if uuid else ()
        if by_uuid:
            return by_uuid
    return index.vms.by_name.get(item.friendly_name, ())


def _azure_vm(found: Round | None, index: SiteIndex) -> tuple[AzureVm | None, bool]:
    if found is None:
        return None, False
    wanted = found.item.target_vm_id
    if found.record is not None:
        wanted = ArmId(found.record.azure_vm_id)
    if wanted is None:
        return None, False
    return index.items.azure_vms.get(wanted), wanted in index.items.missing_vms


def _disk_count(found: Round, vms: tuple[LocatedVm, ...], azure_vm: AzureVm | None) -> int | None:
    """How many disks the machine brings: as Site Recovery protects them, as recorded, or as its VM has them; Azure's if more."""
    known = _known_disks(found, vms)
    return None if known is None else returning_disks(known, found.item, azure_vm)


def _known_disks(found: Round, vms: tuple[LocatedVm, ...]) -> int | None:
    detail = found.item.detail
    if detail is not None and detail.disks:
        return len(detail.disks)
    if found.record is not None and found.record.disks:
        return len(found.record.disks)
    if len(vms) == 1 and "disks" not in vms[0].vm.unread and vms[0].vm.disks:
        return len(vms[0].vm.disks)
    return None

"""What is recorded of a machine before reprotect destroys it. Design, section 4: recorded before reprotect."""

from datetime import datetime

from pydantic import ValidationError

from failback_operator.api.v1alpha1.failback_machine import OnPremisesStart, Phase, Recorded, RecordedDisk, Tampering
from failback_operator.checks.contexts import LocatedVm, MachineContext
from failback_operator.checks.machine.on_premises import started_since
from failback_operator.checks.machine.protection import account_name
from failback_operator.checks.machine.tampering import all_changes, is_of_round, stored_form
from failback_operator.decide.wording import cut

MOST_VALUE = 60
MOST_DISKS = 64
MOST_NICS = 16
MOST_STARTS = 20
MOST_TAMPERING = 40
MOST_TAMPERING_OF_ROUND = 5
"""Of each part: the first ones hold the machine, all further ones add nothing to that."""
WATCHED = frozenset({Phase.REPROTECTING, Phase.REPROTECTED, Phase.FAILING_BACK, Phase.FAILED_BACK})


def record_of(machine: MachineContext, bound: datetime) -> Recorded | None:
    """The record of the failover that the machine is in, or None while Azure VM or time are not known, or a fact is odd."""
    try:
        return _record_of(machine, bound)
    except ValidationError:
        return None


def odd_fact(machine: MachineContext) -> str | None:
    """Which fact cannot be recorded as it is, and why; a part of it, or none, must not pass for what was there."""
    try:
        _record_of(machine, machine.site.now)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        return f"{where} of {error.title} is {cut(repr(first['input']), MOST_VALUE)}: {first['msg']}"
    return None


def _record_of(machine: MachineContext, bound: datetime) -> Recorded | None:
    item = machine.item
    if item is None or machine.azure_vm is None or machine.failed_over_at is None:
        return None
    target = machine.assigned.vm if machine.assigned else None
    return Recorded(
        failed_over_at=machine.failed_over_at,
        covered_by=bound.replace(microsecond=0),
        azure_vm_id=str(machine.azure_vm.arm_id),
        azure_vm_size=machine.azure_vm.size,
        nic_ids=[str(nic) for nic in sorted(machine.azure_vm.nic_ids, key=str.casefold)][:MOST_NICS],
        process_server_id=item.process_server_id,
        policy_id=str(item.policy_id) if item.policy_id else None,
        run_as_account=account_name(machine, item),
        log_storage_account_id=str(item.detail.log_storage_account_id)
        if item.detail and item.detail.log_storage_account_id
        else None,
        vcenter_infrastructure_id=item.detail.vcenter_infrastructure_id if item.detail else None,
        vm_instance_uuid=machine.vm.vm.instance_uuid if machine.vm else None,
        disks=recorded_disks(machine.vm),
        master_target=machine.assigned.target.name if machine.assigned else None,
        master_target_disks=recorded_disks(target),
    )


def on_premises_starts(machine: MachineContext) -> list[OnPremisesStart]:
    """The starts of the on-premises VM as they are to be stored: one is kept for each failover, since vCenter forgets them."""
    known = list(machine.machine.spec.on_premises_starts) if machine.machine else []
    failed_over_at = machine.failed_over_at
    if failed_over_at is None or machine.phase is not Phase.FAILED_OVER or machine.vm is None:
        return known
    seen = started_since(machine.vm.vm, failed_over_at, machine.site.now)
    if seen is None or len(known) >= MOST_STARTS or any(each.failed_over_at == failed_over_at for each in known):
        return known
    return [*known, OnPremisesStart(failed_over_at=failed_over_at, seen_at=seen.replace(microsecond=0))]


def tampering(machine: MachineContext) -> list[Tampering]:
    """What others did since the reprotect, as it is to be stored: vCenter forgets, and Azure shows only what is now.

    Of former rounds the oldest entries make room: they hold nothing any more.
    """
    known = list(machine.machine.spec.tampering) if machine.machine else []
    failed_over_at = machine.failed_over_at
    if failed_over_at is None or machine.phase not in WATCHED:
        return known
    of_failover = [each for each in known if each.failed_over_at == failed_over_at]
    ids = {each.id for each in of_failover}
    of_round = [each for each in of_failover if is_of_round(machine, each.at)]
    for change in all_changes(machine):
        of_part = sum(each.part is change.part for each in of_round)
        if change.id not in ids and of_part < MOST_TAMPERING_OF_ROUND:
            entry = stored_form(change, failed_over_at, machine.site.now)
            ids.add(entry.id)
            of_round.append(entry)
            known.append(entry)
    former = sorted((each for each in known if each not in of_round), key=lambda each: each.at)
    dropped = former[: max(len(known) - MOST_TAMPERING, 0)]
    return [each for each in known if each not in dropped]


def recorded_disks(located: LocatedVm | None) -> list[RecordedDisk]:
    """The disks of a VM as they lie now, in order of their keys."""
    if located is None:
        return []
    stores = {store.moref: store.name for store in located.facts.datastores}
    buses = {controller.key: controller.bus_number for controller in located.vm.controllers}
    return [
        RecordedDisk(
            file=disk.file_name,
            uuid=disk.uuid,
            capacity_bytes=disk.capacity_bytes,
            datastore=stores.get(disk.datastore, "") if disk.datastore else "",
            datastore_id=disk.datastore,
            key=disk.key,
            bus=buses.get(disk.controller_key),
            unit=disk.unit_number,
            controller_key=disk.controller_key,
        )
        for disk in sorted(located.vm.disks, key=lambda d: d.key)[:MOST_DISKS]
    ]

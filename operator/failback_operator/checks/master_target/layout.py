"""The disks of a master target lie where they lay at reprotect: a Storage vMotion since then breaks the failback's detach."""

from collections.abc import Iterator
from dataclasses import dataclass

from failback_operator.api.v1alpha1.failback_machine import RecordedDisk
from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed
from failback_operator.checks.contexts import LocatedVm, TargetContext
from failback_operator.checks.define import About
from failback_operator.checks.master_target.base import of_vm, target_check, unread
from failback_operator.checks.master_target.disks import DELTA_FILE
from failback_operator.domain.steps import Step
from failback_operator.domain.vsphere import Disk


@dataclass(frozen=True, slots=True)
class Move:
    """A disk that lies elsewhere than at the reprotect of `machine`."""

    machine: str
    disk: Disk
    before: RecordedDisk

    def __str__(self) -> str:
        return f"{self.disk.label} from {self.before.file} to {self.disk.file_name}"


@target_check(
    About(
        id="StorageLayoutUnchanged",
        clause="R15",
        condition="LayoutStable",
        expected="every disk on the master target lies in the datastore and under the file in which it lay at reprotect",
        remedy="Move nothing more. The failback's detach of these disks will fail; a person chooses whether to go on: then waive "
        "this check for each machine and, after its failback, name it in spec.reattach of the plan, or attach its disks from the "
        "files named here to the on-premises machine before that boots.",
        source="Vendor's page on preparing failback: after a Storage vMotion of the master target detaching fails at failback; "
        "vSphere VirtualDisk.backing.{uuid, fileName, datastore} against what was recorded before reprotect",
        steps=frozenset({Step.FAILBACK}),
        is_waivable=True,
        needs_machine=True,
    )
)
@of_vm
def storage_layout_unchanged(context: TargetContext, located: LocatedVm) -> Answer:
    """No disk that was recorded for a machine on the target, by its UUID, has another file now."""
    if not context.lodgers:
        return not_applicable("no machine runs through it now")
    hidden = unread(located.vm, "disks")
    if hidden is not None:
        return hidden
    if all(lodger.record is None for lodger in context.lodgers):
        return not_applicable("no layout was recorded: see LayoutRecorded")
    moves = list(moved(context, located))
    if not moves:
        return passed(f"VM {located.vm.name}: all disks lie where they lay at reprotect")
    machines = listed(move.machine for move in moves)
    return failed(f"VM {located.vm.name}: moved since the reprotect of {machines}: {listed(str(move) for move in moves)}")


def moved(context: TargetContext, located: LocatedVm) -> Iterator[Move]:
    """The disks that moved, each with the machine since whose reprotect it did."""
    by_uuid = {disk.uuid.casefold(): disk for disk in located.vm.disks if disk.uuid}
    for lodger in context.lodgers:
        record = lodger.record
        if record is None:
            continue
        own = record.master_target_disks if record.master_target == context.target.name else []
        for before in (*own, *record.disks):
            disk = by_uuid.get((before.uuid or "").casefold())
            if disk is not None and _has_moved(before, disk):
                yield Move(lodger.name, disk, before)


def _has_moved(before: RecordedDisk, disk: Disk) -> bool:
    """Whether datastore or file differ. A renamed datastore is the same one, a merged snapshot leaves the file below it."""
    was, now = DELTA_FILE.sub(".vmdk", before.file), DELTA_FILE.sub(".vmdk", disk.file_name)
    if was == now:
        return False
    same_store = before.datastore_id is not None and before.datastore_id == disk.datastore
    return not (same_store and _inside(was) == _inside(now))


def _inside(file_name: str) -> str:
    """The path in its datastore: `[vmfs-1] app-1/app-1.vmdk` without the brackets."""
    return file_name.partition("] ")[2] or file_name

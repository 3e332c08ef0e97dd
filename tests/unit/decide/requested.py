"""A site in which people ask for something of app-1's VM: what vCenter then does is made so."""

from copy import copy
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from tests.unit import builders as b
from tests.unit.decide.world import World, change_plan, uuid_of, world

from failback_operator.api.common import LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.domain.ids import Moref
from failback_operator.domain.job import JobState
from failback_operator.domain.steps import Effect, EffectKind, MachineCall
from failback_operator.domain.vsphere import Disk, PowerState

MACHINE = "app-1"
REATTACH = {"machine": MACHINE, "reason": "moved at night", "by": "dba"}


def deletion(name: str) -> dict[str, str]:
    """A request to delete the VM of that machine."""
    return {"machine": name, "instanceUuid": uuid_of(name), "reason": "disks are lost", "by": "dba"}


DELETION = deletion(MACHINE)
REQUESTS = (EffectKind.REATTACH_DISKS, EffectKind.POWER_ON, EffectKind.DELETE_VM)


@dataclass(repr=False)
class AskedWorld(World):
    """What is made of VMs on request; `halfway`: a re-attachment stops when the disks are detached."""

    halfway: bool = False

    def _mend(self, kind: EffectKind, call: MachineCall) -> None:
        if kind is EffectKind.DELETE_VM:
            self.vms = {name: vm for name, vm in self.vms.items() if vm.moref != call.machine}
        elif kind is EffectKind.POWER_ON:
            self.vms[MACHINE] = replace(self.vms[MACHINE], power_state=PowerState.ON, boot_time=self.now)
        elif kind is EffectKind.REATTACH_DISKS and call.reattach is not None:
            files = {place.uuid: place.file for place in call.reattach.places}
            self.detach(set(files))
            if not self.halfway:
                self.attach(files)
        else:
            super()._mend(kind, call)

    def detach(self, uuids: set[str]) -> None:
        """Take these disks off the master target."""
        target = self.vms["mt-win"]
        self.vms["mt-win"] = replace(target, disks=tuple(d for d in target.disks if d.uuid not in uuids))

    def attach(self, files: dict[str, str]) -> None:
        """Let the machine's VM have its disks in these files."""
        vm = self.vms[MACHINE]
        self.vms[MACHINE] = replace(vm, disks=tuple(replace(d, file_name=files[d.uuid or ""]) for d in vm.disks))

    @property
    def machine(self) -> FailbackMachine:
        """Its stored object."""
        return next(iter(self.machines.values()))

    @property
    def entries(self) -> list[LedgerEntry]:
        """The ledger's entries of what was asked for."""
        return [e for e in self.machine.status.ledger if e.effect in REQUESTS]

    def requested(self) -> list[Effect]:
        """What would be made now of what was asked for."""
        return [e for e in self.round(perform=False).effects if e.kind in REQUESTS]

    def remedy(self, check: str) -> str:
        """What the finding of a check on the machine says now."""
        self.round(perform=False)
        return next((f.remedy for f in self.machine.status.findings if f.check == check), "")


def asked_world(*others: str, **plan: Any) -> AskedWorld:
    """app-1, to be brought home as the plan says; with `others` in one group with it."""
    base = world(MACHINE, *others, group="g" if others else None, **plan)
    return AskedWorld(items=base.items, vms=base.vms, azure_vms=base.azure_vms, plans=base.plans)


def file_of(disk: Disk) -> str:
    """Where a Storage vMotion of mt-win takes the disk."""
    return disk.file_name.replace("app-1/", "mt-win/")


def left_behind(*, is_stuck: bool = True, **plan: Any) -> AskedWorld:
    """Its master target was moved before the failback, which left the disks there; the Azure VM is off."""
    base = _left_behind(is_stuck=is_stuck)
    members = {f.name: getattr(base, f.name) for f in fields(base)}
    site = AskedWorld(**{name: copy(value) if isinstance(value, dict | list | set) else value for name, value in members.items()})
    change_plan(site, **({"reattach": [REATTACH]} | plan))
    return site


@cache
def _left_behind(*, is_stuck: bool) -> AskedWorld:
    """The same, as many tests begin with it."""
    site = asked_world(stage="Reprotected")
    site.run()
    target, own = site.vms["mt-win"], {d.uuid for d in site.vms[MACHINE].disks}
    kept = tuple(replace(d, file_name=file_of(d)) if d.uuid in own else d for d in target.disks)
    site.vms["mt-win"] = replace(target, disks=kept)
    until = "2027-01-01T00:00:00Z"
    waived = {"check": "StorageLayoutUnchanged", "machine": MACHINE, "reason": "known", "by": "dba", "until": until}
    change_plan(site, stage="FailedBack", waivers=[waived])
    site.round()
    site.finish_jobs(state=JobState.FAILED if is_stuck else JobState.SUCCEEDED, description="Failed" if is_stuck else "Completed")
    if is_stuck:
        site.items[MACHINE] = replace(
            site.items[MACHINE],
            protection_state="UnplannedFailoverTransitionStatesBegin",
            allowed_operations=frozenset({"DisableProtection"}),
        )
    site.vms["mt-win"] = replace(site.vms["mt-win"], disks=kept)
    site.vms[MACHINE] = replace(site.vms[MACHINE], power_state=PowerState.OFF, boot_time=None)
    site.azure_vms[MACHINE] = replace(site.azure_vms[MACHINE], power_state="deallocated")
    site.tick()
    site.round(perform=False)
    return site


def in_third_vm(disk: Disk) -> Any:
    """A VM that has the disk, too."""
    return b.vm("strange", disks=(disk,), moref=Moref("vm-strange"), instance_uuid=uuid_of("strange"))

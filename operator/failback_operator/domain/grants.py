"""Privileges in vCenter: which a remediation needs on what, and which an account lacks.

Source of the ids: vSphere Web Services API, privileges required by each method; the vendor's role for the configuration server.
"""

from dataclasses import dataclass
from enum import StrEnum

from failback_operator.domain.ids import Moref


class Mended(StrEnum):
    """What a remediation of a master target changes: its VM, the datastore of a new disk, its disks' pods, its cluster."""

    VM = "VM"
    DATASTORE = "datastore"
    POD = "datastore cluster"
    CLUSTER = "cluster"


Needs = tuple[tuple[Mended, tuple[str, ...]], ...]

POWER_CYCLE_NEEDS: Needs = ((Mended.VM, ("VirtualMachine.Interact.PowerOn", "VirtualMachine.Interact.PowerOff")),)

REMEDIATION_NEEDS: dict[str, Needs] = {
    "remove_snapshots": ((Mended.VM, ("VirtualMachine.State.RemoveSnapshot",)),),
    "enable_disk_uuid": ((Mended.VM, ("VirtualMachine.Config.AdvancedConfig",)),),
    "exclude_from_storage_drs": ((Mended.POD, ("StoragePod.Config",)),),
    "exclude_from_drs": ((Mended.CLUSTER, ("Host.Inventory.EditCluster",)),),
    "replace_controllers": ((Mended.VM, ("VirtualMachine.Config.AddRemoveDevice", "VirtualMachine.Config.EditDevice")),),
    "make_from_template": (),  # asked of no VM: there is none yet
    "add_retention_disk": (
        (Mended.VM, ("VirtualMachine.Config.AddNewDisk",)),
        (Mended.DATASTORE, ("Datastore.AllocateSpace",)),
    ),
}
"""Field of MasterTarget.spec.remediation → what it needs."""

REATTACH_NEEDS = ("VirtualMachine.Config.AddExistingDisk", "VirtualMachine.Config.RemoveDisk", "VirtualMachine.Interact.PowerOn")
"""What a machine's VM needs of the operator's account for spec.reattach of its plan."""
DETACH_NEEDS = ("VirtualMachine.Config.RemoveDisk",)
"""What the master target's VM needs then."""
DELETION_NEEDS = ("VirtualMachine.Inventory.Delete",)
"""What a machine's VM needs for spec.deletions. vCenter asks for it on the VM's folder as well, which is not asked about."""

MENDING_PRIVILEGES = tuple(
    sorted(
        {each for needs in (POWER_CYCLE_NEEDS, *REMEDIATION_NEEDS.values()) for _, ids in needs for each in ids}
        | {*REATTACH_NEEDS, *DETACH_NEEDS, *DELETION_NEEDS}
    )
)
"""All that any remediation needs: asked in one question, whichever are enabled."""

SERVER_PRIVILEGES = (
    "Datastore.AllocateSpace",
    "Datastore.Browse",
    "Datastore.DeleteFile",
    "Datastore.FileManagement",
    "Datastore.UpdateVirtualMachineFiles",
    "Network.Assign",
    "Resource.AssignVMToPool",
    "Resource.ColdMigrate",
    "Resource.HotMigrate",
    "Task.Create",
    "Task.Update",
    "VirtualMachine.Config.AddExistingDisk",
    "VirtualMachine.Config.AddNewDisk",
    "VirtualMachine.Config.AddRemoveDevice",
    "VirtualMachine.Config.AdvancedConfig",
    "VirtualMachine.Config.EditDevice",
    "VirtualMachine.Config.RemoveDisk",
    "VirtualMachine.Config.Settings",
    "VirtualMachine.Interact.AnswerQuestion",
    "VirtualMachine.Interact.DeviceConnection",
    "VirtualMachine.Interact.PowerOff",
    "VirtualMachine.Interact.PowerOn",
    "VirtualMachine.Interact.SetCDMedia",
    "VirtualMachine.Interact.SetFloppyMedia",
    "VirtualMachine.Interact.ToolsInstall",
    "VirtualMachine.Inventory.Create",
    "VirtualMachine.Inventory.Register",
    "VirtualMachine.Inventory.Unregister",
    "VirtualMachine.Provisioning.GetVmFiles",
    "VirtualMachine.Provisioning.PutVmFiles",
    "VirtualMachine.State.RemoveSnapshot",
)
"""What the configuration server's account needs on the datacenter, propagated.

Source: the vendor's role Azure_Site_Recovery. Its words as vSphere's ids are known by memory, so they are a setting.
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What an account lacks on one object, of what was asked about."""

    entity: Moref
    name: str
    lacking: frozenset[str]


@dataclass(frozen=True, slots=True)
class Grants:
    """What an account holds, object by object. `unread`: why it could not be asked."""

    account: str
    held: tuple[Held, ...] = ()
    unread: str | None = None

    def of(self, entity: Moref) -> Held | None:
        """What was found on that object; None where it was not asked about."""
        return next((each for each in self.held if each.entity == entity), None)

"""MasterTarget: the VM on the site that receives failback data."""

from typing import Literal

from pydantic import Field

from failback_operator.api.common import LEDGER_FIELD, ApiModel, LedgerEntry, LocalRef, Resource, StatusBase, Text, Time

Policy = Literal["Manual", "Automatic"]


class RetentionDisk(ApiModel):
    """A disk to be added for the retention volume. To format and mount it stays a person's."""

    policy: Policy = Field(default="Manual", description="Add it while no retention volume is listed and no disk waits for one.")
    datastore: Text = Field(description="Name of the datastore that it is made on.")
    size_gib: int = Field(description="Its size in GiB.", ge=1, le=63488)


class Template(ApiModel):
    """From what, and where, the master target's VM is made where there is none."""

    name: Text = Field(description="Name of the VM template in vCenter; its controllers are those that the master target gets.")
    cluster: Text = Field(description="Cluster in which it is to run, in its root resource pool or in resourcePool.")
    resource_pool: Text | None = Field(default=None, description="Name of a resource pool of that cluster.")
    host: Text | None = Field(
        default=None, description="Name of a host of that cluster; default: the first by name that has the datastore and is fit."
    )
    folder: Text | None = Field(default=None, description="Name of the VM folder; default: that of the template.")
    datastore: Text = Field(description="Name of the datastore for its disks.")
    cpus: int | None = Field(default=None, description="Number of virtual CPUs; default: the template's.", ge=1, le=128)
    memory_mib: int | None = Field(default=None, description="Memory in MiB; default: the template's.", ge=1024, le=4194304)


class Remediation(ApiModel):
    """Which fixes the operator makes itself. Each is shown before it is done."""

    remove_snapshots: Policy = Field(default="Manual", description="Remove the master target's snapshots (R8).")
    enable_disk_uuid: Policy = Field(default="Manual", description="Set disk.EnableUUID (R19).")
    exclude_from_storage_drs: Policy = Field(
        default="Manual", description="Exclude it from Storage DRS of each datastore cluster that holds one of its disks (R15)."
    )
    exclude_from_drs: Policy = Field(default="Manual", description="Exclude it from DRS of its cluster (R15).")
    replace_controllers: Policy = Field(
        default="Manual",
        description="Replace paravirtual SCSI controllers by LSI Logic (R9); needs spec.allowPowerCycle, and for a controller "
        "with the boot disk spec.allowBootDiskMove.",
    )
    make_from_template: Policy = Field(
        default="Manual", description="Make its VM from spec.template where no VM of its name exists (R14)."
    )
    add_retention_disk: RetentionDisk | None = Field(default=None, description="Add a disk for the retention volume (R16).")


class MasterTargetSpec(ApiModel):
    """What is wanted of a master target."""

    site_ref: LocalRef = Field(description="The RecoverySite.")
    server_name: Text = Field(description="Name under which Site Recovery lists the master target.")
    vm_name: Text | None = Field(default=None, description="Its VM in vCenter; default: found by address, then by name.")
    template: Template | None = Field(default=None, description="Template from which its VM may be made (R14).")
    retention_volume: Text | None = Field(
        default=None, description="Retention volume as Site Recovery lists it; default: R on Windows, /mnt/retention on Linux."
    )
    max_disks: int = Field(default=60, description="Most disks that may be attached, its own included.", ge=1, le=60)
    remediation: Remediation = Field(
        default_factory=Remediation, description="Fixes that the operator may make.", json_schema_extra={"default": {}}
    )
    allow_power_cycle: bool = Field(
        default=False, description="The operator may shut it down and power it on again, while it holds no protected disk."
    )
    allow_hard_power_off: bool = Field(
        default=False,
        description="With allowPowerCycle: it may be switched off hard where its guest does not shut down or has no Tools.",
    )
    allow_configuration_server_restart: bool = Field(
        default=False, description="The same where the VM is the configuration server; every machine of the site is affected."
    )
    allow_boot_disk_move: bool = Field(
        default=False,
        description="It may put the boot disk on an LSI Logic controller, too; a guest without the driver boots no more.",
    )
    retries: list[Text] = Field(
        default_factory=list,
        description="Keys of failed entries of status.ledger after which the operator tries that fix again.",
        max_length=50,
    )
    cordon: bool = Field(default=False, description="Assign no further machine to it.")


class DiskCounts(ApiModel):
    """Where the disk slots are; each disk is in exactly one of own, attached, orphaned, reserved."""

    own: int = Field(description="Disks of the master target itself.", ge=0)
    attached: int = Field(description="Protected disks attached to it.", ge=0)
    orphaned: int = Field(description="Protected disks whose machine no longer runs there.", ge=0)
    reserved: int = Field(description="Assigned and not yet attached.", ge=0)
    limit: int = Field(description="The lesser of maxDisks, 60 and the SCSI slots that could be.", ge=0)
    free: int = Field(description="Limit less all of these; 0 at least.", ge=0)


class MasterTargetStatus(StatusBase):
    """What is known of a master target."""

    operating_system: str | None = Field(default=None, description="As observed.", max_length=253)
    host: str | None = Field(default=None, description="ESXi host on which it runs.", max_length=253)
    datastores: list[str] = Field(
        default_factory=list, description="Datastores of its host that can take returning disks.", max_length=256
    )
    disks: DiskCounts | None = Field(default=None, description="Disk slots.")
    disk_uuid_enabled: bool | None = Field(
        default=None, description="Whether disk.EnableUUID was TRUE when it was last read; absent: never."
    )
    disk_uuid_set_at: Time | None = Field(
        default=None,
        description="When the operator set disk.EnableUUID, or first saw it TRUE after it was not; a power-on later than this "
        "is needed. Absent: no change waits for one.",
    )
    ledger: list[LedgerEntry] = Field(
        default_factory=list, description="Effects on the VM, newest last.", max_length=50, json_schema_extra=LEDGER_FIELD
    )


class MasterTarget(Resource[MasterTargetSpec, MasterTargetStatus]):
    """A master target."""

    status: MasterTargetStatus = Field(default_factory=MasterTargetStatus)

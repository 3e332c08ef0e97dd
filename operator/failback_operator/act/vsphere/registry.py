"""Which effects on VMs there are; one file each."""

from collections.abc import Mapping

from failback_operator.act.vsphere.controllers import ReplaceControllers
from failback_operator.act.vsphere.delete_vm import DeleteVm
from failback_operator.act.vsphere.disk_uuid import SetDiskUuid
from failback_operator.act.vsphere.effect import VmEffect
from failback_operator.act.vsphere.motion import ExcludeFromDrs, ExcludeFromStorageDrs
from failback_operator.act.vsphere.power import PowerCycle
from failback_operator.act.vsphere.power_on import PowerOn
from failback_operator.act.vsphere.reattach import ReattachDisks
from failback_operator.act.vsphere.retention_disk import AddRetentionDisk
from failback_operator.act.vsphere.snapshots import RemoveSnapshots
from failback_operator.act.vsphere.template import MakeFromTemplate
from failback_operator.domain.steps import EffectKind

EFFECTS: Mapping[EffectKind, VmEffect] = {
    EffectKind.REMOVE_SNAPSHOTS: RemoveSnapshots(),
    EffectKind.SET_DISK_UUID: SetDiskUuid(),
    EffectKind.POWER_CYCLE: PowerCycle(),
    EffectKind.EXCLUDE_FROM_STORAGE_DRS: ExcludeFromStorageDrs(),
    EffectKind.EXCLUDE_FROM_DRS: ExcludeFromDrs(),
    EffectKind.REPLACE_CONTROLLERS: ReplaceControllers(),
    EffectKind.ADD_RETENTION_DISK: AddRetentionDisk(),
    EffectKind.MAKE_FROM_TEMPLATE: MakeFromTemplate(),
    EffectKind.REATTACH_DISKS: ReattachDisks(),
    EffectKind.POWER_ON: PowerOn(),
    EffectKind.DELETE_VM: DeleteVm(),
}

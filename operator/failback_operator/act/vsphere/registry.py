"""Which effects on VMs there are; one file each."""

from collections.abc import Mapping

from failback_operator.act.vsphere.disk_uuid import SetDiskUuid
from failback_operator.act.vsphere.effect import VmEffect
from failback_operator.act.vsphere.power import PowerCycle
from failback_operator.act.vsphere.snapshots import RemoveSnapshots
from failback_operator.domain.steps import EffectKind

EFFECTS: Mapping[EffectKind, VmEffect] = {
    EffectKind.REMOVE_SNAPSHOTS: RemoveSnapshots(),
    EffectKind.SET_DISK_UUID: SetDiskUuid(),
    EffectKind.POWER_CYCLE: PowerCycle(),
}

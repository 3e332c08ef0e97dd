"""Effects on VMs in vCenter: the first call of each, and what follows until the VM is where it was to be."""

from failback_operator.act.vsphere.commands import Vcenter, VcenterOf
from failback_operator.act.vsphere.effect import Progress
from failback_operator.act.vsphere.follow import MachineFollower
from failback_operator.act.vsphere.transport import VsphereTransport

__all__ = ["MachineFollower", "Progress", "Vcenter", "VcenterOf", "VsphereTransport"]

"""Sends the effects on VMs to vCenter: one call each, after a last look whether the VM is the one meant."""

from dataclasses import dataclass

from failback_operator.act.vsphere.commands import Order, Vcenter, VcenterOf, not_the_one_meant, perform
from failback_operator.act.vsphere.effect import Scene
from failback_operator.act.vsphere.registry import EFFECTS
from failback_operator.domain.mending import subject_in
from failback_operator.domain.ports import Refused, SendResult
from failback_operator.domain.reading import SourceFailed
from failback_operator.domain.steps import Effect, MachineCall


@dataclass(frozen=True, slots=True)
class VsphereTransport:
    """Transport of effects on VMs. What an effect needs beyond its first call is MachineFollower's."""

    vcenters: VcenterOf

    async def send(self, effect: Effect) -> SendResult:
        """Make the call. Never raises for what the other side does; cancellation passes.

        Accepted's job is the task's id; `<command>/<detail>` where a task alone would not tell a later reader where it stands.
        """
        call = effect.call
        if not isinstance(call, MachineCall) or effect.kind not in EFFECTS:
            raise TypeError(f"{effect.kind} is no effect on a VM")
        vcenter = self.vcenters(call.vcenter)
        if vcenter is None:
            return Refused(f"not sent: vCenter {call.vcenter} is not connected")
        try:
            first = await _first(vcenter, effect, call)
        except SourceFailed as failure:
            return Refused(f"not sent: {failure.error.message}")
        return await perform(vcenter, first) if isinstance(first, Order) else first


async def _first(vcenter: Vcenter, effect: Effect, call: MachineCall) -> Order | SendResult:
    machine = await vcenter.machine(call.machine)
    wrong = not_the_one_meant(machine, call)
    if machine is None or wrong is not None:
        return Refused(f"not sent: {wrong}")
    return await EFFECTS[effect.kind].first(Scene(vcenter, machine, call, subject_in(effect.key)))

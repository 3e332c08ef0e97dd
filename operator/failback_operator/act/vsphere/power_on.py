"""A VM is switched on."""

from failback_operator.act.vsphere.commands import Order
from failback_operator.act.vsphere.effect import Look, Progress, Scene, judged
from failback_operator.act.vsphere.power import power_on
from failback_operator.domain.ports import Accepted, Refused, SendResult
from failback_operator.domain.vsphere import PowerState


class PowerOn:
    """Source: vSphere API, VirtualMachine.PowerOnVM_Task; one that runs refuses a second (InvalidPowerState)."""

    async def first(self, scene: Scene) -> Order | SendResult:
        """Switch it on, unless it is."""
        match scene.machine.power_state:
            case PowerState.ON:
                return Accepted(None)
            case PowerState.OFF:
                return power_on(scene.machine)
            case _:
                return Refused(f"not sent: VM {scene.machine.name} is neither on nor off")

    async def next(self, look: Look) -> Order | Progress:
        """Done when it is on."""
        state = look.machine.power_state
        reached = None if state is None else state is PowerState.ON
        return judged(look, reached=reached, otherwise=f"VM {look.machine.name} was not switched on")

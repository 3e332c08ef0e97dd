"""The master target is known to Site Recovery and to vCenter, and its VM runs with VMware Tools."""

from failback_operator.checks.answers import Answer, every, failed, heartbeat, listed, passed, unknown
from failback_operator.checks.contexts import LocatedVm, TargetContext
from failback_operator.checks.define import BEFORE_FAILBACK, BEFORE_REPROTECT, About
from failback_operator.checks.master_target.base import no_server, no_vm, of_vm, target_check, unread
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import Host, PowerState


@target_check(
    About(
        id="MasterTargetRegistered",
        clause="R6",
        condition="Registered",
        expected="Site Recovery lists the master target, and its heartbeats arrive",
        remedy="Register the master target with the configuration server and start its services, or correct spec.serverName.",
        source="Fabric.customDetails.masterTargetServers[].{name, lastHeartbeat}; heartbeat limit as for process servers",
        steps=BEFORE_FAILBACK,
        fixes=frozenset({EffectKind.REFRESH_PROVIDER}),
    )
)
def master_target_registered(context: TargetContext) -> Answer:
    """Listed under spec.serverName, with a heartbeat within the limit."""
    if context.server is not None:
        return heartbeat(context.server.name, context.server.last_heartbeat, context.site.now, context.site.limits.heartbeat)
    if context.site.vault is None:
        return unknown(no_server(context))
    known = listed(s.name for s in context.site.vault.fabric.master_targets) or "none"
    return failed(f"{no_server(context)}; it lists: {known}")


@target_check(
    About(
        id="MasterTargetVMFound",
        clause="R6",
        condition="VMFound",
        expected="exactly one VM in vCenter is the master target; it is connected and on, and its host is connected and not "
        "in maintenance",
        remedy="Give spec.vmName, or start the VM in the vSphere client.",
        source="vSphere runtime.connectionState, runtime.powerState; HostSystem.runtime.{connectionState, inMaintenanceMode}",
        steps=BEFORE_FAILBACK,
        also=("R14",),
        fixes=frozenset({EffectKind.MAKE_FROM_TEMPLATE}),
    )
)
def master_target_vm_found(context: TargetContext) -> Answer:
    """One VM, connected and on."""
    if context.vm is None:
        is_certain = bool(context.vms) or context.site.vsphere_is_complete
        return failed(no_vm(context)) if is_certain else unknown(no_vm(context))
    vm = context.vm.vm
    return every((_connection(vm.name, vm.connection_state), _power(context.vm), _host(context.vm.host)))


def _connection(name: str, state: str | None) -> Answer:
    if state is None:
        return unknown(f"VM {name}: its connection state could not be read")
    return passed(f"VM {name} is connected") if state == "connected" else failed(f"VM {name} is {state}")


def _power(located: LocatedVm) -> Answer:
    vm = located.vm
    if vm.power_state is None:
        return unknown(f"VM {vm.name}: its power state could not be read")
    return passed(f"VM {vm.name} is on") if vm.power_state is PowerState.ON else failed(f"VM {vm.name} is {vm.power_state.value}")


def _host(host: Host | None) -> Answer:
    if host is None or host.connection_state is None:
        return unknown("its host could not be read")
    if host.connection_state != "connected":
        return failed(f"host {host.name} is {host.connection_state}", f"Reconnect host {host.name} in the vSphere client.")
    if host.is_in_maintenance is None:
        return unknown(f"whether host {host.name} is in maintenance mode could not be read")
    if host.is_in_maintenance:
        return failed(f"host {host.name} is in maintenance mode", f"Let host {host.name} exit maintenance mode.")
    return passed(f"host {host.name} is connected")


NO_TOOLS = {
    "guestToolsNotInstalled": "VMware Tools are not installed",
    "guestToolsTooOld": "VMware Tools are too old",
    "guestToolsBlacklisted": "this version of VMware Tools has a known fault (blacklisted)",
}


@target_check(
    About(
        id="ToolsRunning",
        clause="R18",
        condition="DatastoresReachable",
        expected="VMware Tools or open-vm-tools run on the master target",
        remedy="Install or start VMware Tools (open-vm-tools) in the guest; without them the datastores of its host are not "
        "found.",
        source="vSphere guest.toolsRunningStatus, guest.toolsVersionStatus2 (guestToolsUnmanaged = open-vm-tools)",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
    )
)
@of_vm
def tools_running(context: TargetContext, located: LocatedVm) -> Answer:  # noqa: ARG001 - the form of all checks of a VM
    """Running and of a usable version; a VM that is off tells nothing."""
    vm = located.vm
    hidden = unread(vm, "guest", "power_state")
    if hidden is not None:
        return hidden
    if vm.guest.tools_version_status in NO_TOOLS:
        return failed(f"VM {vm.name}: {NO_TOOLS[vm.guest.tools_version_status]}")
    status = vm.guest.tools_running_status
    if status == "guestToolsRunning":
        return passed(f"VM {vm.name}: tools run")
    if vm.power_state is not PowerState.ON:
        return unknown(f"VM {vm.name} is not on, so its tools tell nothing", f"Start VM {vm.name}.")
    if status == "guestToolsNotRunning":
        return failed(f"VM {vm.name}: tools do not run")
    return unknown(f"VM {vm.name}: tools report {status or 'nothing'}")

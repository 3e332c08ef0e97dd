"""The catalogue of master targets' checks, and how a check comes to the target's VM or server."""

from collections.abc import Callable

from failback_operator.checks.answers import Answer, listed, unknown
from failback_operator.checks.catalogue import Catalogue
from failback_operator.checks.contexts import LocatedVm, TargetContext
from failback_operator.checks.define import About, register
from failback_operator.domain.fabric import MasterTargetServer
from failback_operator.domain.vsphere import VirtualMachine

TARGET_CHECKS: Catalogue[TargetContext] = Catalogue()

Ask = Callable[[TargetContext], Answer]


def target_check(about: About) -> Callable[[Ask], Ask]:
    """Register the decorated function as a check of master targets."""

    def decorate(ask: Ask) -> Ask:
        register(TARGET_CHECKS, about, ask)
        return ask

    return decorate


def of_vm(ask: Callable[[TargetContext, LocatedVm], Answer]) -> Ask:
    """Ask only where exactly one VM is found; Unknown elsewhere (MasterTargetVMFound tells the rest)."""

    def guarded(context: TargetContext) -> Answer:
        return ask(context, context.vm) if context.vm is not None else unknown(no_vm(context))

    return guarded


def of_server(ask: Callable[[TargetContext, MasterTargetServer], Answer]) -> Ask:
    """Ask only where Site Recovery lists the server; Unknown elsewhere (MasterTargetRegistered tells the rest)."""

    def guarded(context: TargetContext) -> Answer:
        return ask(context, context.server) if context.server is not None else unknown(no_server(context))

    return guarded


def no_vm(context: TargetContext) -> str:
    """Why there is no VM to judge."""
    if context.vms:
        return f"several VMs match: {listed(v.vm.name for v in context.vms)}"
    return "no VM is found" if context.site.vsphere_is_complete else context.site.vsphere_gap


def no_server(context: TargetContext) -> str:
    """Why there is no server to judge."""
    if context.site.vault is None:
        return "the vault could not be read lately"
    return f"Site Recovery lists no master target {context.target.spec.server_name}"


def unread(vm: VirtualMachine, *fields: str) -> Answer | None:
    """Unknown where one of `fields` of the VM could not be read, else None."""
    missing = vm.unread & set(fields)
    return unknown(f"VM {vm.name}: vCenter did not let {listed(missing)} be read") if missing else None

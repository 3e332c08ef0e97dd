"""Which VM a master target is."""

from failback_operator.api.v1alpha1 import MasterTarget
from failback_operator.checks.contexts import LocatedVm
from failback_operator.decide.index import SiteIndex
from failback_operator.domain.fabric import Fabric, MasterTargetServer


def target_server(target: MasterTarget, fabric: Fabric | None) -> MasterTargetServer | None:
    """The server of that name, as Site Recovery lists it."""
    wanted = target.spec.server_name.casefold()
    return next((s for s in fabric.master_targets if s.name.casefold() == wanted), None) if fabric else None


def target_vms(target: MasterTarget, server: MasterTargetServer | None, index: SiteIndex) -> tuple[LocatedVm, ...]:
    """The VMs that match it: by the name that its spec gives, else by its server's address, else by its server's name."""
    if target.spec.vm_name is not None:
        return index.vms.by_name.get(target.spec.vm_name, ())
    by_ip = index.vms.by_ip.get(server.ip_address, ()) if server and server.ip_address else ()
    return by_ip or index.vms.by_name.get(target.spec.server_name, ())


def vm_of_target(name: str | None, index: SiteIndex) -> LocatedVm | None:
    """The VM of the MasterTarget of that name, if exactly one matches."""
    target = next((t for t in index.site.view.targets if t.name == name), None)
    if target is None:
        return None
    server = target_server(target, index.site.vault.fabric if index.site.vault else None)
    found = target_vms(target, server, index)
    return found[0] if len(found) == 1 else None

"""The on-premises VM of a machine is deleted before reprotect, where a person named its instance UUID. R22.

Safety rules 5 and 10: only that VM, while it is off and untouched since the failover, and nothing but its being there blocks the
reprotect that makes a new one.
"""

from collections.abc import Iterator
from dataclasses import replace

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.api.v1alpha1.failback_plan import Stage
from failback_operator.checks.answers import listed
from failback_operator.checks.contexts import LocatedVm
from failback_operator.checks.machine.deletion import contents, deletion_of
from failback_operator.checks.machine.returning import is_namesake
from failback_operator.decide.fixes.base import Fix
from failback_operator.decide.judgement import blockers
from failback_operator.decide.phase import trouble_of
from failback_operator.decide.requests.base import Asked
from failback_operator.decide.waiting import no_room
from failback_operator.domain.steps import EffectKind, MachineCall, Step
from failback_operator.domain.vsphere import PowerState

CHECK = "RequestedDeletionDone"
CURED = frozenset({CHECK, "OriginalVMGone", "NameInTheWay"})
"""Checks of a machine that fail because the VM is there."""
FIELDS = frozenset({"disks", "power_state", "is_template", "instance_uuid", "snapshots", "config_file"})


def propose(asked: Asked) -> Iterator[Fix]:
    """The deletion of the VM that the request names."""
    request, vm = deletion_of(asked.context), asked.vm
    if request is None or vm is None or not asked.fails(CHECK):
        return
    uuid = (vm.vm.instance_uuid or "").casefold()
    text = f"Will be deleted by the operator, from disk: {contents(vm.vm)}."
    fix = Fix(EffectKind.DELETE_VM, CHECK, text, subject=uuid)
    if uuid != request.instance_uuid.casefold():
        return  # the check tells which UUID is which; no VM is deleted that is not named
    call = MachineCall(vm.vcenter, vm.vm.moref, vm.vm.instance_uuid, files=frozenset(disk.file_name for disk in vm.vm.disks))
    yield replace(fix, obstacle=_obstacle(asked, vm), call=call)


def _obstacle(asked: Asked, vm: LocatedVm) -> str | None:
    """Why it is not deleted now, weightiest first."""
    return _own_obstacle(asked, vm) or _group_obstacle(asked) or no_room(asked.machine, asked.around.assignments)


def _own_obstacle(asked: Asked, vm: LocatedVm) -> str | None:
    return (
        _not_that_one(asked, vm)
        or _not_as_it_should_be(vm)
        or _not_now(asked)
        or asked.forbidden(Stage.REPROTECTED)
        or _stopped(asked)
        or _blocked(asked, CURED)
    )


def _group_obstacle(asked: Asked) -> str | None:
    """Members are reprotected together: none may be stopped. One whose own VM may be deleted is stopped by that VM no more."""
    for member in asked.group():
        if not isinstance(member, Asked):
            return f"{member.context.name} of its group is not known well enough"
        vm, is_named = member.vm, _is_named(member)
        why = _own_obstacle(member, vm) if vm is not None and is_named else _member_obstacle(member)
        if why is not None:
            return f"{member.context.name} of its group: {why}"
    return None


def _member_obstacle(member: Asked) -> str | None:
    return _not_now(member) or member.forbidden(Stage.REPROTECTED) or _stopped(member) or _blocked(member, frozenset())


def _is_named(asked: Asked) -> bool:
    """Whether a request names the very VM of the machine."""
    request, vm = deletion_of(asked.context), asked.vm
    return request is not None and vm is not None and (vm.vm.instance_uuid or "").casefold() == request.instance_uuid.casefold()


def _stopped(asked: Asked) -> str | None:
    """A failure or a doubt after which a person has to say how it goes on."""
    trouble = trouble_of(asked.found, asked.spec, asked.context.name, asked.context.site.limits)
    return trouble.text if trouble is not None else None


def _not_that_one(asked: Asked, vm: LocatedVm) -> str | None:
    """VMs that are not to be deleted, whoever asks."""
    key, uuid = (vm.vcenter, vm.vm.moref), (vm.vm.instance_uuid or "").casefold()
    if any((v.vcenter, v.vm.moref) == key for target in asked.around.targets for v in target.vms):
        return f"VM {vm.vm.name} is a master target's"
    if _is_server(asked, vm):
        return f"VM {vm.vm.name} is a server of Site Recovery"
    if is_namesake(asked.context, asked.item):
        return f"VM {vm.vm.name} has none of the network cards that Site Recovery knows of the machine"
    others = {
        v.vm.name for d in vm.vm.disks for v in asked.context.disk_holders.get((d.uuid or "").casefold(), ()) if _key(v) != key
    }
    if others:
        return f"VM {listed(others)} has a disk of it, too"
    record = asked.context.record
    if record is not None and (record.vm_instance_uuid or "").casefold() == uuid:
        return (
            "its disks were recorded for a reprotect onto them: let the plan's machine object be made anew, or delete it by hand"
        )
    return None


def _key(located: LocatedVm) -> tuple[str, str]:
    return (located.vcenter, located.vm.moref)


def _is_server(asked: Asked, vm: LocatedVm) -> bool:
    """Configuration server, process servers and master targets: by name, host name and address, any sign is enough."""
    site, vault = asked.context.site.view.site.spec.configuration_server, asked.context.site.vault
    names, addresses = {site.vm_name or ""}, set(site.ip_addresses)
    for fabric in (vault.fabric,) if vault is not None else ():
        found, listed_servers = fabric.configuration_server, fabric.master_targets + fabric.process_servers
        names |= {*(s.name for s in listed_servers), (found.host_name if found else None) or ""}
        addresses |= {*(s.ip_address or "" for s in listed_servers), (found.ip_address if found else None) or ""}
    known = {name.casefold() for name in names} - {""}
    own = {vm.vm.name.casefold(), (vm.vm.guest.host_name or "").casefold()}
    return bool(own & known) or bool(set(vm.vm.guest.ip_addresses) & (addresses - {""}))


def _not_as_it_should_be(vm: LocatedVm) -> str | None:
    if FIELDS & vm.vm.unread or vm.vm.power_state is None:
        return f"VM {vm.vm.name} could not be read as a whole"
    if vm.vm.power_state is not PowerState.OFF:
        return f"VM {vm.vm.name} is {vm.vm.power_state.value}"
    return f"VM {vm.vm.name} is a template" if vm.vm.is_template else None


def _not_now(asked: Asked) -> str | None:
    """Only between the committed failover and reprotect. An earlier try of a reprotect may have been taken."""
    is_open = any(
        e.outcome not in {EffectOutcome.REFUSED, EffectOutcome.NOT_SENT} for e in asked.found.entries(EffectKind.REPROTECT)
    )
    if asked.context.phase is not Phase.FAILED_OVER or is_open:
        return "a VM is deleted between failover and reprotect only"
    is_allowed = asked.found.architecture.allows(asked.item, EffectKind.REPROTECT)
    return None if is_allowed else "Site Recovery does not allow reprotect yet: the failover is committed first"


def _blocked(asked: Asked, cured: frozenset[str]) -> str | None:
    """All that stops the reprotect must pass or be waived before what cannot be undone: a start since the failover as well."""
    left = {b.verdict.check_id for b in blockers(asked.around.judgement, asked.machine, Step.REPROTECT)} - cured
    return f"reprotect is blocked by {listed(left)}" if left else None

"""What a master target is taken for: its version against its servers', its UUIDs against those of the machines."""

import re
from itertools import zip_longest

from failback_operator.checks.answers import Answer, every, failed, listed, passed, unknown
from failback_operator.checks.contexts import LocatedVm, TargetContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.master_target.base import of_server, of_vm, target_check, unread
from failback_operator.domain.fabric import Fabric, MasterTargetServer
from failback_operator.domain.vsphere import VirtualMachine

DOTTED = re.compile(r"\d+(\.\d+)*")


@target_check(
    About(
        id="MasterTargetVersion",
        clause="R6",
        condition="Registered",
        expected="the agent of the master target is not later than the configuration server's and the process servers'",
        remedy="Update the configuration server first, then the process servers, then master targets and agents; or install on "
        "the master target the version of the configuration server.",
        source="Vendor's troubleshooting of reprotect: replication fails where the master target is newer than process server or "
        "configuration server; agentVersion of each",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
    )
)
@of_server
def master_target_version(context: TargetContext, server: MasterTargetServer) -> Answer:
    """Dotted numbers, compared part by part; with each process server that the site names, else with all of the fabric."""
    own = dotted(server.agent_version)
    if own is None or context.site.vault is None:
        return unknown(f"{server.name}: its version is {server.agent_version or 'not told'}, which is no dotted number")
    others = _servers(context, context.site.vault.fabric)
    return every(_compared(name, version, own, server.agent_version or "") for name, version in others)


def _servers(context: TargetContext, fabric: Fabric) -> list[tuple[str, str | None]]:
    main = fabric.configuration_server
    named = {each.spec.server_name.casefold() for each in context.site.view.servers}
    known = [s for s in fabric.process_servers if s.name.casefold() in named] or fabric.process_servers
    found = [(f"configuration server {main.host_name or ''}".strip(), main.agent_version)] if main is not None else []
    return [*found, *((f"process server {s.name}", s.agent_version) for s in known)] or [("configuration server", None)]


def _compared(name: str, version: str | None, own: tuple[int, ...], own_text: str) -> Answer:
    other = dotted(version)
    if other is None:
        return unknown(f"{name}: its version is {version or 'not told'}")
    if _is_later(own, other):
        return failed(f"version {own_text} is later than {version} of {name}")
    return passed(f"version {own_text} is not later than that of {name}")


def dotted(version: str | None) -> tuple[int, ...] | None:
    """`9.62.0.0` as numbers; None for anything else."""
    text = (version or "").strip()
    return tuple(int(part) for part in text.split(".")) if DOTTED.fullmatch(text) else None


def _is_later(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    pairs = zip_longest(one, other, fillvalue=0)
    return next((a > b for a, b in pairs if a != b), False)


@target_check(
    About(
        id="TargetUuidsDistinct",
        clause="R19",
        condition="VMFound",
        expected="no other VM of the site has the master target's BIOS UUID or the UUID of one of its disks",
        remedy="The VMs were copied from one template, or one from the other: make the master target anew from its own "
        "installation, or give it a new BIOS UUID and new disk UUIDs while it is off and registers anew.",
        source="Vendor's troubleshooting of reprotect: it fails where master target and machine come from one template; vSphere "
        "config.uuid, VirtualDisk.backing.uuid",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
        also=("R6",),
    )
)
@of_vm
def target_uuids_distinct(context: TargetContext, located: LocatedVm) -> Answer:
    """No VM shares one. A machine's disks that are attached to the target are the same disks, and no copies."""
    vm = located.vm
    hidden = unread(vm, "bios_uuid", "disks")
    if hidden is not None:
        return hidden
    told = [text for twin in context.twins for text in _shared(vm, twin.vm)]
    if told:
        return failed(f"VM {vm.name}: {listed(told)}")
    if not context.site.vsphere_is_complete:
        return unknown("not every vCenter could be read lately")
    return passed(f"VM {vm.name}: no other VM has its UUIDs")


def _shared(vm: VirtualMachine, twin: VirtualMachine) -> list[str]:
    found = [f"BIOS UUID like VM {twin.name}"] if vm.bios_uuid and vm.bios_uuid == twin.bios_uuid else []
    files = {disk.uuid.casefold(): disk.file_name for disk in twin.disks if disk.uuid}
    found += [
        f"UUID of {disk.label} like a disk of VM {twin.name}"
        for disk in vm.disks
        if disk.uuid and files.get(disk.uuid.casefold(), disk.file_name) != disk.file_name
    ]
    return found

"""Which VMs a site is about, and where they are in vCenter."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from failback_operator.domain.ids import Moref
from failback_operator.domain.vsphere import VirtualMachine
from failback_operator.observe.vsphere.connection import Connection
from failback_operator.observe.vsphere.retrieve import Row, Selection, moref_of, retrieve

NAME = "name"
HOST_NAME = "guest.hostName"
INSTANCE_UUID = "config.instanceUuid"
BIOS_UUID = "config.uuid"


@dataclass(frozen=True, slots=True)
class Interest:
    """VMs by instance or BIOS UUID, by address, and by name (in vCenter, or the guest's own). Any number of each may be absent.

    `ips` are primary addresses as VMware Tools report them (`guest.ipAddress`), or full DNS names (`guest.hostName`).
    Every VM that matches is read: two with one UUID are clones, which is a finding of its own.

    `mended` are names and addresses of those VMs of interest that the operator may change: its privileges on them are read.
    `account` is another account, that of the configuration server, whose privileges are read.
    `departed` are UUIDs and names of those VMs of interest whose machines run in Azure: their starts are read.
    `watched` are UUIDs, names and addresses of those VMs of interest with which machines are on their way home: their events
    since `watched_since` are read (None: all that vCenter has).
    """

    uuids: frozenset[str] = frozenset()
    ips: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    mended: frozenset[str] = frozenset()
    account: str | None = None
    departed: frozenset[str] = frozenset()
    watched: frozenset[str] = frozenset()
    watched_since: datetime | None = None


def find(connection: Connection, interest: Interest) -> frozenset[Moref]:
    """The VMs of interest, templates included; where all are listed, their clones by BIOS UUID. Raises what vCenter raises."""
    addressed = _addressed(connection, interest.ips)
    by_list = bool(interest.names) or len(interest.uuids) > connection.settings.searched_one_by_one
    if not by_list:
        return _looked_up(connection, interest.uuids) | addressed
    rows = retrieve(connection, Selection("VirtualMachine", (NAME, HOST_NAME, INSTANCE_UUID, BIOS_UUID)))
    found = _listed(rows, interest) | addressed
    shared = {_uuid(row, BIOS_UUID) for row in rows if row.moref in found} - {""}
    return found | frozenset(row.moref for row in rows if _uuid(row, BIOS_UUID) in shared)


def _listed(rows: Iterable[Row], interest: Interest) -> frozenset[Moref]:
    """From one read of all VMs' names and UUIDs: for many VMs of interest it costs less than two searches for each of them."""
    uuids = {uuid.casefold() for uuid in interest.uuids}
    names = {name.casefold() for name in interest.names}
    return frozenset(
        row.moref
        for row in rows
        if NAME in row.unread  # it may be any of them
        or names & names_of(row.values.get(NAME), row.values.get(HOST_NAME))
        or uuids & {_uuid(row, path) for path in (INSTANCE_UUID, BIOS_UUID)}
    )


def _uuid(row: Row, path: str) -> str:
    return str(row.values.get(path) or "").casefold()


def names_of(name: str | None, host_name: str | None) -> set[str]:
    """By what a VM may be called: its name, its guest's host name, with and without the domain."""
    own = (name or "").casefold()
    full = (host_name or "").casefold()
    return {each for each in (own, full, full.partition(".")[0]) if each}


def known_by(machine: VirtualMachine) -> set[str]:
    """By what a VM may be told: what it may be called, and its UUIDs."""
    uuids = {each.casefold() for each in (machine.instance_uuid, machine.bios_uuid) if each}
    return names_of(machine.name, machine.guest.host_name) | uuids


def _looked_up(connection: Connection, uuids: Iterable[str]) -> frozenset[Moref]:
    search = connection.content.searchIndex
    hits: list[Any] = []
    for uuid in sorted({uuid.casefold() for uuid in uuids}):  # as vCenter writes them
        for is_instance_uuid in (True, False):
            hits += search.FindAllByUuid(None, uuid, True, is_instance_uuid) or ()  # noqa: FBT003 - the vendor's signature
    return frozenset(moref_of(hit) for hit in hits)


def _addressed(connection: Connection, ips: Iterable[str]) -> frozenset[Moref]:
    search = connection.content.searchIndex
    hits: list[Any] = []
    for address in sorted(ips):
        by = search.FindAllByIp if _is_address(address) else search.FindAllByDnsName
        hits += by(None, address, True) or ()  # noqa: FBT003 - the vendor's signature
    return frozenset(moref_of(hit) for hit in hits)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

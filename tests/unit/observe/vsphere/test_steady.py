"""Numbers that move at rest: a tremble is not told, a real change is; and the memory in use, which is read apart."""

from dataclasses import replace

import pytest
from tests.unit import builders as a

from failback_operator.domain.ids import Moref
from failback_operator.domain.vsphere import Datastore, Host
from failback_operator.observe.vsphere.facts import FactsBuilder
from failback_operator.observe.vsphere.retrieve import Row
from failback_operator.observe.vsphere.steady import MIB, steadied, steady_datastore, steady_host

STORE = a.datastore(capacity_bytes=1000, free_bytes=400, uncommitted_bytes=200)
HOST = a.host(memory_bytes=1000 * MIB, used_memory_bytes=500 * MIB)


@pytest.mark.parametrize(
    ("new", "told", "whole", "tells"),
    [
        (400, 400, 1000, 400),
        (410, 400, 1000, 400),
        (390, 400, 1000, 400),
        (411, 400, 1000, 411),
        (389, 400, 1000, 389),
        (None, 400, 1000, None),
        (400, None, 1000, 400),
        (401, 400, None, 401),
        (1, 0, 0, 1),
    ],
)
def test_a_number_is_told_anew_once_it_has_moved_by_more_than_a_hundredth(new, told, whole, tells) -> None:
    assert steadied(new, told, whole) == tells


def test_a_trembling_number_never_moves_and_a_creeping_one_is_followed() -> None:
    told = STORE
    for step in range(200):
        told = steady_datastore(replace(STORE, free_bytes=400 + (step % 3) * 5), told)
    assert told == STORE
    for free in range(400, 300, -1):
        told = steady_datastore(replace(STORE, free_bytes=free), told)
        assert abs((told.free_bytes or 0) - free) <= 10


def test_a_datastore_of_another_size_is_told_as_it_is() -> None:
    grown = replace(STORE, capacity_bytes=2000, free_bytes=401)
    assert steady_datastore(grown, STORE) == grown
    assert steady_datastore(STORE, None) == STORE
    assert steady_datastore(replace(STORE, uncommitted_bytes=205, name="b"), STORE) == replace(STORE, name="b")


def test_a_host_keeps_what_was_told_of_its_memory() -> None:
    assert steady_host(HOST, 509, HOST).used_memory_bytes == 500 * MIB
    assert steady_host(HOST, 511, HOST).used_memory_bytes == 511 * MIB
    assert steady_host(HOST, None, HOST).used_memory_bytes is None
    assert steady_host(HOST, 1, None).used_memory_bytes == MIB


class Rows:
    """The latest rows of one host and one datastore."""

    def __init__(self, free: int) -> None:
        self.free = free

    def row(self, moref: Moref) -> Row | None:
        if moref.startswith("host"):
            return Row("HostSystem", moref, {"name": "esx-1", "summary.hardware.memorySize": 1000 * MIB}, {})
        values = {"name": "vmfs-1", "summary.capacity": 1000, "summary.freeSpace": self.free, "summary.maintenanceMode": "normal"}
        return Row("Datastore", moref, values, {})


def only(builder: FactsBuilder, free: int) -> tuple[Host, Datastore]:
    facts = builder.build(Rows(free), (a.HOST_1, a.VMFS))
    return facts.hosts[0], facts.datastores[0]


def test_facts_do_not_change_while_numbers_tremble() -> None:
    builder = FactsBuilder("uuid")
    builder.note_memory({a.HOST_1: 500})
    first = only(builder, 400)
    assert (first[0].used_memory_bytes, first[1].free_bytes, first[1].maintenance_mode) == (500 * MIB, 400, "normal")
    builder.note_memory({a.HOST_1: 505})
    assert only(builder, 405) == first
    builder.note_memory({a.HOST_1: 600})
    assert builder.build(Rows(405), ()).hosts[0].used_memory_bytes == 600 * MIB
    builder.note_memory({})
    host, store = only(builder, 500)
    assert (host.used_memory_bytes, store.free_bytes) == (None, 500)

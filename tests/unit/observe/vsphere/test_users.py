"""Which other VMs have a disk of one that is to be deleted: what may not be read is never taken for none."""

from types import SimpleNamespace
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from failback_operator.domain.ids import Moref
from failback_operator.domain.reading import SourceFailed, SourceProblem
from failback_operator.observe.vsphere import convert
from failback_operator.observe.vsphere.fresh import users

Collector = vmodl.query.PropertyCollector
OWN, CLONE, STORE = vim.VirtualMachine("vm-1"), vim.VirtualMachine("vm-2"), vim.Datastore("ds-1")


def disk(file: str, parent: str | None = None) -> Any:
    info = vim.vm.device.VirtualDisk.FlatVer2BackingInfo
    below = info(fileName=parent, diskMode="persistent") if parent else None
    return vim.vm.device.VirtualDisk(key=2000, backing=info(fileName=file, diskMode="persistent", parent=below))


ALL = {
    OWN: {"name": "app-1", "datastore": [STORE], convert.DEVICES: [disk("[d] a/a.vmdk")]},
    CLONE: {"name": "clone", convert.DEVICES: [disk("[d] c/c.vmdk", "[d] a/a.vmdk")]},
    STORE: {"name": "d", "vm": [OWN, CLONE]},
}


class Vcenter:
    """A property collector over these objects, of which some paths may not be read."""

    def __init__(self, denied: dict[Any, str], gone: frozenset[Any]) -> None:
        self._denied, self._gone = denied, gone
        self.collector = self
        self.content = self
        self.stub = None
        self.propertyCollector = self
        self.settings = SimpleNamespace(page_size=100)

    async def call(self, read: Any) -> Any:
        return read(self)

    def RetrievePropertiesEx(self, specSet: Any, options: Any) -> Any:  # noqa: N802, N803 - pyvmomi's names
        (spec,) = specSet
        (wanted,) = spec.propSet
        known = [self._known(each.obj) for each in spec.objectSet]
        gone = [each for each in known if each in self._gone]
        if gone:
            raise vmodl.fault.ManagedObjectNotFound(obj=gone[0])
        return SimpleNamespace(token=None, objects=[self._content(each, wanted.pathSet) for each in known])

    def _known(self, obj: Any) -> Any:
        return next(each for each in ALL if each._moId == obj._moId)

    def _content(self, known: Any, paths: list[str]) -> Any:
        denied = [p for p in paths if self._denied.get(known) == p]
        missing = [Collector.MissingProperty(path=p, fault=vim.fault.NoPermission()) for p in denied]
        values = [SimpleNamespace(name=p, val=v) for p, v in ALL[known].items() if p in paths and p not in denied]
        return SimpleNamespace(obj=known, propSet=values, missingSet=missing)


async def asked(denied: dict[Any, str] | None = None, gone: frozenset[Any] = frozenset()) -> tuple[str, ...]:
    return await users(Vcenter(denied or {}, gone), Moref("vm-1"))


async def test_a_linked_clone_is_found() -> None:
    assert await asked() == ("clone",)
    assert await asked(gone=frozenset({CLONE})) == ()


@pytest.mark.parametrize(
    ("denied", "gone", "said"),
    [
        ({STORE: "vm"}, frozenset(), "vm of Datastore d could not be read"),
        ({OWN: "datastore"}, frozenset(), "datastore of VirtualMachine app-1 could not be read"),
        ({CLONE: convert.DEVICES}, frozenset(), "the disks of VM clone could not be read"),
        ({}, frozenset({STORE}), "a datastore of VM app-1 could not be read"),
        ({}, frozenset({OWN}), "VM vm-1 could not be read"),
    ],
)
async def test_what_is_not_read_is_no_proof(denied: dict[Any, str], gone: frozenset[Any], said: str) -> None:
    with pytest.raises(SourceFailed) as failed:
        await asked(denied, gone)
    assert (failed.value.error.problem, failed.value.error.message) == (SourceProblem.INCOMPLETE, said)

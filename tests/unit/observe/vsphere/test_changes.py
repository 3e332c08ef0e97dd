"""The state that updates add up to: partial changes, unset values, faults, objects that go."""

from types import SimpleNamespace
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from failback_operator.domain.ids import Moref
from failback_operator.observe.vsphere.changes import ObjectStates

Collector = vmodl.query.PropertyCollector


def update(kind: str, changes: dict[str, Any] | None = None, missing: dict[str, Any] | None = None, moref: str = "vm-1") -> Any:
    change_set = [Collector.Change(name=name, op="assign", val=value) for name, value in (changes or {}).items()]
    missing_set = [Collector.MissingProperty(path=path, fault=fault) for path, fault in (missing or {}).items()]
    return Collector.ObjectUpdate(kind=kind, obj=vim.VirtualMachine(moref), changeSet=change_set, missingSet=missing_set)


def states(*updates: Any) -> ObjectStates:
    made = ObjectStates()
    made.apply(SimpleNamespace(filterSet=[SimpleNamespace(missingSet=None, objectSet=list(updates))]))
    return made


def values(made: ObjectStates) -> dict[str, Any]:
    row = made.row(Moref("vm-1"))
    assert row is not None
    return dict(row.values)


def test_a_change_touches_only_what_it_names() -> None:
    made = states(update("enter", {"name": "a", "guest.hostName": "h"}), update("modify", {"name": "b"}))
    assert values(made) == {"name": "b", "guest.hostName": "h"}


def test_what_becomes_unset_is_gone() -> None:
    assert values(states(update("enter", {"name": "a", "snapshot": "s"}), update("modify", {"snapshot": None}))) == {"name": "a"}
    removed = Collector.ObjectUpdate(
        kind="modify", obj=vim.VirtualMachine("vm-1"), changeSet=[Collector.Change(name="snapshot", op="indirectRemove")]
    )
    assert values(states(update("enter", {"name": "a", "snapshot": "s"}), removed)) == {"name": "a"}


def test_a_second_entry_replaces_the_first() -> None:
    assert values(states(update("enter", {"name": "a", "snapshot": "s"}), update("enter", {"name": "a"}))) == {"name": "a"}


def test_unread_and_read_again() -> None:
    denied = {"snapshot": vim.fault.NoPermission()}
    made = states(update("enter", {"name": "a", "snapshot": "s"}), update("modify", missing=denied))
    row = made.row(Moref("vm-1"))
    assert row is not None
    assert (dict(row.values), dict(row.unread)) == ({"name": "a"}, {"snapshot": "NoPermission"})
    made = states(update("enter", {"name": "a"}, denied), update("modify", {"snapshot": "s"}))
    row = made.row(Moref("vm-1"))
    assert row is not None
    assert (dict(row.values), dict(row.unread)) == ({"name": "a", "snapshot": "s"}, {})


def test_an_ended_session_is_raised_not_kept() -> None:
    with pytest.raises(vim.fault.NotAuthenticated):
        states(update("enter", missing={"name": vim.fault.NotAuthenticated()}))


def test_objects_that_go() -> None:
    assert states(update("enter", {"name": "a"}), update("leave")).row(Moref("vm-1")) is None
    made = states(update("enter", {"name": "a"}))
    gone = SimpleNamespace(obj=vim.VirtualMachine("vm-1"), fault=vmodl.fault.ManagedObjectNotFound())
    made.apply(SimpleNamespace(filterSet=[SimpleNamespace(missingSet=[gone], objectSet=None)]))
    assert made.row(Moref("vm-1")) is None


def test_an_object_that_may_not_be_seen_is_no_object_that_went() -> None:
    hidden = SimpleNamespace(obj=vim.VirtualMachine("vm-1"), fault=vim.fault.NoPermission())
    with pytest.raises(vim.fault.NoPermission):
        ObjectStates().apply(SimpleNamespace(filterSet=[SimpleNamespace(missingSet=[hidden], objectSet=None)]))

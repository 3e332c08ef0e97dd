"""Rows of properties as vCenter answers them, for the tests of their conversion."""

from typing import Any

from pyVmomi import vim

from failback_operator.domain.ids import Moref
from failback_operator.observe.vsphere.retrieve import Row

device = vim.vm.device


def flat(file_name: str = "[vmfs-1] app-1/app-1.vmdk", **changes: Any) -> Any:
    """Backing of an ordinary disk."""
    values = {
        "fileName": file_name,
        "datastore": vim.Datastore("datastore-1"),
        "uuid": "6000C29a-1",
        "diskMode": "persistent",
    } | changes
    return device.VirtualDisk.FlatVer2BackingInfo(**values)


def disk(key: int = 2000, backing: Any = None, **changes: Any) -> Any:
    """A disk of 1 GiB on unit 0 of controller 1000."""
    values = {
        "key": key,
        "controllerKey": 1000,
        "unitNumber": 0,
        "capacityInKB": 1048576,
        "capacityInBytes": 1073741824,
        "backing": backing or flat(),
        "deviceInfo": vim.Description(label="Hard disk 1", summary=""),
    }
    return device.VirtualDisk(**(values | changes))


def controller(kind: Any = device.VirtualLsiLogicSASController, key: int = 1000, bus: int = 0) -> Any:
    """A controller."""
    return kind(key=key, busNumber=bus)


def option(key: str, value: Any) -> Any:
    """An entry of extraConfig."""
    return vim.option.OptionValue(key=key, value=value)


def machine_row(unread: dict[str, str] | None = None, without: tuple[str, ...] = (), **changes: Any) -> Row:
    """A VM that is on. `changes` are by path with `__` for dots; `without` are paths that are not set."""
    values: dict[str, Any] = {
        "name": "app-1",
        "config.instanceUuid": "50000000-0000-0000-0000-000000000001",
        "config.uuid": "42000000-0000-0000-0000-000000000001",
        "config.hardware.device": [controller(), disk()],
        "config.extraConfig": [],
        "config.hardware.memoryMB": 4096,
        "runtime.powerState": vim.VirtualMachine.PowerState.poweredOn,
        "runtime.connectionState": vim.VirtualMachine.ConnectionState.connected,
        "runtime.host": vim.HostSystem("host-1"),
        "runtime.consolidationNeeded": False,
    }
    values |= {path.replace("__", "."): value for path, value in changes.items()}
    missing = unread or {}
    return Row(
        "VirtualMachine", Moref("vm-1"), {k: v for k, v in values.items() if k not in missing and k not in without}, missing
    )

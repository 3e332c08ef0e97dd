"""What the tests of the vCenter simulator share: they drive it with pyvmomi over TLS, as the operator does.

Each test names its source. "API" is the vSphere Web Services API reference
(https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/), whose words stand in govmomi's vim25/types as well.
"govmomi" is github.com/vmware/govmomi v0.53.0, named where the library alone behaves as told or otherwise. What is recalled and
was read nowhere is said to be so. lab/vcenter/README.md lists what the lab adds to the library.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

from failback_lab.vcenter import VCenter

DEADLINE = 15.0


class Session:
    """A pyvmomi session with the few things that every test needs."""

    def __init__(self, vcenter: VCenter, user: str | None = None, password: str | None = None) -> None:
        user = user or vcenter.username
        self.vcenter = vcenter
        self.si = SmartConnect(
            host=vcenter.host,
            port=vcenter.port,
            user=user,
            pwd=vcenter.passwords.get(user) if password is None else password,
            sslContext=ssl.create_default_context(cafile=str(vcenter.ca_pem)),
        )
        self.content = self.si.content

    def find(self, kind: type, name: str) -> Any:
        """The object of this kind and name. Raises StopIteration."""
        view = self.content.viewManager.CreateContainerView(self.content.rootFolder, [kind], True)
        try:
            return next(item for item in view.view if item.name == name)
        finally:
            view.Destroy()

    def vm(self, name: str) -> Any:
        """The machine of this name."""
        return self.find(vim.VirtualMachine, name)

    def run(self, task: Any) -> Any:
        """The result of a task; raises its fault."""
        deadline = time.monotonic() + DEADLINE
        while task.info.state not in {"success", "error"}:
            assert time.monotonic() < deadline, f"{task} still runs"
            time.sleep(0.02)
        if task.info.state == "error":
            raise task.info.error
        return task.info.result

    def read(self, item: Any, *paths: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Properties and missing properties (path → fault) of an object, through RetrievePropertiesEx."""
        collector = vmodl.query.PropertyCollector
        spec = collector.FilterSpec(
            propSet=[collector.PropertySpec(type=type(item), pathSet=list(paths))],
            objectSet=[collector.ObjectSpec(obj=item)],
        )
        content = self.content.propertyCollector.RetrievePropertiesEx([spec], collector.RetrieveOptions()).objects[0]
        return {p.name: p.val for p in content.propSet}, {m.path: m.fault for m in content.missingSet}

    def disks(self, vm: Any) -> list[Any]:
        """The machine's virtual disks by key."""
        disks = [d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk)]
        return sorted(disks, key=lambda disk: int(disk.key))

    def reconfigure(self, vm: Any, *changes: Any, **spec: Any) -> None:
        """Change devices or other settings of a machine and wait."""
        self.run(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=list(changes), **spec)))

    def events(self, vm: Any, *kinds: str) -> list[Any]:
        """The machine's events of these kinds, oldest first."""
        entity = vim.event.EventFilterSpec.ByEntity(entity=vm, recursion="self")
        found = self.content.eventManager.QueryEvents(vim.event.EventFilterSpec(entity=entity, eventTypeId=list(kinds)))
        return sorted(found, key=lambda event: int(event.key))


def device(operation: str, item: Any, file_operation: str | None = None) -> Any:
    """A change of one device."""
    return vim.vm.device.VirtualDeviceSpec(operation=operation, device=item, fileOperation=file_operation)


@pytest.fixture
def login() -> Iterator[Callable[..., Session]]:
    """Opens sessions: `login(vcenter, user=…, password=…)`; they end with the test if the simulator still runs."""
    with ExitStack() as stack:

        def open_session(vcenter: VCenter, user: str | None = None, password: str | None = None) -> Session:
            session = Session(vcenter, user, password)
            stack.callback(_close, session)
            return session

        yield open_session


def _close(session: Session) -> None:
    # The test may have ended the session or the simulator.
    with suppress(OSError, vmodl.MethodFault):
        Disconnect(session.si)


@pytest.fixture
def shared(vcenter: VCenter, login: Callable[..., Session]) -> Session:
    """A session with the vCenter that nobody changes."""
    return login(vcenter)


@pytest.fixture
def own(own_vcenter: VCenter, login: Callable[..., Session]) -> Session:
    """A session with a vCenter of the test's own."""
    return login(own_vcenter)


@pytest.fixture
def change() -> Callable[..., Any]:
    """Builds a change of one device: `change("add", disk, "create")`."""
    return device


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits until a condition holds."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, "not reached"
            time.sleep(0.05)

    return wait

"""The on-premises side in a vCenter, over pyvmomi with the configuration server's own account."""

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

from .config import VCenterAccess
from .onprem import DiskReading, MachineReading, NewMachine, OnPremisesError
from .vsphere_disks import attach_spec, create_spec, detach_spec, new_machine_spec
from .vsphere_reading import disk_readings, read_machine, read_properties

P = ParamSpec("P")
T = TypeVar("T")
Method: TypeAlias = "Callable[Concatenate[VSphereSite, P], T]"
TASK_SECONDS = 120
POLL_SECONDS = 0.05
MOST_FOLDERS = 10
CHANGE_PATHS = ("runtime.powerState", "runtime.consolidationNeeded", "snapshot", "config.hardware.device")
# What pyvmomi raises besides faults when the connection breaks or an answer cannot be parsed.
_BROKEN = (OSError, http.client.HTTPException, ssl.SSLError, KeyError, AttributeError, TypeError)


def _translated(method: "Method[P, T]") -> "Method[P, T]":
    """Log in again once when the session has ended, and raise OnPremisesError for everything else."""

    @wraps(method)
    def call(self: "VSphereSite", *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except vim.fault.NotAuthenticated:
            self.forget_session()
        except vmodl.MethodFault as error:
            raise _explained(error) from error
        except _BROKEN as error:
            self.forget_session()
            raise _explained(error) from error
        try:
            return method(self, *args, **kwargs)
        except (vmodl.MethodFault, *_BROKEN) as error:
            raise _explained(error) from error

    return call  # type: ignore[return-value]  # `self` has a name here and none in the alias


def _explained(error: Exception) -> OnPremisesError:
    text = getattr(error, "msg", None) or str(error)
    return OnPremisesError(f"{type(error).__name__}: {text}")


class VSphereSite:
    """Implements OnPremises. One session, shared by threads; a broken one is replaced at the next call."""

    def __init__(self, access: VCenterAccess) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._instance: Any = None

    def forget_session(self) -> None:
        """Log in anew at the next call."""
        with self._lock:
            self._instance = None

    def close(self) -> None:
        """Log out."""
        with self._lock:
            if self._instance is not None:
                with suppress(vmodl.MethodFault, *_BROKEN):  # vCenter may have ended first
                    Disconnect(self._instance)
            self._instance = None

    def _content(self) -> Any:
        with self._lock:
            if self._instance is None:
                access = self._access
                context = ssl.create_default_context(cafile=str(access.ca_pem))
                self._instance = SmartConnect(
                    host=access.host,
                    port=access.port,
                    user=access.username,
                    pwd=access.password,
                    sslContext=context,
                    httpConnectionTimeout=TASK_SECONDS,
                )
            return self._instance.content

    @_translated
    def read(self, bios_uuid: str) -> MachineReading | None:
        content = self._content()
        vm = self._find(content, bios_uuid)
        return None if vm is None else read_machine(content, vm)

    @_translated
    def power_off(self, bios_uuid: str) -> None:
        vm, values = self._get(bios_uuid)
        if values["runtime.powerState"] != "poweredOff":
            _wait(vm.PowerOffVM_Task())

    @_translated
    def power_on(self, bios_uuid: str) -> None:
        vm, values = self._get(bios_uuid)
        if values["runtime.powerState"] != "poweredOn":
            _wait(vm.PowerOnVM_Task())

    @_translated
    def remove_snapshots(self, bios_uuid: str) -> None:
        vm, values = self._get(bios_uuid)
        if values.get("snapshot") is not None:
            _wait(vm.RemoveAllSnapshots_Task(consolidate=True))
        if self._get(bios_uuid)[1].get("runtime.consolidationNeeded"):
            _wait(vm.ConsolidateVMDisks_Task())

    @_translated
    def attach(self, bios_uuid: str, disks: Iterable[Any]) -> None:
        vm, values = self._get(bios_uuid)
        _wait(vm.ReconfigVM_Task(attach_spec(values["config.hardware.device"], tuple(disks))))

    @_translated
    def detach(self, bios_uuid: str, files: tuple[str, ...]) -> None:
        vm, values = self._get(bios_uuid)
        _wait(vm.ReconfigVM_Task(detach_spec(values["config.hardware.device"], files)))

    @_translated
    def make_disks(self, bios_uuid: str, datastore: str, folder: str, sizes: tuple[int, ...]) -> tuple[DiskReading, ...]:
        vm, values = self._get(bios_uuid)
        directory = self._make_directory(datastore, folder)
        files = {f"{directory}/{folder}_{number}.vmdk": size for number, size in enumerate(sizes)}
        _wait(vm.ReconfigVM_Task(create_spec(values["config.hardware.device"], files)))
        found = {disk.file: disk for disk in disk_readings(self._get(bios_uuid)[1]["config.hardware.device"])}
        return tuple(found[file] for file in files)

    def _make_directory(self, datastore: str, folder: str) -> str:
        """A new directory; the one of an old VM that was taken out of vCenter may still be there."""
        content = self._content()
        names = (folder, *(f"{folder}_{number}" for number in range(1, MOST_FOLDERS)))
        for directory in (f"[{datastore}] {name}" for name in names):
            with suppress(vim.fault.FileAlreadyExists):
                content.fileManager.MakeDirectory(name=directory, datacenter=content.rootFolder.childEntity[0])
                return directory
        raise OnPremisesError(f"datastore {datastore} has {MOST_FOLDERS} folders {folder} already")

    @_translated
    def create(self, new: NewMachine) -> None:
        content = self._content()
        beside = self._find(content, new.beside)
        if beside is None:
            raise OnPremisesError(f"no virtual machine with BIOS UUID {new.beside}")
        host = read_properties(content, [beside], vim.VirtualMachine, ("runtime.host",))[beside]["runtime.host"]
        pool = host.parent.resourcePool
        folder = content.rootFolder.childEntity[0].vmFolder
        _wait(folder.CreateVM_Task(config=new_machine_spec(new), pool=pool, host=host))
        self.attach(new.bios_uuid, new.disks)

    def _find(self, content: Any, bios_uuid: str) -> Any:
        found = content.searchIndex.FindAllByUuid(datacenter=None, uuid=bios_uuid, vmSearch=True, instanceUuid=False)
        if len(found) > 1:
            raise OnPremisesError(f"{len(found)} virtual machines have BIOS UUID {bios_uuid}")
        return found[0] if found else None

    def _get(self, bios_uuid: str) -> tuple[Any, dict[str, Any]]:
        """A VM and what its changes depend on. An unset property read as an attribute would raise AttributeError."""
        content = self._content()
        vm = self._find(content, bios_uuid)
        if vm is None:
            raise OnPremisesError(f"no virtual machine with BIOS UUID {bios_uuid}")
        return vm, read_properties(content, [vm], vim.VirtualMachine, CHANGE_PATHS)[vm]


def _wait(task: Any) -> None:
    """Wait for a task. Raises its fault, or OnPremisesError when it takes too long."""
    deadline = time.monotonic() + TASK_SECONDS
    while task.info.state in (vim.TaskInfo.State.queued, vim.TaskInfo.State.running):
        if time.monotonic() > deadline:
            raise OnPremisesError(f"task {task.info.key} does not end")
        time.sleep(POLL_SECONDS)
    if task.info.state == vim.TaskInfo.State.error:
        raise task.info.error

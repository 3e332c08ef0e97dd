"""Both worlds of a site as a test changes them, and the objects that people wrote."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.azure_adapter.sites import endpoint_of as azure_endpoint
from tests.integration.vsphere.watching import endpoint_of as vsphere_endpoint

from failback_lab.azure.client import AzureLab
from failback_lab.manifests import demo_objects
from failback_lab.vcenter import VCenter
from failback_operator.observe.azure import AzureEndpoint
from failback_operator.observe.vsphere import VsphereEndpoint

DEVICES = "config.hardware.device"
SETTLED_SECONDS = 20.0
Json = dict[str, Any]


class World:
    """Both worlds as a test changes them, and the objects that people wrote. `undo` puts everything back."""

    def __init__(self, azure: AzureLab, vcenter: VCenter) -> None:
        self.azure = azure
        self.vcenter = vcenter
        self.objects = demo_objects(azure, vcenter)
        self.later = timedelta(0)
        """So much later it is when the worlds have been read; what could not be read is older by it."""
        self.settings: Json = {}
        """Settings of the operator by which it judges."""
        self.azure_access: Json = {}
        self.vcenter_access: Json = {}
        self.records: dict[str, list[Json]] = {}
        """What the objects of machines have in `spec.recorded`, by name of the machine."""
        self.starts = 0
        """How often the operator was started anew: it reads the vault's past only then."""
        self._is_discovered = False
        self._is_started_anew = False

    @property
    def azure_endpoint(self) -> AzureEndpoint:
        """Azure as the operator is told to log in."""
        return azure_endpoint(self.azure, **self.azure_access)

    @property
    def vcenter_endpoint(self) -> VsphereEndpoint:
        """The vCenter as the operator is told to log in."""
        return replace(vsphere_endpoint(self.vcenter), **self.vcenter_access)

    def vm(self, name: str, path: str, value: Any) -> None:
        """Set a property of a VM in vCenter."""
        self.vsphere("VirtualMachine", name, path, value)

    def vsphere(self, kind: str, name: str, path: str, value: Any) -> None:
        """Set a property of any object in vCenter."""
        self.vcenter.control.set(kind, name, path, value)

    def told(self, kind: str, name: str, path: str) -> Any:
        """A property of any object in vCenter, in the form in which it is set."""
        return self.vcenter.control.get(kind, name, path)

    def devices(self, name: str, change: Callable[[list[Json]], list[Json]]) -> None:
        """Set the devices of a VM to what `change` makes of them."""
        self.vm(name, DEVICES, change(self.told("VirtualMachine", name, DEVICES)))

    def disks(self, name: str, change: Callable[[Json], Json]) -> None:
        """Set each disk of a VM to what `change` makes of it."""
        self.devices(name, lambda found: [change(each) if each["_typeName"] == "VirtualDisk" else each for each in found])

    def extra_config(self, name: str, key: str, value: str | None) -> None:
        """Set a configuration parameter of a VM; None removes it."""
        kept = [
            each for each in self.told("VirtualMachine", name, "config.extraConfig") if each["key"].casefold() != key.casefold()
        ]
        added = (
            [] if value is None else [{"_typeName": "OptionValue", "key": key, "value": {"_typeName": "string", "_value": value}}]
        )
        self.vm(name, "config.extraConfig", [*kept, *added])

    def conceal(self, name: str, path: str) -> None:
        """Let the operator's account no longer read a property of a VM."""
        self.vcenter.control.conceal("VirtualMachine", name, path)

    def vault(self, kind: str, name: str, path: str, value: Any) -> None:
        """Answer so for a resource of the vault (`item`, `crm-1`, `properties.replicationHealth`)."""
        self.azure.set(kind, name, path, value)
        if kind == "job" or path == "stage":
            self.start_anew()

    def start_anew(self) -> None:
        """Start the operator anew: what it had read of the vault is forgotten, jobs that have ended long ago among it."""
        self.starts += 1
        self._is_started_anew = True

    def discover(self) -> None:
        """Let the configuration server read its master targets in vCenter now, as it does every half hour or when refreshed."""
        self.azure.discover()
        self._is_discovered = True

    def spec(self, kind: str, name: str, **members: Any) -> None:
        """Replace members of an object's spec (`spec("MasterTarget", "mt-win-1", maxDisks=4)`)."""
        self._member("spec", kind, name, members)

    def status(self, kind: str, name: str, **members: Any) -> None:
        """Replace members of an object's status, as the operator has stored it."""
        self._member("status", kind, name, members)

    def add(self, kind: str, name: str, spec: Json, **metadata: Any) -> None:
        """Apply a further object."""
        self.objects[f"{kind}/{name}"] = {
            "apiVersion": "failback.dev/v1alpha1",
            "kind": kind,
            "metadata": {"name": name, "namespace": "dr", **metadata},
            "spec": spec,
        }

    def remove(self, kind: str, name: str) -> None:
        """Delete an object."""
        self.objects = {key: each for key, each in self.objects.items() if key != f"{kind}/{name}"}

    def ago(self, **span: float) -> str:
        """The instant that lies `span` (of timedelta) back, in Azure's and our objects' form."""
        return (datetime.now(UTC) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def undo(self) -> None:
        """Put everything back that was changed through this object or its two labs; what operations did stays."""
        self.vcenter.control.undo()
        self.azure.undo()
        if self._is_discovered:
            self.azure.discover()
        if self._is_started_anew:
            self.starts += 1
        self._is_discovered = self._is_started_anew = False
        self.later = timedelta(0)
        self.settings, self.azure_access, self.vcenter_access, self.records = {}, {}, {}, {}
        self.objects = demo_objects(self.azure, self.vcenter)

    def _member(self, member: str, kind: str, name: str, values: Json) -> None:
        key = f"{kind}/{name}"
        self.objects[key] = {**self.objects[key], member: {**self.objects[key].get(member, {}), **values}}


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for what the labs do by themselves. Raises TimeoutError."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {SETTLED_SECONDS:g} s: {what}")
        time.sleep(0.05)

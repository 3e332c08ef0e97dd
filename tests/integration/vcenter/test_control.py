"""The control endpoint, waiting for updates, the count of calls, and the simulator's end."""

import os
import signal
import ssl
import threading
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPException

import pytest
from pyVmomi import vim, vmodl

from failback_lab.vcenter import CONFIGURATION_SERVER_USER, Control, ControlError, VCenter, VCenterDied
from failback_lab.workspace import workspace


@pytest.mark.parametrize("token", ["", "wrong"])
def test_needs_its_token(vcenter, token):
    """The control endpoint has a token of its own.

    Source: lab/vcenter/README.md, Control endpoint.
    """
    control = Control(vcenter.port, ssl.create_default_context(cafile=str(vcenter.ca_pem)), token)
    with pytest.raises(ControlError) as caught:
        control.stats()
    assert caught.value.status == 401


def test_a_session_is_no_token(shared):
    """Not even a logged-in user gets in.

    Source: lab/vcenter/README.md, Control endpoint.
    """
    vcenter = shared.vcenter
    request = urllib.request.Request(
        f"https://{vcenter.host}:{vcenter.port}/ctl/expire", data=b"{}", headers={"Cookie": shared.si._stub.cookie}
    )
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(vcenter.ca_pem)))


@pytest.mark.parametrize(
    ("kind", "name", "path", "value"),
    [
        ("VirtualMachine", "nobody", "name", "x"),
        ("VirtualMachine", "cs-1", "nonsense", "x"),
        ("VirtualMachine", "cs-1", "config.memory", 1),
        ("Datastore", "vmfs-prod-1", "summary.capacity", "large"),
        ("Datastore", "vmfs-prod-1", "info.freeSpace", 1),
        ("Spaceship", "x", "name", "x"),
    ],
)
def test_wrong_settings_are_refused(vcenter, kind, name, path, value):
    """An error says what is wrong, and the simulator goes on.

    Source: lab/vcenter/README.md, Control endpoint.
    """
    with pytest.raises(ControlError) as caught:
        vcenter.control.set(kind, name, path, value)
    assert caught.value.status == 400
    vcenter.check()


BOOT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROOT_DISK = [{"_typeName": "GuestDiskInfo", "diskPath": "/", "capacity": 5, "freeSpace": 4}]
TARGET = ("VirtualMachine", "mt-lin-1")
STORE = ("Datastore", "vmfs-infra-1")
HOST = ("HostSystem", "esx-3.tokyo.example.com")


@pytest.mark.parametrize(
    ("setting", "read"),
    [
        ((*TARGET, "guest.toolsRunningStatus", "guestToolsNotRunning"), lambda o: o == "guestToolsNotRunning"),
        ((*TARGET, "guest.toolsVersionStatus2", "guestToolsTooOld"), lambda o: o == "guestToolsTooOld"),
        ((*TARGET, "runtime.consolidationNeeded", True), lambda o: o is True),
        ((*TARGET, "runtime.bootTime", "2026-01-02T03:04:05Z"), lambda o: o == BOOT),
        ((*TARGET, "runtime.connectionState", "orphaned"), lambda o: o == "orphaned"),
        ((*TARGET, "guest.disk", ROOT_DISK), lambda o: [(d.diskPath, d.freeSpace) for d in o] == [("/", 4)]),
        ((*STORE, "summary.type", "OTHER"), lambda o: o == "OTHER"),
        ((*STORE, "summary.accessible", False), lambda o: o is False),
        ((*STORE, "summary.freeSpace", 1), lambda o: o == 1),
        ((*HOST, "runtime.inMaintenanceMode", True), lambda o: o is True),
        ((*HOST, "runtime.connectionState", "notResponding"), lambda o: o == "notResponding"),
    ],
    ids=lambda value: value[2] if isinstance(value, tuple) else "",
)
def test_set_shows_in_the_properties(own, setting, read):
    """One setter reaches every property on which a check looks.

    Source: API, GuestInfo, VirtualMachineRuntimeInfo, DatastoreSummary, HostRuntimeInfo; lab/vcenter/README.md, Control
    endpoint (set).
    """
    kind, name, path, value = setting
    item = own.find(getattr(vim, kind), name)
    own.vcenter.control.set(kind, name, path, value)
    found, missing = own.read(item, path)
    assert missing == {}
    assert read(found[path])


def test_set_of_a_mount(own):
    """A datastore that a host sees read-only or not at all.

    Source: API, DatastoreHostMount and HostMountInfo.{accessMode, mounted, accessible}.
    """
    datastore = own.find(vim.Datastore, "vmfs-infra-1")
    mounts = [
        {
            "_typeName": "DatastoreHostMount",
            "key": {"_typeName": "ManagedObjectReference", "type": "HostSystem", "value": mount.key._moId},
            "mountInfo": {"_typeName": "HostMountInfo", "accessMode": "readOnly", "mounted": True, "accessible": False},
        }
        for mount in datastore.host
    ]
    own.vcenter.control.set("Datastore", "vmfs-infra-1", "host", mounts)
    assert {(m.mountInfo.accessMode, m.mountInfo.accessible) for m in datastore.host} == {("readOnly", False)}


def test_null_unsets(own):
    """An unset property is absent from the answer.

    Source: API, ObjectContent.propSet and missingSet.
    """
    vm = own.vm("mt-lin-1")
    own.vcenter.control.set("VirtualMachine", "mt-lin-1", "guest.guestDetailedData", None)
    assert own.read(vm, "guest.guestDetailedData") == ({}, {})


def test_waiting_for_updates_hears_of_a_setting(own):
    """A filter on chosen objects hears of a change within a second, and only of what it asked for.

    Source: API, PropertyCollector.WaitForUpdatesEx and PropertyFilter.
    """
    vm = own.vm("mt-lin-1")
    query = vmodl.query.PropertyCollector
    collector = own.content.propertyCollector.CreatePropertyCollector()
    spec = query.FilterSpec(
        propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=["guest.toolsRunningStatus"])],
        objectSet=[query.ObjectSpec(obj=vm)],
    )
    collector.CreateFilter(spec, partialUpdates=True)
    first = collector.WaitForUpdatesEx("", query.WaitOptions(maxWaitSeconds=1))
    setting = ("VirtualMachine", "mt-lin-1", "guest.toolsRunningStatus", "guestToolsNotRunning")
    timer = threading.Timer(0.3, own.vcenter.control.set, setting)
    timer.start()
    start = datetime.now(UTC)
    update = collector.WaitForUpdatesEx(first.version, query.WaitOptions(maxWaitSeconds=10))
    timer.join()
    assert datetime.now(UTC) - start < timedelta(seconds=2)
    [item] = update.filterSet[0].objectSet
    assert (item.kind, item.obj) == ("modify", vm)
    assert {(c.name, c.val) for c in item.changeSet} == {("guest.toolsRunningStatus", "guestToolsNotRunning")}


def test_calls_are_counted_by_method(own):
    """Calls from outside only, and only since the reset.

    Source: lab/vcenter/README.md, Control endpoint (stats).
    """
    own.vcenter.control.stats(reset=True)
    own.si.CurrentTime()
    own.si.CurrentTime()
    own.read(own.content.rootFolder, "name")
    counts = own.vcenter.control.stats()
    assert counts["CurrentTime"] == 2
    assert counts["RetrievePropertiesEx"] == 1
    assert "PowerOnVM_Task" not in counts


def test_search_without_specification(own):
    """A search without a specification lists everything; the library alone dies of it.

    Source: API, HostDatastoreBrowser.SearchDatastore_Task (searchSpec is optional); govmomi,
    simulator/host_datastore_browser.go.
    """
    browser = own.find(vim.Datastore, "vmfs-infra-1").browser
    result = own.run(browser.SearchDatastore_Task("[vmfs-infra-1] mt-lin-1"))
    assert "mt-lin-1.vmdk" in {file.path for file in result.file}
    own.vcenter.check()


def test_every_recent_task_parses(own):
    """A task has an entity that pyvmomi takes, where the library alone names a manager.

    Source: API, TaskInfo.entity (a ManagedEntity); govmomi, simulator/task.go.
    """
    vm = own.vm("payroll-web-1")
    own.run(vm.RelocateVM_Task(vim.vm.RelocateSpec(datastore=own.find(vim.Datastore, "vmfs-prod-2"))))
    names = [task.info.descriptionId for task in own.content.taskManager.recentTask]
    assert "VirtualMachine.relocateVm" in names


def test_death_names_the_last_call(own, until):
    """Some calls end the simulator; whoever started it learns which was the last.

    This one is no addition's business: nobody makes machines in datastores that do not exist.

    Source: govmomi, simulator/virtual_machine.go (CreateVM_Task asserts that the datastore exists); lab/vcenter/README.md
    (record).
    """
    vcenter, folder = own.vcenter, own.content.rootFolder.childEntity[0].vmFolder
    pool = own.find(vim.ClusterComputeResource, "infra").resourcePool
    config = vim.vm.ConfigSpec(name="new", guestId="otherGuest", files=vim.vm.FileInfo(vmPathName="[nowhere]"))
    with suppress(OSError, HTTPException):
        folder.CreateVM_Task(config, pool)
    until(lambda: not vcenter.is_alive)
    with pytest.raises(VCenterDied, match="exit code 2") as caught:
        vcenter.check()
    assert "CreateVM_Task on Folder:" in caught.value.last_calls[-1]
    assert "CreateVM_Task" in str(caught.value)
    assert "goroutine" in vcenter_log(vcenter)


def test_death_by_a_signal_is_named_too(own, until):
    """With the last call, guilty or not.

    Source: lab/vcenter/README.md (record).
    """
    own.si.CurrentTime()
    os.kill(own.vcenter.pid, signal.SIGKILL)
    until(lambda: not own.vcenter.is_alive)
    with pytest.raises(VCenterDied, match=r"killed by SIGKILL[\s\S]*CurrentTime on ServiceInstance"):
        own.vcenter.check()


def vcenter_log(vcenter) -> str:
    return (vcenter._directory / "vcenter.log").read_text()


def test_sigterm_leaves_nothing_behind(lab_ca, lab_binaries, demo_scenario):
    """The datastores' temporary directories go with the simulator.

    Source: govmomi, simulator/model.go (Model.Remove); lab/vcenter/README.md.
    """
    with workspace() as directory:
        with VCenter(directory / "vcenter", lab_ca, lab_binaries.vcsim, demo_scenario) as server:
            assert list((directory / "vcenter").glob("govcsim-*"))
            server.check()
        assert list((directory / "vcenter").glob("govcsim-*")) == []


def test_starts_again_on_its_port(lab_ca, lab_binaries, demo_scenario, login):
    """A vCenter that comes back has the same address and the same users.

    Source: lab/failback_lab/vcenter.py, VCenter.
    """
    with workspace() as directory:
        server = VCenter(directory / "vcenter", lab_ca, lab_binaries.vcsim, demo_scenario)
        with server:
            port = server.port
        with server:
            assert server.port == port
            assert login(server).content.about.apiVersion == "8.0.3.0"


def test_what_was_set_is_given_back(own):
    """Every property is as before, whether it was set twice or unset.

    Source: lab/vcenter/README.md, Control endpoint (undo).
    """
    paths = ("config.extraConfig", "snapshot", "config.hardware.memoryMB", "summary.runtime.bootTime", "guest.disk")
    vm, control = own.vm("mt-lin-1"), own.vcenter.control
    before = own.read(vm, *paths)
    for path, value in zip(paths, ([], None, 5, None, ROOT_DISK), strict=True):
        control.set(*TARGET, path, value)
    control.set(*TARGET, "config.hardware.memoryMB", 6)
    changed = own.read(vm, *paths)
    assert [path for path in paths if str(changed[0].get(path)) == str(before[0].get(path))] == []
    control.undo()
    assert str(own.read(vm, *paths)) == str(before)


def test_undo_of_a_change_that_others_follow(own):
    """After a power-off and the loss of a snapshot, boot time, VMware Tools and delta disks are as before too.

    Source: lab/vcenter/README.md, Control endpoint (undo).
    """
    control = own.vcenter.control
    paths = (
        "runtime.powerState",
        "runtime.bootTime",
        "guest.disk",
        "guest.net",
        "guest.ipAddress",
        "snapshot",
        "config.hardware.device",
    )
    before = {path: control.get(*TARGET, path) for path in paths}
    control.set(*TARGET, "snapshot", None)
    control.set(*TARGET, "runtime.powerState", "poweredOff")
    assert control.get(*TARGET, "guest.disk") is None
    assert control.get(*TARGET, "config.hardware.device") != before["config.hardware.device"]
    control.undo()
    assert {path: control.get(*TARGET, path) for path in paths} == before


@pytest.mark.parametrize("path", ["config.hardware.device", "config.extraConfig", "snapshot", "guest.disk", "runtime.powerState"])
def test_what_get_tells_can_be_set(own, path):
    """`get` has the form of `set`: a list with one device more is made of what there is.

    Source: lab/vcenter/README.md, Control endpoint (get, set).
    """
    control = own.vcenter.control
    told = control.get(*TARGET, path)
    control.set(*TARGET, path, told)
    assert control.get(*TARGET, path) == told


def test_a_concealed_property_is_missing(own, login):
    """A property that the account may not read is named as missing, with NoPermission; the others are told.

    Source: API, ObjectContent.missingSet, MissingProperty.fault.
    """
    control, paths = own.vcenter.control, ("snapshot", "name")
    control.conceal(*TARGET, "snapshot", own.vcenter.username)
    found, missing = own.read(own.vm("mt-lin-1"), *paths)
    assert found == {"name": "mt-lin-1"}
    assert isinstance(missing["snapshot"], vim.fault.NoPermission)
    other = login(own.vcenter, user=CONFIGURATION_SERVER_USER)
    assert other.read(other.vm("mt-lin-1"), *paths)[1] == {}
    control.undo()
    assert own.read(own.vm("mt-lin-1"), *paths)[1] == {}


def test_undo_ends_all_that_was_begun(own):
    """`undo` ends faults, delays and missing privileges, too.

    Source: the lab's own; lab/vcenter/README.md, Control endpoint.
    """
    control = own.vcenter.control
    control.missing_privileges(["System.Read"])
    control.missing_privileges(["VirtualMachine.Interact.PowerOn"], own.vcenter.username)
    control.fault("CurrentTime", "before", count=0)
    control.delay(methods={"CurrentTime": 3000})
    control.undo()
    start = datetime.now(UTC)
    own.si.CurrentTime()
    assert datetime.now(UTC) - start < timedelta(seconds=2)
    assert own.read(own.vm("mt-lin-1"), "name")[0] == {"name": "mt-lin-1"}
    own.run(own.vm("mail-relay-1").PowerOnVM_Task())

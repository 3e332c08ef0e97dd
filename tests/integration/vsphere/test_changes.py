"""Changes in vCenter arrive as they happen; at rest only the time of the facts moves."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.integration.vsphere.watching import Watch, WatchMaker

from failback_lab.scenario import Scenario
from failback_lab.vcenter import VCenter
from failback_operator.domain.reading import SourceProblem
from failback_operator.domain.vsphere import PowerState
from failback_operator.observe.vsphere import Interest, VsphereEndpoint

# The idle wait is far longer than the test may take: what arrives in time arrived by the watch.
PATIENT = {"wait": timedelta(seconds=60), "search": timedelta(minutes=10)}


async def _patient(watch: WatchMaker, endpoint: VsphereEndpoint) -> Watch:
    running = await watch(endpoint, **PATIENT)
    await running.until_read()
    return running


async def test_guest_and_settings(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await _patient(watch, own_endpoint)
    assert running.vm("mt-lin-1").disk_uuid_enabled is False

    own_vcenter.control.set("VirtualMachine", "mt-lin-1", "guest.toolsRunningStatus", "guestToolsNotRunning")
    await running.until_vm("mt-lin-1", lambda vm: vm.guest.tools_running_status == "guestToolsNotRunning")
    own_vcenter.control.set("VirtualMachine", "mt-lin-1", "config.flags.diskUuidEnabled", True)
    await running.until_vm("mt-lin-1", lambda vm: vm.disk_uuid_enabled is True)
    own_vcenter.control.set("VirtualMachine", "mt-lin-1", "guest.disk", None)
    await running.until_vm("mt-lin-1", lambda vm: vm.guest.volumes == ())
    assert all(part.error is None for part in running.parts)


async def test_only_what_changed_is_new(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await _patient(watch, own_endpoint)
    before = running.facts
    own_vcenter.control.set("VirtualMachine", "mt-win-1", "guest.toolsRunningStatus", "guestToolsNotRunning")
    await running.until_vm("mt-win-1", lambda vm: vm.guest.tools_running_status == "guestToolsNotRunning")
    changed = [now.name for was, now in zip(before.machines, running.facts.machines, strict=True) if was is not now]
    assert changed == ["mt-win-1"]
    assert before.hosts == running.facts.hosts


async def test_snapshots_and_their_deltas(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await _patient(watch, own_endpoint)
    assert [snapshot.name for snapshot in running.vm("mt-lin-1").snapshots] == ["before-kernel-update"]
    own_vcenter.control.set("VirtualMachine", "mt-lin-1", "snapshot", None)
    vm = await running.until_vm("mt-lin-1", lambda vm: not vm.snapshots)
    assert "snapshots" not in vm.unread


async def test_mounts(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await _patient(watch, own_endpoint)
    host = next(host.moref for host in running.facts.hosts if host.name.startswith("esx-3"))
    mount = {
        "_typeName": "DatastoreHostMount",
        "key": {"type": "HostSystem", "value": host},
        "mountInfo": {
            "path": "/vmfs/volumes/x",
            "accessMode": "readOnly",
            "mounted": True,
            "accessible": False,
            "inaccessibleReason": "PermanentDeviceLoss",
        },
    }
    own_vcenter.control.set("Datastore", "vmfs-prod-1", "host", [mount])
    await running.until(lambda part: part.facts is not None and any(len(d.mounts) == 1 for d in part.facts.datastores))
    (found,) = (datastore for datastore in running.facts.datastores if datastore.name == "vmfs-prod-1")
    (seen,) = found.mounts
    assert (seen.host, seen.access_mode, seen.is_mounted, seen.is_accessible) == (host, "readOnly", True, False)
    assert seen.inaccessible_reason == "PermanentDeviceLoss"
    assert not seen.is_read_write


async def test_power(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await _patient(watch, own_endpoint)
    own_vcenter.control.set("VirtualMachine", "mt-win-1", "runtime.powerState", "suspended")
    await running.until_vm("mt-win-1", lambda vm: vm.power_state is PowerState.SUSPENDED)


async def test_at_rest_only_the_time_moves(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(own_endpoint, search=timedelta(minutes=10))
    facts = await running.until_read()
    own_vcenter.control.stats(reset=True)
    first = running.last.as_of
    assert first is not None
    await running.until(lambda part: part.as_of is not None and part.as_of >= first + timedelta(seconds=2))
    assert running.facts is facts
    # Each idle wait ends with a look whether the session lives, for a wait alone does not tell.
    assert set(own_vcenter.control.stats()) == {"WaitForUpdatesEx", "RetrievePropertiesEx"}
    assert running.last.fresh(datetime.now(UTC), timedelta(seconds=5)) is facts


async def test_interest_can_change(own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(own_endpoint, Interest(names=frozenset({"cs-1"})), **PATIENT)
    assert [machine.name for machine in (await running.until_read()).machines] == ["cs-1"]
    await running.watcher.update_interest(Interest(names=frozenset({"mt-win-1", "mt-lin-1"})))
    await running.until(lambda part: part.facts is not None and len(part.facts.machines) == 2)
    assert {machine.name for machine in running.facts.machines} == {"mt-win-1", "mt-lin-1"}
    assert all(part.error is None for part in running.parts)
    calls = running.calls.total()
    await running.watcher.update_interest(Interest(names=frozenset({"mt-win-1", "mt-lin-1"})))
    await asyncio.sleep(0.2)
    assert running.calls.total() == calls, "the same interest asks for nothing"


async def test_a_vm_that_turns_up_later(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    wanted = Interest(uuids=frozenset({"11111111-2222-3333-4444-555555555555"}))
    running = await watch(own_endpoint, wanted, search=timedelta(milliseconds=500))
    assert (await running.until_read()).machines == ()
    own_vcenter.control.set("VirtualMachine", "crm-1", "config.uuid", "11111111-2222-3333-4444-555555555555")
    await running.until(lambda part: part.facts is not None and len(part.facts.machines) == 1)
    # A clone that carries the same UUID is found beside it.
    own_vcenter.control.set("VirtualMachine", "files-1", "config.uuid", "11111111-2222-3333-4444-555555555555")
    await running.until(lambda part: part.facts is not None and len(part.facts.machines) == 2)
    assert {vm.name for vm in running.facts.by_uuid("11111111-2222-3333-4444-555555555555")} == {"crm-1", "files-1"}


async def test_fresh_reads_now(
    own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker, demo_scenario: Scenario
) -> None:
    running = await _patient(watch, own_endpoint)
    moref = running.vm("mt-win-1").moref
    own_vcenter.control.set("VirtualMachine", "mt-win-1", "guest.toolsRunningStatus", "guestToolsNotRunning")
    (vm,) = await running.watcher.fresh([moref, "vm-404"])  # type: ignore[list-item]
    assert vm.guest.tools_running_status == "guestToolsNotRunning"
    assert await running.watcher.machine("vm-404") is None  # type: ignore[arg-type]
    assert SourceProblem.NOT_FOUND not in {part.error.problem for part in running.parts if part.error}


async def test_facts_of_a_former_interest_are_not_handed_on(own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    """Whoever asked for a VM must not be told by facts that never looked for it."""
    running = await watch(own_endpoint, Interest(names=frozenset({"cs-1"})), wait=timedelta(seconds=1))
    await running.until_read()
    for name in ("mt-win-1", "mt-lin-1", "crm-1", "files-1"):
        seen = len(running.parts)
        await running.watcher.update_interest(Interest(names=frozenset({name})))
        await running.until(lambda part, seen=seen: len(running.parts) > seen)  # type: ignore[misc]
        assert all([vm.name for vm in part.facts.machines] == [name] for part in running.parts[seen:] if part.facts)

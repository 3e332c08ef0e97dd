"""Whole sites: a good one to begin with, its machines anywhere on their way, and then a few things wrong in it at once."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from tests.unit import builders as b
from tests.unit.decide.generated import journeys, objects
from tests.unit.decide.generated.facts import mutated, stale, unread
from tests.unit.decide.world import PENDING, uuid_of

from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job, JobError, JobState
from failback_operator.domain.protected_item import CurrentScenario, ProtectedItem
from failback_operator.domain.reading import Part
from failback_operator.domain.snapshot import SiteSnapshot, SiteView
from failback_operator.domain.vault import VaultFacts
from failback_operator.domain.vsphere import PowerState, Snapshot, VirtualMachine, VsphereFacts

NAMES = journeys.NAMES
STATES = (b.protected_item, b.item, b.item, b.reprotected_item, b.failed_back_item, b.committed_item)
SCENARIOS = (None, None, None, None, "SwitchReplicationGroupProtection", "UnplannedFailover", "CommitFailover", "IrCompletion")
COUNTS = (1, 2, 2, 3, 14, 15, 28, 29, 30, 57, 58, 59, 60, 61, 64, 65)
"""Disks of a machine: few, and around what a controller, what is left of a master target, and what a record takes."""


@st.composite
def items(draw: st.DrawFn, name: str, disks: int) -> ProtectedItem:
    """An item in any state, alone or in a group, with a job on it or idle, and its details read or not."""
    made = draw(st.sampled_from(STATES))(name)
    is_grouped, scenario = draw(st.integers(0, 2)) == 0, draw(st.sampled_from(SCENARIOS))
    synchronised = draw(st.sampled_from((None, 0, 9, 10, 55, 99, 100, 101)))
    detail = replace(made.detail, disks=tuple(replace(d, percent=synchronised) for d in b.item_disks(disks)))
    if made.instance_type is not b.InstanceType.TO_ON_PREMISES or draw(st.booleans()):
        detail = replace(detail, infrastructure_vm_id=uuid_of(name))
    linux = {"os_type": "Linux", "os_version": "Red Hat Enterprise Linux 8"}
    changes: dict[str, Any] = {"detail": replace(detail, **linux) if draw(st.integers(0, 5)) == 0 else detail}
    if draw(st.integers(0, 9)) == 0:
        changes["detail"] = None
    if is_grouped:
        changes |= {"group_id": "group-1", "group_name": "group-1"}
    if scenario is not None:
        job = draw(st.sampled_from((None, *objects.JOBS)))
        changes |= {"current_scenario": CurrentScenario(scenario, job), "allowed_operations": frozenset({"DisableProtection"})}
    elif draw(st.integers(0, 7)) == 0:
        changes |= draw(st.sampled_from((PENDING, {"allowed_operations": frozenset()}, {"protection_state": "Unknown"})))
    return replace(made, **changes)


@st.composite
def jobs(draw: st.DrawFn, found: tuple[ProtectedItem, ...]) -> tuple[Job, ...]:
    """Jobs of the items, in any state and of any age; child jobs may be missing, or their own parents."""
    made = []
    for name in draw(st.lists(st.sampled_from(("job-1", "job-2", "job-3", "job-4")), max_size=4, unique=True)):
        item, state = draw(st.sampled_from(found)), draw(st.sampled_from(JobState))
        started = draw(st.one_of(st.none(), objects.intents(), st.just(b.FAILED_OVER_AT - timedelta(minutes=20))))
        lasted = timedelta(seconds=draw(st.sampled_from((0, 60, 1200))))
        is_over = state in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED} and draw(st.integers(0, 7)) > 0
        error = JobError("78052", "no room", draw(st.sampled_from((None, "", "a full disk"))), None)
        made.append(
            Job(
                arm_id=ArmId(f"{b.VAULT_ID}/replicationJobs/{name}"),
                name=name,
                scenario=draw(st.sampled_from([*(s for s in SCENARIOS if s), "TestFailover", ""])),
                state=state,
                state_description=draw(st.sampled_from((None, "Completed", "PartiallySucceeded"))),
                started_at=started,
                ended_at=started + lasted if started and is_over else None,
                target_object_id=draw(st.sampled_from((None, item.arm_id.resource_name, str(item.arm_id), "other"))),
                target_object_name=draw(st.sampled_from((None, item.friendly_name))),
                errors=(error,) * draw(st.integers(0, 2)),
                child_jobs=tuple(draw(objects.some(("job-1", "job-4", "job-5"), 2))),
                is_whole=draw(st.booleans()),
            )
        )
    return tuple(made)


@st.composite
def machines_on_site(draw: st.DrawFn, disks: dict[str, int]) -> tuple[VirtualMachine, ...]:
    """The VMs of machines and master targets; disks of the machines may hang on a master target."""
    own = {}
    for name, count in disks.items():
        power = draw(st.sampled_from((PowerState.OFF, PowerState.OFF, PowerState.OFF, PowerState.ON)))
        snapshots: tuple[Snapshot, ...] = (b.snapshot(),) if draw(st.integers(0, 9)) == 0 else ()
        own[name] = b.vm(
            name,
            disks=b.disks(count, name),
            instance_uuid=uuid_of(name),
            bios_uuid=draw(st.sampled_from((None, uuid_of(name)))),
            power_state=power,
            snapshots=snapshots,
        )
    target = b.target_vm()
    attached = tuple(d for name in draw(objects.some(tuple(disks), 2)) for d in own[name].disks)
    second = b.target_vm("mt-2", guest=replace(target.guest, ip_addresses=("10.10.0.22",), host_name="mt-2"))
    return (*own.values(), replace(target, disks=(*target.disks, *attached)), second)


@st.composite
def vaults(draw: st.DrawFn, found: tuple[ProtectedItem, ...]) -> VaultFacts:
    """The vault with these items."""
    names = [item.friendly_name for item in found]
    gone = set(draw(objects.some(names, 1))) if draw(st.integers(0, 4)) == 0 else set()
    unread_vms = set(draw(objects.some(names, 1))) if draw(st.integers(0, 4)) == 0 else set()
    power = draw(st.sampled_from(("running", "running", "deallocated", None)))
    nics = (*(b.nic(name) for name in names), b.nic("ps-azure", "10.50.2.4"))
    servers = (b.master_target_server(), b.master_target_server("mt-2", ip_address="10.10.0.22"))
    return b.vault(
        fabric=b.fabric(master_targets=servers),
        items=found,
        azure_vms=tuple(b.azure_vm(n, power_state=power) for n in names if n not in gone | unread_vms),
        missing_vms=frozenset(b.azure_vm_id(n) for n in gone),
        estate=b.estate(*nics),
        jobs=draw(jobs(found)),
    )


@st.composite
def facts(draw: st.DrawFn) -> tuple[VaultFacts, VsphereFacts]:
    """Both worlds, each with up to four things wrong in it."""
    disks = {name: draw(st.sampled_from(COUNTS)) if draw(st.booleans()) else 2 for name in NAMES}
    found = tuple([draw(items(name, count)) for name, count in disks.items()])
    vault, vsphere = draw(vaults(found)), b.facts(*draw(machines_on_site(disks)))
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2, 3, 4)))):
        vault = draw(mutated(vault))
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2, 3, 4)))):
        vsphere = draw(mutated(vsphere))
    return vault, vsphere


@st.composite
def parts(draw: st.DrawFn, content: Any, now: datetime = b.NOW) -> Part[Any]:
    """Facts as read now; or at a limit of age, long ago, with an error since, or never."""
    if draw(st.integers(0, 7)):
        return Part(content, now, None)
    seconds = draw(st.sampled_from((299, 300, 301, 599, 600, 601)))
    read = Part(content, now - timedelta(seconds=seconds), None)
    return draw(st.one_of(st.just(read), stale(read), unread(read)))


@st.composite
def strange_views(draw: st.DrawFn) -> SiteView:
    """Sites that have nothing but the form of one: each part is drawn for itself."""
    vault, vsphere = draw(facts())
    plans = [draw(objects.plans("payroll", NAMES))]
    if draw(st.integers(0, 3)) == 0:
        plans.append(draw(objects.plans("other", NAMES)))
    names = (*(p.name for p in plans), "gone")
    stored = [draw(objects.machines(i, names)) for i in vault.items if draw(st.integers(0, 3))]
    return SiteView(
        site=draw(objects.sites()),
        snapshot=SiteSnapshot(b.NOW, draw(parts(vault)), {b.VCENTER: draw(parts(vsphere))}),
        limits=b.LIMITS,
        targets=tuple([draw(objects.targets(name)) for name in ("mt-win", "mt-2")][: draw(st.sampled_from((2, 2, 2, 1, 0)))]),
        servers=draw(objects.servers()),
        plans=tuple(plans),
        machines=tuple({m.name: m for m in stored}.values()),
    )


@st.composite
def likely_views(draw: st.DrawFn) -> SiteView:
    """A stop of a journey, at which an author changed something, or up to three facts went wrong."""
    view = draw(st.sampled_from(journeys.stops()))
    vault, vsphere = view.snapshot.vault.facts, view.snapshot.vcenters[b.VCENTER].facts
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 1, 2, 3)))):
        if draw(st.booleans()):
            vault = draw(mutated(vault))
        else:
            vsphere = draw(mutated(vsphere))
    now = view.snapshot.as_of
    snapshot = SiteSnapshot(now, draw(parts(vault, now)), {b.VCENTER: draw(parts(vsphere, now))})
    view = replace(view, snapshot=snapshot)
    if draw(st.booleans()):
        view = replace(view, plans=tuple([draw(objects.revised(plan, NAMES)) for plan in view.plans]))
    if draw(st.integers(0, 3)) == 0:
        view = replace(view, targets=tuple([draw(objects.targets(target.name)) for target in view.targets]))
    return view


@st.composite
def views(draw: st.DrawFn) -> SiteView:
    """All that a decision may depend on."""
    view = draw(st.one_of(likely_views(), strange_views()))
    if draw(st.integers(0, 19)) == 0:
        view = replace(view, other_sites=(b.site("osaka", metadata={"creationTimestamp": "2020-01-01T00:00:00Z"}),))
    if draw(st.integers(0, 19)) == 0:
        view = replace(view, other_machines=(b.machine(NAMES[0]),))
    if draw(st.integers(0, 19)) == 0:
        site = view.site.model_copy(update={"spec": view.site.spec.model_copy(update={"suspend": True})})
        view = replace(view, site=site)
    return view

"""A VM is made from a template: once, whatever answers get lost, with an identity of its own, and finished after a crash."""

from typing import Any

import pytest
from tests.integration.vsphere.effects import Site, count
from tests.integration.vsphere.watching import WatchMaker
from tests.unit import builders as b

from failback_lab.vcenter import VCenter
from failback_operator.decide.fixes import RULE_OF
from failback_operator.domain.ports import Accepted, Lost, Refused
from failback_operator.domain.steps import CloneOrder, EffectKind
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import PowerState, VirtualMachine
from failback_operator.observe.vsphere import Interest, VsphereEndpoint

KIND, TEMPLATE, NAME = EffectKind.MAKE_FROM_TEMPLATE, "mail-relay-1", "mt-lin-2"
METHODS = ("CloneVM_Task", "ReconfigVM_Task", "PowerOnVM_Task")


@pytest.fixture
async def site(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> Site:
    """mail-relay-1, which was made a template; mt-lin-2 is to be made of it."""
    running = await watch(own_endpoint, interest=Interest(names=frozenset({TEMPLATE, NAME})))
    await running.until_read()
    own_vcenter.control.set("VirtualMachine", TEMPLATE, "config.template", True)
    await running.until_vm(TEMPLATE, lambda vm: vm.is_template is True)
    made = Site(running, TEMPLATE)
    made.subject = NAME
    own_vcenter.control.stats(reset=True)
    return made


def order(site: Site, **changes: Any) -> dict[str, CloneOrder]:
    facts = site.running.facts
    cluster = next(c.moref for c in facts.clusters if c.name == "infra")
    store = next(d.moref for d in facts.datastores if d.name == "vmfs-infra-1")
    host = next(h.moref for h in facts.hosts if h.cluster == cluster)
    return {
        "clone": CloneOrder(**({"cluster": cluster, "host": host, "datastore": store, "cpus": 4, "memory_mib": 8192} | changes))
    }


async def made(site: Site) -> VirtualMachine:
    """The new VM, as the operator sees it once it has searched again."""
    return await site.running.until_vm(NAME, lambda vm: vm.name == NAME)


async def running(site: Site) -> VirtualMachine:
    """The new VM, once it is seen to run."""
    return await site.running.until_vm(NAME, lambda vm: vm.power_state is PowerState.ON)


async def test_made_once_with_an_identity_of_its_own(own_vcenter: VCenter, site: Site) -> None:
    entry = await site.begin(KIND, **order(site))
    jobs, progress = await site.jobs(entry, **order(site))
    assert progress.phase is TaskPhase.SUCCEEDED
    assert [job.rpartition("/")[0] for job in jobs] == ["clone", "clone/set-disk-uuid", "clone/power-on"]
    new = await running(site)
    template = site.running.vm(TEMPLATE)
    assert (new.power_state, new.disk_uuid_enabled, new.is_template) == (PowerState.ON, True, False)
    assert new.bios_uuid != template.bios_uuid
    assert new.instance_uuid != template.instance_uuid
    assert not {d.uuid for d in new.disks} & {d.uuid for d in template.disks}
    assert [d.file_name.split("]")[0] for d in new.disks] == ["[vmfs-infra-1"]
    assert new.memory_mib == 8192
    assert new.host == order(site)["clone"].host
    again = await site.send(KIND, **order(site))
    assert again == Refused("not sent: there is a VM mt-lin-2")
    assert count(own_vcenter, *METHODS) == dict.fromkeys(METHODS, 1)


@pytest.mark.parametrize("when", ["after", "drop"])
async def test_a_lost_answer_makes_no_second_one(own_vcenter: VCenter, site: Site, when: Any) -> None:
    own_vcenter.control.fault("CloneVM_Task", when)
    assert isinstance(await site.send(KIND, **order(site)), Lost)
    own_vcenter.control.clear_faults()
    if when == "after":
        new = await made(site)
        job = RULE_OF[KIND].resume(site.entry(KIND, None), b.located(new))  # type: ignore[misc]
        assert job == "clone/unrecorded"
        site.name = NAME  # from then on the operator follows it by the VM itself
        entry = site.entry(KIND, job)
    else:
        entry = await site.begin(KIND, **order(site))
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    assert await site.running.watcher.named("VirtualMachine", NAME) == ((await running(site)).moref,)


@pytest.mark.parametrize("method", METHODS)
async def test_task_errors_are_told_verbatim(own_vcenter: VCenter, site: Site, method: str) -> None:
    own_vcenter.control.fault(method, "task", fault={"_typeName": "NoDiskSpace", "datastore": "vmfs-infra-1"})
    progress = await site.finish(await site.begin(KIND, **order(site)))
    assert progress.phase is TaskPhase.FAILED
    assert progress.message.startswith("NoDiskSpace")
    assert count(own_vcenter, method) == {method: 1}


async def test_a_crash_between_the_calls_is_gone_on_from(own_vcenter: VCenter, site: Site) -> None:
    """The ledger holds the job before each: what was done is not done again."""
    clone = await site.begin(KIND, **order(site))
    await made(site)
    first = await next_job(site, clone)
    second = await next_job(site, clone)  # the record of the first was lost; disk.EnableUUID is set
    assert first.startswith("clone/set-disk-uuid/")
    assert second.startswith("clone/power-on/")
    assert (await site.finish(clone)).phase is TaskPhase.SUCCEEDED
    assert count(own_vcenter, *METHODS) == dict.fromkeys(METHODS, 1)


async def next_job(site: Site, entry: Any) -> str:
    for _ in range(200):
        progress = await site.look(entry)
        if progress.job != entry.job:
            new = entry.model_copy(update={"job": progress.job})
            while (await site.running.watcher.task_state(str(progress.job).rpartition("/")[2])).phase is TaskPhase.RUNNING:
                pass
            return str(new.job)
    raise AssertionError("no further call")


async def test_nothing_is_sent_without_a_place_or_a_template(own_vcenter: VCenter, site: Site) -> None:
    for changes, said in (
        ({"folder": "nowhere"}, "one folder nowhere"),
        ({"resource_pool": "nowhere"}, "one resource pool nowhere"),
        ({"cluster": "domain-c404"}, "one resource pool None"),
    ):
        answer = await site.send(KIND, **order(site, **changes))
        assert isinstance(answer, Refused)
        assert said in answer.message
    answer = await site.send(KIND)
    assert isinstance(answer, Refused)
    assert "is no template" in answer.message
    assert count(own_vcenter, "CloneVM_Task") == {}


async def test_folder_and_pool_by_name(site: Site) -> None:
    answer = await site.send(KIND, **order(site, folder="vm", resource_pool="Resources"))
    assert isinstance(answer, Accepted)

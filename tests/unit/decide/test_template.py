"""A master target's VM made from a template: shown, then made once where none is; what is left is said. R14."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.mending import AilingWorld, ailing, remedies
from tests.unit.decide.test_ledger import O, entry

from failback_operator.checks.contexts import Lodger
from failback_operator.decide.fixes import RULE_OF, Ailing, propose_new
from failback_operator.decide.fixes.template import clone_order
from failback_operator.decide.ledger import deadline
from failback_operator.decide.ledger_vm import settle_vm, settle_without_vm
from failback_operator.domain.limits import Limits
from failback_operator.domain.steps import CloneOrder, EffectKind, MachineCall
from failback_operator.domain.vsphere import Controller, ControllerKind, PowerState

KIND = EffectKind.MAKE_FROM_TEMPLATE
SPEC = {"name": "mt-template", "cluster": "infra", "datastore": "vmfs-1"}
TEMPLATE = b.vm("mt-template", is_template=True)
AUTOMATIC = {"makeFromTemplate": "Automatic"}


def target(template=SPEC, remediation=AUTOMATIC, status=None):
    spec = {"template": template} if template else {}
    return b.master_target(remediation=remediation, vmName="mt-win-new", status=status, **spec)


def context(*machines, of=None, hosts=None, datastores=None, clusters=None, **changes):
    facts = b.facts(*(machines or (TEMPLATE,)))
    given = {"hosts": hosts, "datastores": datastores, "clusters": clusters}
    facts = replace(facts, **{name: found for name, found in given.items() if found is not None})
    site = b.site_context(b.view(vsphere=facts))
    return b.target_context(site=site, target=of or target(), vms=(), usage=None, holders=None, **changes)


def proposals(found, failing=("MasterTargetVMFound",)):
    return list(propose_new(found, frozenset(failing)))


@pytest.mark.parametrize(
    "found",
    [
        context(of=target(remediation={})),
        context(of=target(template=None)),
        replace(context(), site=b.blind_vsphere()),
        replace(context(), vms=(b.located(b.target_vm()), b.located(b.target_vm()))),
    ],
)
def test_not_wanted(found):
    assert proposals(found) == []


def test_not_without_the_finding():
    assert proposals(context(), ()) == []


def test_what_will_be_made_is_said_before():
    (fix,) = proposals(context(of=target(SPEC | {"cpus": 4, "memoryMib": 8192, "folder": "dr", "resourcePool": "mt"})))
    assert fix.is_makeable
    assert (fix.subject, fix.kind) == ("mt-win-new", KIND)
    assert fix.text.startswith(
        "Will be made by the operator: VM mt-win-new from template mt-template, in cluster infra, on vmfs-1;"
    )
    assert fix.text.endswith("To register it with the configuration server is a person's.")
    order = CloneOrder(b.CLUSTER, b.HOST_1, b.VMFS, resource_pool="mt", folder="dr", cpus=4, memory_mib=8192)
    assert fix.call == MachineCall(b.VCENTER, TEMPLATE.moref, TEMPLATE.instance_uuid, clone=order)


FIRST, SECOND = b.host(b.HOST_1), b.host(b.HOST_2)


@pytest.mark.parametrize(
    ("hosts", "host"),
    [
        ((replace(FIRST, connection_state="disconnected"), SECOND), b.HOST_2),
        ((replace(FIRST, is_in_maintenance=True), SECOND), b.HOST_2),
        ((replace(FIRST, is_in_maintenance=None), SECOND), b.HOST_2),
        ((replace(FIRST, cluster=None), SECOND), b.HOST_2),
        ((SECOND, FIRST), b.HOST_1),
    ],
)
def test_on_which_host(hosts, host):
    (fix,) = proposals(context(hosts=hosts))
    assert fix.call.clone.host == host


def test_on_the_host_that_is_named():
    (fix,) = proposals(context(of=target(SPEC | {"host": SECOND.name})))
    assert fix.call.clone.host == b.HOST_2
    (none,) = proposals(context(of=target(SPEC | {"host": "esx-404"})))
    assert "no host esx-404 of cluster infra" in none.remedy


PLAIN = b.vm("mt-template", is_template=False)
PARA = replace(TEMPLATE, controllers=(Controller(1000, ControllerKind.PARAVIRTUAL, 0),))
NVME = replace(TEMPLATE, controllers=(Controller(1000, ControllerKind.NVME, 0),))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (context(PLAIN), "vCenter shows no template mt-template, or several"),
        (context(TEMPLATE, replace(TEMPLATE, moref="vm-2")), "vCenter shows no template mt-template, or several"),
        (context(b.vm()), "vCenter shows no template mt-template, or several"),
        (context(PARA), "has paravirtual SCSI controllers or no LSI Logic one"),
        (context(NVME), "has paravirtual SCSI controllers or no LSI Logic one"),
        (context(replace(TEMPLATE, snapshots=(b.snapshot(),))), "template mt-template has snapshots"),
        (context(replace(TEMPLATE, unread=frozenset({"controllers"}))), "template mt-template could not be read"),
        (context(clusters=()), "vCenter shows no cluster infra, or several"),
        (context(datastores=()), "has datastore vmfs-1 mounted read/write"),
        (context(datastores=(b.datastore(mounts=()),)), "has datastore vmfs-1 mounted read/write"),
        (context(hosts=()), "no host of cluster infra"),
        (context(lodgers=(Lodger("app-1", None),)), "app-1 run through the one that is gone"),
    ],
)
def test_obstacles_are_told(found, said):
    (fix,) = proposals(found)
    assert not fix.is_makeable
    assert said in fix.remedy


def test_where_a_clone_goes_is_clear_or_not_told():
    facts = b.facts(TEMPLATE)
    assert clone_order(target(), facts) == CloneOrder(b.CLUSTER, b.HOST_1, b.VMFS)
    assert clone_order(target(template=None), facts) is None
    assert clone_order(target(SPEC | {"cluster": "nowhere"}), facts) is None


def without_vm() -> AilingWorld:
    """mt-win is not registered, and has no VM; its template is there."""
    site = ailing(AUTOMATIC, spec={"vmName": "mt-win-new", "template": SPEC})
    site.vms["mt-win"] = TEMPLATE
    return site


def test_shown_first_then_made_once():
    site = without_vm()
    assert site.round(perform=False).effects == ()
    assert remedies(site, "MasterTargetVMFound").startswith("Will be made by the operator: VM mt-win-new")
    (effect,) = evaluate(site.view()).effects
    assert effect.key == "MakeFromTemplate/mt-win-new/1"
    assert effect.call.machine == TEMPLATE.moref
    site.intend(effect)
    for _ in range(4):
        site.tick(3)
        assert site.round(perform=False).effects == ()
    assert site.targets["mt-win"].status.ledger[-1].outcome is O.INTENDED, "it may be seen yet"
    site.tick(6)
    site.round(perform=False)
    assert site.targets["mt-win"].status.ledger[-1].outcome is O.NOT_SENT
    assert [e.key for e in evaluate(site.view()).effects] == ["MakeFromTemplate/mt-win-new/2"]


MADE = {"ledger": [entry(O.SUCCEEDED, None, KIND, key="MakeFromTemplate/mt-win-new/1").wire()]}


def test_one_that_was_made_and_is_not_seen_is_not_made_again():
    (fix,) = proposals(context(of=target(status=MADE)))
    assert fix.is_for_a_person
    assert fix.remedy.startswith("The operator has made VM mt-win-new and does not see it yet")


@pytest.mark.parametrize(
    ("status", "server", "failing", "count"),
    [
        (MADE, None, ("MasterTargetRegistered",), 1),
        (None, None, ("MasterTargetRegistered",), 0),
        (MADE, b.master_target_server(), ("MasterTargetRegistered",), 0),
        (MADE, None, (), 0),
    ],
)
def test_its_registration_is_a_persons(status, server, failing, count):
    found = b.target_context(target=target(status=status), server=server)
    fixes = list(RULE_OF[KIND].propose(Ailing(found, found.vm, frozenset(failing))))
    assert len(fixes) == count
    assert all(f.is_for_a_person and "Register the master target in it" in f.remedy for f in fixes)


READY = b.located(b.target_vm())


@pytest.mark.parametrize(
    ("located", "outcome", "job"),
    [
        (READY, O.SUCCEEDED, None),
        (b.located(b.target_vm(power_state=PowerState.OFF)), O.RUNNING, "clone/unrecorded"),
        (b.located(b.target_vm(disk_uuid_enabled=False)), O.RUNNING, "clone/unrecorded"),
        (b.located(b.target_vm(power_state=None)), O.INTENDED, None),
        (b.located(b.target_vm(unread=frozenset({"disk_uuid_enabled"}))), O.INTENDED, None),
    ],
)
def test_a_crash_is_settled_by_the_vm_that_is_there(located, outcome, job):
    one = entry(O.INTENDED, None, KIND)
    (found,) = settle_vm([one], located, b.NOW, Limits())
    assert (found.outcome, found.job) == (outcome, job)


@pytest.mark.parametrize(
    ("outcome", "kind", "seconds", "result"),
    [
        (O.INTENDED, KIND, 0, O.INTENDED),
        (O.INTENDED, KIND, 1, O.NOT_SENT),
        (O.RUNNING, KIND, 1, O.RUNNING),
        (O.INTENDED, EffectKind.SET_DISK_UUID, 1, O.INTENDED),
    ],
)
def test_a_crash_without_a_vm_waits_until_it_would_be_seen(outcome, kind, seconds, result):
    one, limits = entry(outcome, None, kind), Limits()
    at = deadline(one, limits) + limits.effect_result + timedelta(seconds=seconds)
    (found,) = settle_without_vm([one], at, limits)
    assert found.outcome is result

"""Exclusion from Storage DRS and DRS: shown, then made, one datastore cluster at a time, also while disks are held. R15."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.mending import AilingWorld, ailing, excluded, remedies
from tests.unit.decide.read import target_of
from tests.unit.decide.test_ledger import O, entry

from failback_operator.decide.fixes import RULE_OF, Ailing
from failback_operator.decide.ledger_vm import settle_vm
from failback_operator.domain.ids import Moref
from failback_operator.domain.limits import Limits
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import Motion, MotionRule

STORAGE, HOSTS = EffectKind.EXCLUDE_FROM_STORAGE_DRS, EffectKind.EXCLUDE_FROM_DRS
BOTH = {"excludeFromStorageDrs": "Automatic", "excludeFromDrs": "Automatic"}
SECOND = b.pod(moref=Moref("group-p2"), name="silver")
MANUAL = b.pod(motion=Motion(True, "automated", (MotionRule(Moref("vm-mt-win"), is_enabled=True, behavior="manual"),)))
MOVING = b.cluster(motion=Motion(True, "fullyAutomated"))


def in_pods(**changes: object) -> AilingWorld:
    """The disks of mt-win lie in two datastore clusters that move VMs by themselves, and its cluster does so, too."""
    site = ailing(BOTH, pods=(b.pod(), SECOND), clusters=(MOVING,), **changes)  # type: ignore[arg-type]
    site.datastores = (b.datastore(pod=b.POD), b.datastore(b.NFS, name="nfs-1", pod=SECOND.moref))
    vm = site.vms["mt-win"]
    site.vms["mt-win"] = replace(vm, disks=(vm.disks[0], replace(vm.disks[1], datastore=b.NFS)))
    return site


def test_each_is_shown_then_made_once():
    site = in_pods()
    first = site.round()
    told = {f.check: f.remedy for f in target_of(first).findings}
    assert told["StorageDrsExcluded"] == (
        "Will be excluded by the operator: mt-win from Storage DRS of datastore cluster gold."
        " Will be excluded by the operator: mt-win from Storage DRS of datastore cluster silver."
    )
    assert told["DrsAutomation"] == "Will be excluded by the operator: mt-win from DRS of cluster infra."
    assert first.effects == ()
    for _ in range(8):
        site.tick(5)
        site.round()
    assert site.made == [(STORAGE, "mt-win"), (STORAGE, "mt-win"), (HOSTS, "mt-win")]
    ledger = site.targets["mt-win"].status.ledger
    places = (b.POD, SECOND.moref, b.CLUSTER)
    assert [e.key for e in ledger] == [f"{e.effect}/{place}/1" for e, place in zip(ledger, places, strict=True)]
    assert {e.outcome for e in ledger} == {O.SUCCEEDED}
    assert not {"StorageDrsExcluded", "DrsAutomation"} & {f.check for f in target_of(site.round()).findings}


def test_manual_leaves_them_to_a_person():
    site = in_pods()
    site.targets["mt-win"] = b.master_target()
    site.run(5)
    assert site.made == []
    assert "will be excluded" not in remedies(site, "StorageDrsExcluded").lower()


def test_they_are_made_while_disks_are_held_and_for_the_configuration_server():
    """Safety rule 8 allows these two; nothing of the VM changes."""
    context = b.target_context(
        target=b.master_target(remediation=BOTH),
        vms=(b.located(b.target_vm(), b.facts(pods=(b.pod(),), clusters=(MOVING,), datastores=(b.datastore(pod=b.POD),))),),
        holders=("app-1",),
        is_configuration_server=True,
    )
    for holders in (("app-1",), None):
        found = [f for kind in (STORAGE, HOSTS) for f in proposals(kind, replace(context, holders=holders))]
        assert [(f.kind, f.obstacle) for f in found] == [(STORAGE, None), (HOSTS, None)]


def proposals(kind, context, failing=("StorageDrsExcluded", "StorageDrsSilent", "DrsAutomation")):
    return list(RULE_OF[kind].propose(Ailing(context, context.vm, frozenset(failing))))


def context_of(pod=None, cluster=MOVING, remediation=BOTH, **vm):
    pods = (pod,) if pod else ()
    facts = b.facts(pods=pods, clusters=(cluster,) if cluster else (), datastores=(b.datastore(pod=b.POD),))
    return b.target_context(target=b.master_target(remediation=remediation), vms=(b.located(b.target_vm(**vm), facts),))


@pytest.mark.parametrize(
    ("context", "failing", "count"),
    [
        (context_of(b.pod()), ("StorageDrsExcluded",), 1),
        (context_of(b.pod()), ("StorageDrsSilent",), 0),
        (context_of(b.pod()), (), 0),
        (context_of(MANUAL), ("StorageDrsSilent",), 1),
        (context_of(MANUAL), ("StorageDrsExcluded",), 0),
        (context_of(b.pod(motion=None)), ("StorageDrsExcluded",), 0),
        (context_of(excluded(b.pod())), ("StorageDrsExcluded",), 0),
        (context_of(None), ("StorageDrsExcluded",), 0),
        (context_of(b.pod(), unread=frozenset({"disks"})), ("StorageDrsExcluded",), 0),
        (context_of(b.pod(), remediation={}), ("StorageDrsExcluded",), 0),
    ],
)
def test_which_datastore_clusters(context, failing, count):
    assert len(proposals(STORAGE, context, failing)) == count


@pytest.mark.parametrize(
    ("context", "count"),
    [
        (context_of(), 1),
        (context_of(remediation={}), 0),
        (context_of(cluster=None), 0),
        (context_of(cluster=b.cluster(motion=None)), 0),
        (context_of(host=None), 0),
    ],
)
def test_which_cluster(context, count):
    assert len(proposals(HOSTS, context)) == count
    assert proposals(HOSTS, context, ()) == []


def test_a_cluster_that_heeds_no_overrides_is_a_persons():
    deaf = b.cluster(motion=Motion(True, "fullyAutomated", are_rules_heeded=False))
    (fix,) = proposals(HOSTS, context_of(cluster=deaf))
    assert not fix.is_makeable
    assert "Not now: cluster infra heeds no VM overrides" in fix.remedy


DONE = b.located(b.target_vm(), b.facts(pods=(excluded(b.pod()),), clusters=(b.cluster(),)))
OPEN = b.located(b.target_vm(), b.facts(pods=(b.pod(),), clusters=(MOVING,)))
HIDDEN = b.located(b.target_vm(), b.facts(pods=(b.pod(motion=None),), clusters=(b.cluster(motion=None),)))
GONE = b.located(b.target_vm(), b.facts(clusters=()))


@pytest.mark.parametrize(("kind", "place"), [(STORAGE, b.POD), (HOSTS, b.CLUSTER)])
@pytest.mark.parametrize(
    ("outcome", "located", "result"),
    [
        (O.INTENDED, DONE, O.SUCCEEDED),
        (O.INTENDED, OPEN, O.NOT_SENT),
        (O.INTENDED, HIDDEN, O.INTENDED),
        (O.INTENDED, GONE, O.INTENDED),
        (O.RUNNING, OPEN, O.RUNNING),
        (O.RUNNING, DONE, O.SUCCEEDED),
    ],
)
def test_a_crash_is_settled_by_the_settings(kind, place, outcome, located, result):
    one = entry(outcome, None, kind, key=f"{kind}/{place}/1")
    (found,) = settle_vm([one], located, b.NOW, Limits())
    assert found.outcome is result


def test_one_that_was_not_sent_is_made_again_with_the_next_key():
    site = in_pods()
    site.round()
    (effect,) = evaluate(site.view()).effects
    site.intend(effect)
    for _ in range(3):
        site.tick(3)
        site.round()
    assert next(k.split(":")[1] for k in site.keys) == f"{STORAGE}/{b.POD}/2"


def test_a_refused_one_leaves_the_others_their_turn():
    site = in_pods()
    site.round()
    keys = []
    for _ in range(30):
        decision = evaluate(site.view())
        site.store(decision)
        site.tick(1)
        for effect in decision.effects:
            keys.append(effect.key)
            site.refuse(effect, "NoPermission: StoragePod.Config")
    assert keys == [
        f"{kind}/{place}/{attempt}"
        for kind, place in ((STORAGE, b.POD), (STORAGE, SECOND.moref), (HOSTS, b.CLUSTER))
        for attempt in (1, 2, 3)
    ]

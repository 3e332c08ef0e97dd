"""What holds whatever the world looks like."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.world import PENDING, World, uuid_of, vault_of, vsphere_of, world

from failback_operator.api.common import ConditionStatus, EffectOutcome, LedgerEntry
from failback_operator.domain.protected_item import CurrentScenario, ProtectedItem
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import EffectKind

NAMES = ("a-1", "b-1", "c-1", "d-1")
STATES = (b.protected_item, b.item, b.reprotected_item, b.failed_back_item, b.committed_item)
STAGES = ("Prepared", "Reprotected", "FailedBack", "Committed", "Protected")
SCENARIOS = (None, None, None, "SwitchReplicationGroupProtection", "UnplannedFailover", "CommitFailover", "IrCompletion")
CALM = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def items(draw: st.DrawFn, name: str) -> ProtectedItem:
    made = draw(st.sampled_from(STATES))(name)
    scenario = draw(st.sampled_from(SCENARIOS))
    disks = b.item_disks(draw(st.integers(1, 40)))
    detail = replace(made.detail, disks=disks, infrastructure_vm_id=uuid_of(name)) if draw(st.integers(0, 9)) else None
    return replace(
        made,
        detail=detail,
        current_scenario=CurrentScenario(scenario, "job-x") if scenario else None,
        allowed_operations=made.allowed_operations if draw(st.integers(0, 4)) else frozenset(),
        group_id=draw(st.sampled_from(("g-1", "g-2", name))),
    )


@st.composite
def ledgers(draw: st.DrawFn) -> list[LedgerEntry]:
    found = []
    for attempt in range(1, draw(st.integers(0, 3)) + 1):
        kind = draw(st.sampled_from([k for k in EffectKind if k.is_on_item]))
        intended = b.NOW - timedelta(seconds=draw(st.integers(0, 300)))
        found.append(
            LedgerEntry(
                key=f"{kind}/2026-11-24T05:00:00Z/{attempt}",
                effect=kind,
                intended_at=intended,
                not_after=intended + timedelta(seconds=30),
                outcome=draw(st.sampled_from(EffectOutcome)),
                job=draw(st.sampled_from((None, "job-x"))),
            )
        )
    return found


@st.composite
def worlds(draw: st.DrawFn) -> World:
    site = world(*NAMES, stage=draw(st.sampled_from(STAGES)), acceptIndependentPoints=True)
    site.items = {name: draw(items(name)) for name in NAMES}
    for name, item in site.items.items():
        count = len(item.detail.disks) if item.detail else 2
        site.vms[name] = replace(site.vms[name], disks=b.disks(count, name))
        if draw(st.integers(0, 3)) == 0:
            site.vms["mt-win"] = replace(site.vms["mt-win"], disks=(*site.vms["mt-win"].disks, *site.vms[name].disks))
    if draw(st.booleans()):
        site.plans["other"] = b.plan("other", machines=[{"name": draw(st.sampled_from(NAMES))}], stage="Protected")
    site.targets["mt-2"] = b.master_target("mt-2", cordon=draw(st.booleans()))
    site.vms["mt-2"] = b.target_vm("mt-2", guest=replace(b.target_vm().guest, ip_addresses=("10.10.0.22",)))
    site.store(evaluate(site.view()))
    for key, machine in site.machines.items():
        status = machine.status.model_copy(update={"ledger": draw(ledgers())})
        site.machines[key] = machine.model_copy(update={"status": status})
    return site


def shuffled(view: SiteView, random) -> SiteView:
    """The same view with every list in another order."""

    def mixed(sequence):
        found = list(sequence)
        random.shuffle(found)
        return tuple(found)

    vault, vsphere = vault_of(view), vsphere_of(view)
    fabric = replace(
        vault.fabric, process_servers=mixed(vault.fabric.process_servers), master_targets=mixed(vault.fabric.master_targets)
    )
    moved = replace(
        vault,
        fabric=fabric,
        items=mixed(vault.items),
        policies=mixed(vault.policies),
        mappings=mixed(vault.mappings),
        azure_vms=mixed(vault.azure_vms),
        jobs=mixed(vault.jobs),
    )
    inventory = replace(
        vsphere, hosts=mixed(vsphere.hosts), datastores=mixed(vsphere.datastores), machines=mixed(vsphere.machines)
    )
    snapshot = replace(
        view.snapshot,
        vault=replace(view.snapshot.vault, facts=moved),
        vcenters={b.VCENTER: replace(view.snapshot.vcenters[b.VCENTER], facts=inventory)},
    )
    return replace(
        view,
        snapshot=snapshot,
        targets=mixed(view.targets),
        servers=mixed(view.servers),
        plans=mixed(view.plans),
        machines=mixed(view.machines),
    )


@CALM
@given(worlds(), st.randoms(use_true_random=False))
def test_a_decision_depends_on_the_view_alone_and_not_on_its_order(site, random):
    view = site.view()
    first = evaluate(view)
    assert evaluate(view) == first
    assert evaluate(shuffled(view, random)) == first


@CALM
@given(worlds())
def test_never_two_effects_on_one_machine_nor_one_while_something_runs(site):
    decision = evaluate(site.view())
    assert all(n == 1 for n in Counter(e.owner for e in decision.effects).values())
    settled = {(s.owner.name, s.entry.key): s.entry for s in decision.settlements}
    for effect in decision.effects:
        if not effect.kind.is_on_item:
            continue
        machine = site.machines[effect.owner.name]
        item = next(i for i in site.items.values() if i.arm_id == machine.spec.item_id)
        assert item.current_scenario is None
        ledger = [settled.get((machine.name, e.key), e) for e in machine.status.ledger]
        assert not any(e.outcome in {EffectOutcome.INTENDED, EffectOutcome.RUNNING} for e in ledger)
        assert effect.key not in {e.key for e in ledger}
        if effect.kind is EffectKind.REPROTECT:
            assert machine.spec.recorded
    groups = [site.items[site.machines[e.owner.name].spec.machine_name].group_id for e in decision.effects if e.kind.is_on_item]
    assert len(groups) == len(set(groups))


@CALM
@given(worlds())
def test_no_reprotect_is_decided_that_would_overfill_a_master_target(site):
    decision = evaluate(site.view())
    taken = Counter({name: len(site.vms[name].disks) for name in site.targets})
    for effect in decision.effects:
        if effect.kind is EffectKind.REPROTECT:
            details = effect.call.body["properties"]["providerSpecificDetails"]
            name = site.machines[effect.owner.name].spec.machine_name
            taken[details["masterTargetId"].removesuffix("-id")] += len(site.vms[name].disks)
    assert all(count <= 60 for name, count in taken.items() if count > len(site.vms[name].disks))


@CALM
@given(worlds())
def test_what_is_unknown_is_never_ready(site):
    for found in evaluate(site.view()).statuses.values():
        states = {c.type: c.status for c in found.conditions}
        blockers = [f for f in found.findings if f.severity == "Blocker" and not f.waived]
        parts = {k: v for k, v in states.items() if k not in {"Ready", "Reconciling", "Stalled", "Scheduled"}}
        if found.__class__.__name__ in {"MasterTargetStatus", "ProcessServerStatus", "RecoverySiteStatus"} and blockers:
            assert states["Ready"] is not ConditionStatus.TRUE
        if (
            found.__class__.__name__ == "FailbackPlanStatus"
            and states["Ready"] is ConditionStatus.TRUE
            and found.phase != "Protected"
        ):
            assert (
                all(v is not ConditionStatus.UNKNOWN for v in parts.values()) or found.machines.in_flight or found.machines.done
            )
        assert len({(f.check, f.subject) for f in found.findings}) == len(found.findings)


@CALM
@given(worlds())
def test_statuses_fit_the_schema_and_survive_a_round_trip(site):
    for found in evaluate(site.view()).statuses.values():
        again = type(found).model_validate(found.wire())
        assert again.wire() == found.wire()
        assert again == found


SOME = st.frozensets(st.sampled_from(NAMES)).map(sorted)
ROUNDS = st.lists(st.tuples(SOME, SOME), min_size=25, max_size=25)


@pytest.mark.timeout(300)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(disks=st.integers(1, 14), grouped=SOME, pending=SOME, rounds=ROUNDS)
def test_whenever_jobs_end_each_machine_has_each_effect_once_and_sixty_disks_are_never_exceeded(disks, grouped, pending, rounds):
    wish = {"stage": "Protected", "acceptIndependentPoints": True, "commitFailover": True}
    site = world(*NAMES, disks=disks, **wish)
    for name in grouped:
        site.items[name] = replace(site.items[name], group_id="g")
    for name in pending:
        site.items[name] = replace(site.items[name], **PENDING)
    for jobs, syncs in rounds:
        site.round()
        if jobs:
            site.finish_jobs(*jobs)
        if syncs:
            site.finish_syncs(*syncs)
        site.tick()
        assert site.most_disks <= 60
    site.run(120)
    steps = [k for k in EffectKind if k.is_on_item and k is not EffectKind.COMMIT_FAILOVER]
    commits = Counter((EffectKind.COMMIT_FAILOVER, n) for n in pending)
    assert Counter(site.made) == commits + Counter((k, n) for k in steps for n in NAMES)
    assert site.most_disks <= 60


def test_a_thousand_machines_are_decided_about_at_once():
    site = world(*(f"m-{n:04}" for n in range(1000)), stage="Protected")
    for n in range(2, 41):
        site.targets[f"mt-{n}"] = b.master_target(f"mt-{n}")
        site.vms[f"mt-{n}"] = b.target_vm(f"mt-{n}", guest=replace(b.target_vm().guest, ip_addresses=()))
    site.store(evaluate(site.view()))
    decision = evaluate(site.view())
    assert len(decision.effects) == 4
    assert sum(s.disks.reserved for k, s in decision.statuses.items() if k.kind == "MasterTarget") == 2000

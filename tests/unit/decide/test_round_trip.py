"""Machines go all the way home, each step once and in order."""

import pytest
from tests.unit.decide.world import world

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.domain.steps import EffectKind

STEPS = [EffectKind.REPROTECT, EffectKind.FAILBACK, EffectKind.COMMIT, EffectKind.PROTECT]


ON_THE_WAY = [
    Phase.FAILED_OVER,
    Phase.REPROTECTING,
    Phase.REPROTECTED,
    Phase.FAILING_BACK,
    Phase.FAILED_BACK,
    Phase.COMMITTING,
    Phase.COMMITTED,
    Phase.PROTECTING,
    Phase.PROTECTED,
]


def _ready(plan):
    return next(c for c in plan.status.conditions if c.type == "Ready")


def test_one_machine_comes_home_by_four_effects():
    site = world("app-1", stage="Protected")
    site.run()
    assert site.made == [(kind, "app-1") for kind in STEPS]
    plan = site.plans["payroll"]
    assert (_ready(plan).status, _ready(plan).reason) == ("True", "StageReached")
    assert [h.phase for h in plan.status.history] == [p.value for p in ON_THE_WAY]
    assert next(iter(site.machines.values())).status.phase is Phase.PROTECTED


@pytest.mark.parametrize(
    ("stage", "made", "phase"),
    [
        ("Prepared", 0, Phase.FAILED_OVER),
        ("Reprotected", 1, Phase.REPROTECTED),
        ("FailedBack", 2, Phase.FAILED_BACK),
        ("Committed", 3, Phase.COMMITTED),
        ("Protected", 4, Phase.PROTECTED),
    ],
)
def test_goes_no_further_than_the_stage(stage, made, phase):
    site = world("app-1", stage=stage)
    site.run()
    assert [kind for kind, _ in site.made] == STEPS[:made]
    assert next(iter(site.machines.values())).status.phase is phase


def test_group_moves_together():
    site = world("app-1", "db-1", "web-1", group="payroll", stage="Protected", acceptIndependentPoints=True)
    site.run(90)
    assert sorted(site.made) == sorted((kind, name) for kind in STEPS for name in ("app-1", "db-1", "web-1"))
    kinds = [kind for kind, _ in site.made]
    assert kinds == sorted(kinds, key=STEPS.index)


def test_many_disks_never_exceed_sixty():
    site = world("a-1", "b-1", "c-1", "d-1", disks=20, stage="Protected", concurrency={"reprotect": 60, "failback": 60})
    site.run(90)
    assert sorted(site.made) == sorted((kind, name) for kind in STEPS for name in site.items)
    assert site.most_disks <= 60

"""What is told of a master target's snapshots: the cure of the catalogue, unless it holds disks that come home."""

import pytest
from tests.unit import builders as a

from failback_operator.checks.engine import run
from failback_operator.checks.master_target import TARGET_CHECKS
from failback_operator.domain.verdicts import Outcome


@pytest.mark.parametrize(
    ("snapshots", "holders", "outcome", "remedy"),
    [
        ((), (), Outcome.PASS, None),
        ((), ("app-1",), Outcome.PASS, None),
        ((a.snapshot(),), (), Outcome.FAIL, None),
        ((a.snapshot(),), None, Outcome.FAIL, None),
        ((a.snapshot(),), ("app-1", "db-1"), Outcome.FAIL, "It holds disks of app-1, db-1: leave it alone until they are home."),
    ],
)
def test_snapshots_are_left_alone_while_disks_are_held(snapshots, holders, outcome, remedy):
    context = a.target_context(vms=(a.located(a.target_vm(snapshots=snapshots)),), holders=holders)
    verdict = next(v for v in run(TARGET_CHECKS, context) if v.check_id == "NoSnapshots")
    assert (verdict.outcome, verdict.remedy) == (outcome, remedy)

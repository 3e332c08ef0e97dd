"""Of the fixes of a master target which one is made: only what was shown, counted by its own attempts alone."""

import pytest
from tests.unit import builders as b
from tests.unit.decide.test_ledger import O, entry

from failback_operator.api.common import Finding, Severity
from failback_operator.checks.master_target import TARGET_CHECKS
from failback_operator.decide.judgement import rule_on
from failback_operator.decide.remediation import fix_effect, fixes_of
from failback_operator.domain.mending import SHUT_DOWN_GUEST
from failback_operator.domain.steps import EffectKind

REMOVE, CYCLE = EffectKind.REMOVE_SNAPSHOTS, EffectKind.POWER_CYCLE


def shown(check, remedy):
    return Finding(
        check=check,
        subject="MasterTarget/mt-win",
        severity=Severity.BLOCKER,
        verdict="Fail",
        expected="none",
        observed="one",
        remedy=remedy,
    )


def context_of(ledger=(), findings=(), vm=None, **status):
    spec = {"remediation": {"removeSnapshots": "Automatic", "enableDiskUuid": "Automatic"}, "allowPowerCycle": True}
    target = b.master_target(status=status, **spec)
    target = target.model_copy(
        update={"status": target.status.model_copy(update={"ledger": list(ledger), "findings": list(findings)})}
    )
    found = vm or b.target_vm(snapshots=(b.snapshot(),))
    return b.target_context(target=target, vms=(b.located(found),))


def made(context):
    return fix_effect(context, fixes_of(context, rule_on(TARGET_CHECKS, context)))


REMEDY = fixes_of(context_of(), rule_on(TARGET_CHECKS, context_of()))[0].remedy


@pytest.mark.parametrize(
    ("check", "is_made"), [("NoSnapshots", True), ("MasterTargetVMFound", False), ("ToolsRunning", False), ("", False)]
)
def test_only_its_own_finding_shows_a_fix(check, is_made):
    found = made(context_of(findings=[shown(check, REMEDY)] if check else []))
    assert (found is not None) is is_made


def test_another_remedy_shows_no_fix():
    assert made(context_of(findings=[shown("NoSnapshots", "Delete them.")])) is None


def failed(kind, number, key=None, **changes):
    return entry(O.FAILED, kind=kind, key=key or f"{kind.value}/{number}", settled_at=b.minutes_ago(60), **changes)


@pytest.mark.parametrize(
    ("kind", "subject", "attempt"),
    [
        (REMOVE, "", "RemoveSnapshots/3"),
        (EffectKind.EXCLUDE_FROM_DRS, "", "RemoveSnapshots/1"),
        (EffectKind.SET_DISK_UUID, "", "RemoveSnapshots/1"),
        (REMOVE, "vm-9/", "RemoveSnapshots/1"),
    ],
)
def test_attempts_of_another_fix_count_for_nothing(kind, subject, attempt):
    ledger = [failed(kind, n, key=f"{kind.value}/{subject}{n}") for n in (1, 2)]
    assert made(context_of(ledger, [shown("NoSnapshots", REMEDY)])).key == attempt


def test_after_three_tries_it_is_a_persons_and_the_last_answer_is_told_in_part():
    ledger = [failed(REMOVE, n, message="y" * 1000) for n in (1, 2, 3)]
    context = context_of(ledger, [shown("NoSnapshots", REMEDY)])
    (fix,) = fixes_of(context, rule_on(TARGET_CHECKS, context))
    assert (fix.is_for_a_person, fix.is_makeable) == (True, False)
    assert f" {'y' * 400}. Mend it by hand, or name RemoveSnapshots/3 in spec.retries" in fix.text
    assert made(context) is None


def test_what_waits_for_a_guest_that_does_not_shut_down_is_a_persons():
    job = f"{SHUT_DOWN_GUEST}/20260826T050000.000000Z"
    runs = entry(kind=CYCLE, key="PowerCycle/1", job=job, intended_at=b.minutes_ago(30))
    vm = b.target_vm()
    context = context_of([runs], vm=vm, diskUuidSetAt=b.minutes_ago(60), diskUuidEnabled=True)
    (fix,) = fixes_of(context, rule_on(TARGET_CHECKS, context))
    assert (fix.kind, fix.is_for_a_person, fix.is_makeable) == (CYCLE, True, False)
    assert "still runs" in fix.text

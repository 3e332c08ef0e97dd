"""How parts become a whole, and how names and heartbeats are told."""

from datetime import timedelta

import pytest
from tests.unit import builders as a

from failback_operator.checks.answers import any_of, every, failed, heartbeat, listed, not_applicable, passed, unknown
from failback_operator.domain.verdicts import Outcome

P, F, U, N = passed("p"), failed("f"), unknown("u"), not_applicable("n")


@pytest.mark.parametrize(
    ("parts", "outcome", "observed"),
    [
        ((P, U, F), Outcome.FAIL, "f"),
        ((P, U, N), Outcome.UNKNOWN, "u"),
        ((P, N), Outcome.PASS, "p"),
        ((N,), Outcome.NOT_APPLICABLE, "n"),
        ((), Outcome.NOT_APPLICABLE, "nothing to judge"),
        ((F, failed("g"), F), Outcome.FAIL, "f; g"),
    ],
)
def test_every(parts, outcome, observed):
    whole = every(parts)
    assert (whole.outcome, whole.observed) == (outcome, observed)


@pytest.mark.parametrize(
    ("parts", "outcome", "observed"),
    [
        ((F, U, P), Outcome.PASS, "p"),
        ((F, U), Outcome.UNKNOWN, "u"),
        ((F, failed("g"), N), Outcome.FAIL, "f; g"),
        ((N,), Outcome.NOT_APPLICABLE, "n"),
        ((), Outcome.UNKNOWN, "there is nothing to judge"),
    ],
)
def test_any_of(parts, outcome, observed):
    whole = any_of(parts)
    assert (whole.outcome, whole.observed) == (outcome, observed)


def test_a_whole_keeps_remedies_and_the_earliest_time():
    early, late = a.minutes_ago(-1), a.minutes_ago(-2)
    whole = every((failed("f", "Do this.", late), failed("g", "Do that.", early), failed("h")))
    assert (whole.remedy, whole.recheck_at) == ("Do this. Do that.", early)


def test_names_are_sorted_and_few():
    assert listed(["b", "a", "b"]) == "a, b"
    assert listed("abcde") == "a, b, c, d, e"
    assert listed("fabcdeg") == "a, b, c, d, e and 2 more"


def test_a_heartbeat_tells_when_it_will_be_too_old():
    limit = timedelta(minutes=15)
    answer = heartbeat("cs-1", a.minutes_ago(5), a.NOW, limit)
    assert answer.recheck_at == a.minutes_ago(-10)

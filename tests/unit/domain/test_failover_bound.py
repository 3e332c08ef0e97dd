"""Up to which failover a plan applies."""

from datetime import timedelta

import pytest
from tests.unit import builders as a

from failback_operator.domain.failover_bound import BoundState, effective_bound
from failback_operator.domain.limits import Limits

SECOND = timedelta(seconds=1)


def bound(value, first_seen=None, stored=None, now=a.NOW):
    status = {"failoverBound": {"value": stored or value, "firstSeen": first_seen}} if first_seen else {}
    return effective_bound(a.plan(status=status, failedOverBefore=value), now, Limits())


def test_none_is_given():
    found = bound(None)
    assert (found.state, found.bound, found.first_seen) == (BoundState.NOT_GIVEN, None, None)
    assert not found.covers(a.FAILED_OVER_AT)


def test_a_past_value_counts_as_it_is():
    found = bound(a.BOUND)
    assert (found.state, found.bound, found.first_seen) == (BoundState.COUNTS, a.BOUND, a.NOW)


@pytest.mark.parametrize(("ahead", "state"), [(5, BoundState.COUNTS), (5.1, BoundState.AHEAD)])
def test_five_minutes_ahead_is_a_clock_more_is_a_mistake(ahead, state):
    assert bound(a.minutes_ago(-ahead)).state is state
    assert bound(a.minutes_ago(-ahead), first_seen=a.NOW, now=a.NOW + timedelta(days=1)).state is state


def test_the_first_look_bounds_what_is_ahead_of_it():
    found = bound(a.minutes_ago(-3))
    assert found.bound == a.NOW
    assert found.covers(a.NOW)
    assert not found.covers(a.NOW + SECOND)


def test_once_seen_the_value_stands():
    value = a.minutes_ago(-3)
    assert bound(value, first_seen=a.NOW, now=a.NOW + timedelta(days=9)).bound == value


def test_a_value_ahead_stays_ignored_when_its_time_has_come():
    found = bound(a.minutes_ago(-60), first_seen=a.NOW, now=a.NOW + timedelta(days=9))
    assert (found.state, found.bound) == (BoundState.AHEAD, None)


def test_an_edited_value_is_seen_anew():
    found = bound(a.BOUND, first_seen=a.minutes_ago(300), stored=a.minutes_ago(-60))
    assert (found.state, found.first_seen, found.bound) == (BoundState.COUNTS, a.NOW, a.BOUND)


def test_a_lost_status_covers_nothing_that_is_still_to_come():
    found = bound(a.minutes_ago(-4))
    assert not found.covers(a.minutes_ago(-1))


def test_fractions_of_a_second_do_not_make_a_value_new():
    value = a.BOUND.replace(microsecond=500)
    found = bound(value, first_seen=a.minutes_ago(10), stored=a.BOUND)
    assert found.first_seen == a.minutes_ago(10)


@pytest.mark.parametrize(("offset", "covered"), [(-SECOND, True), (timedelta(0), True), (SECOND, False)])
def test_boundary(offset, covered):
    assert bound(a.BOUND).covers(a.BOUND + offset) is covered

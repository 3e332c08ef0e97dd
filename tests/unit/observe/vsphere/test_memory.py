"""What stands in for an answer of vCenter that fails: the last one, for a while, and never after a refusal."""

from datetime import UTC, datetime, timedelta

import pytest
from pyVmomi import vim, vmodl

from failback_operator.observe.vsphere.endpoint import VsphereSettings
from failback_operator.observe.vsphere.memory import Memory

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PASSING = vmodl.fault.SystemError()


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def memory(clock):
    return Memory(VsphereSettings(now=clock, answers_kept=timedelta(minutes=5)))


def test_an_answer_is_given_back_and_stands_in_for_one_that_fails(memory):
    assert memory.keep("question", 1) == 1
    assert memory.after(PASSING, "question", None) == 1


def test_nothing_stands_in_for_an_answer_that_there_never_was(memory):
    memory.keep("another", 1)
    assert memory.after(PASSING, "question", "unknown") == "unknown"


@pytest.mark.parametrize(("seconds", "expected"), [(299, 1), (300, 1), (301, None)])
def test_it_stands_in_for_as_long_as_facts_are_judged(memory, clock, seconds, expected):
    memory.keep("question", 1)
    clock.now += timedelta(seconds=seconds)
    assert memory.after(PASSING, "question", None) == expected


@pytest.mark.parametrize("refusal", [vim.fault.NoPermission(), vmodl.fault.NotSupported(), vmodl.fault.ManagedObjectNotFound()])
def test_a_refusal_is_an_answer(memory, refusal):
    memory.keep("question", 1)
    assert memory.after(refusal, "question", None) is None
    assert memory.after(PASSING, "question", None) is None  # nor is what was before it remembered

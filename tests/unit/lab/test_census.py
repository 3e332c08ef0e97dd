"""The demo's judgement: exactly one of each step for each machine, and nothing that was sent twice, taken or not."""

import pytest

from failback_lab.demo.census import STEPS, Census

POSTS = (
    ("reProtect", "InMage"),
    ("unplannedFailover", "InMage"),
    ("failoverCommit", None),
    ("reProtect", "InMageAzureV2"),
)


def post(operation, provider, job="job", item="crm-1"):
    return {"method": "POST", "operation": operation, "instance_type": provider, "item": item, "job": job}


WHOLE = [post(*each) for each in POSTS]
READ = {"method": "GET", "operation": "items.get", "item": "crm-1"}


def test_a_whole_round_has_no_problem():
    assert Census.of([READ, *WHOLE]).problems(["crm-1"]) == []


@pytest.mark.parametrize("step", range(4))
def test_what_is_missing_or_done_twice_is_told(step):
    assert Census.of(WHOLE[:step] + WHOLE[step + 1 :]).problems(["crm-1"]) == [f"crm-1: 0 times {STEPS[step]}, expected 1"]
    assert Census.of([*WHOLE, WHOLE[step]]).problems(["crm-1"]) == [f"crm-1: 2 times {STEPS[step]}, expected 1"]


@pytest.mark.parametrize("step", range(4))
def test_a_second_call_that_was_refused_is_one_too_many(step):
    refused = post(*POSTS[step], job=None)
    assert Census.of([*WHOLE, refused]).problems(["crm-1"]) == [f"crm-1: 1 times {STEPS[step]} was sent and refused"]


def test_a_machine_that_nobody_asked_for_is_told():
    assert Census.of([*WHOLE, post("reProtect", "InMage", item="files-1")]).problems(["crm-1"]) == [
        "files-1: not a machine of the plan"
    ]

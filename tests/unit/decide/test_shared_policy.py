"""A failback policy is made and associated where there is none: shown first, once each, never over what is there. R10."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.shared_mending import NEW, SharedWorld, intent, shared, site_status

from failback_operator.api.common import EffectOutcome as O
from failback_operator.decide.site_fixes.policy import CHECK
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import JobError, JobState, MissingJob
from failback_operator.domain.policy import Policy
from failback_operator.domain.reading import Part
from failback_operator.domain.rights import Denial, Permission, VaultPart
from failback_operator.domain.steps import EffectKind, VaultCall

IF_MISSING = {"failbackPolicy": {"create": "IfMissing"}}
CREATE, ASSOCIATE = f"CreateFailbackPolicy/{NEW}/1", f"AssociateFailbackPolicy/cloud-1:{NEW}/1"
MADE = ArmId(f"{b.VAULT_ID}/replicationPolicies/{NEW}")
OTHER = b.failback_policy(rpo_threshold_minutes=30)
NONE = {"policies": (b.forward_policy(),), "mappings": (b.forward_mapping(),)}


def bare(spec=IF_MISSING, **vault) -> SharedWorld:
    """A vault without failback policy."""
    site = shared(**spec)
    site.vault = NONE | vault
    return site


def remedy(site: SharedWorld) -> str:
    site.shared(do=False)
    found = site.finding(CHECK)
    assert found is not None
    return found.remedy


def test_it_is_shown_then_made_then_associated_once_each_then_nothing_is_left_to_do():
    site = bare()
    assert site.shared() == []
    (create,) = site.shared()
    assert create.key == CREATE
    assert create.call == VaultCall(
        MADE,
        body={
            "properties": {
                "providerSpecificInput": {
                    "instanceType": "InMage",
                    "recoveryPointThresholdInMinutes": 15,
                    "recoveryPointHistory": 1440,
                    "appConsistentFrequencyInMinutes": 60,
                    "multiVmSyncStatus": "Enable",
                }
            }
        },
    )
    running = site_status(evaluate(site.view()))
    assert next(c for c in running.conditions if c.type == "Reconciling").message == "CreateFailbackPolicy is under way"
    assert site.shared() == []
    site.end()
    site.tick()
    assert site.shared() == [], "the next step is shown before it is made"
    (associate,) = site.shared()
    assert associate.key == ASSOCIATE
    assert associate.call == VaultCall(
        ArmId(f"{b.CONTAINER_ID}/replicationProtectionContainerMappings/{NEW}"),
        body={
            "properties": {
                "targetProtectionContainerId": str(b.CONTAINER_ID),
                "policyId": str(MADE),
                "providerSpecificInput": {},
            }
        },
    )
    site.end()
    for _ in range(3):
        site.tick()
        assert site.shared() == []
    assert [e.outcome for e in site.ledger()] == [O.SUCCEEDED, O.SUCCEEDED]
    assert site.finding(CHECK) is None


def test_what_will_be_made_is_told():
    assert remedy(bare()) == (
        f"Will be made by the operator: failback policy {NEW} (RPO threshold 15 min, retention 1440 min, app-consistent every "
        "60 min). Then it is associated with the configuration server."
    )


@pytest.mark.parametrize("spec", [{}, {"failbackPolicy": {"create": "Never"}}, IF_MISSING | {"suspend": True}])
def test_nothing_is_made_unless_the_spec_says_so(spec):
    site = bare(spec)
    assert [site.shared() for _ in range(4)] == [[]] * 4


def test_nothing_is_made_where_policies_may_not_be_read():
    site = bare(denied=(Denial(VaultPart.POLICIES, "x", None),))
    assert [site.shared() for _ in range(3)] == [[]] * 3


def test_an_existing_policy_of_the_figures_is_associated_and_the_own_one_preferred():
    site = bare(policies=(b.forward_policy(), b.failback_policy()))
    site.shared()
    (effect,) = site.shared(do=False)
    assert effect.call.body["properties"]["policyId"] == str(b.FAILBACK_POLICY_ID)
    own = Policy(MADE, NEW, "InMage", 15, 1440, 60)
    site.vault["policies"] = (b.failback_policy(name="a"), own)
    site.shared(do=False)
    (effect,) = site.shared(do=False)
    assert effect.call.body["properties"]["policyId"] == str(MADE)


@pytest.mark.parametrize(
    ("vault", "says"),
    [
        ({"policies": (Policy(MADE, NEW, "InMage", 30, 1440, 60),)}, f"the vault has a policy {NEW} with other figures"),
        ({"policies": (Policy(MADE, NEW, "InMageAzureV2", 15, 1440, 60),)}, f"the vault has a policy {NEW} with other figures"),
        (
            {"policies": (b.failback_policy(retention_minutes=None),)},
            "the figures of failback policy policy-24h-failback were not reported",
        ),
        ({"items": ()}, "no machine of the configuration server is protected"),
        (
            {"permissions": Part((Permission(("*/read", "*/replicationPolicies/write")),), b.NOW, None)},
            "replicationProtectionContainerMappings/write on the vault",
        ),
        (
            {
                "policies": (b.failback_policy(),),
                "mappings": (
                    b.failback_mapping(
                        arm_id=ArmId(f"{b.CONTAINER_ID}/replicationProtectionContainerMappings/policy-24h-failback"),
                        policy_id=b.POLICY_ID,
                    ),
                ),
            },
            "the container has a mapping policy-24h-failback of another policy",
        ),
        (
            {"policies": (b.failback_policy(),), "mappings": (b.failback_mapping(state="Pairing"),)},
            "its mapping failback is there and is Pairing",
        ),
    ],
)
def test_what_is_there_or_not_known_keeps_it_from_being_made_and_is_told(vault, says):
    site = bare(**vault)
    assert [site.shared() for _ in range(3)] == [[]] * 3
    assert f"Not now: {says}" in remedy(site) or says in remedy(site)


def test_rights_that_were_not_read_keep_nothing_back():
    site = bare(permissions=Part())
    site.shared()
    assert [e.key for e in site.shared()] == [CREATE]


def test_a_policy_of_other_figures_is_left_alone_and_another_one_made():
    site = bare(policies=(OTHER,), mappings=(b.failback_mapping(),))
    site.shared()
    assert [e.key for e in site.shared()] == [CREATE]


def test_each_container_with_machines_gets_its_association():
    second = ArmId(f"{b.FABRIC_ID}/replicationProtectionContainers/cloud-2")
    site = bare(
        policies=(b.failback_policy(),), mappings=(b.failback_mapping(),), items=(b.item(), b.item("db-1", container_id=second))
    )
    site.shared()
    assert [e.key for e in site.shared()] == ["AssociateFailbackPolicy/cloud-2:policy-24h-failback/1"]


SECOND = ArmId(f"{b.FABRIC_ID}/replicationProtectionContainers/cloud-2")


def two_containers(*mappings, policies=None) -> SharedWorld:
    return bare(
        policies=policies or (b.failback_policy(),), mappings=mappings, items=(b.item(), b.item("db-1", container_id=SECOND))
    )


def test_a_container_that_is_held_does_not_hold_the_others():
    site = two_containers(b.failback_mapping(state="Pairing"))
    site.shared()
    assert [e.key for e in site.shared()] == ["AssociateFailbackPolicy/cloud-2:policy-24h-failback/1"]
    assert "Not now: its mapping failback is there and is Pairing." in remedy(site)


def test_containers_are_associated_one_after_the_other():
    site = two_containers()
    site.shared()
    assert [e.key for e in site.shared()] == ["AssociateFailbackPolicy/cloud-1:policy-24h-failback/1"]
    assert site.shared() == []


@pytest.mark.parametrize(
    ("state", "says"), [("Paired", ""), ("Pairing", "failback is there and is Pairing"), (None, "its state was not reported")]
)
def test_a_container_with_a_mapping_of_another_policy_of_the_figures_gets_no_second_one(state, says):
    own = Policy(MADE, NEW, "InMage", 15, 1440, 60)
    site = two_containers(b.failback_mapping(state=state), policies=(b.failback_policy(), own))
    site.shared()
    assert [e.key for e in site.shared()] == [f"AssociateFailbackPolicy/cloud-2:{NEW}/1"]
    assert says in remedy(site)
    assert ("container cloud-1" in remedy(site)) == bool(says)


def test_a_suspended_site_says_what_holds_the_policy():
    site = bare(IF_MISSING | {"suspend": True})
    assert "Not now: the RecoverySite tokyo is suspended: set its spec.suspend to false to go on." in remedy(site)


def test_what_is_listed_is_made_though_no_job_of_that_name_is_known():
    site = begun()
    site.jobs.clear()
    site.tick()
    site.shared(do=False)
    assert site.ledger()[0].outcome is O.RUNNING
    site.vault["policies"] = (Policy(MADE, NEW, "InMage", 15, 1440, 60),)
    site.shared(do=False)
    assert site.ledger()[0].outcome is O.SUCCEEDED


def test_what_is_listed_waits_for_the_end_of_a_job_that_is_known():
    site = begun()
    site.vault["policies"] = (Policy(MADE, NEW, "InMage", 15, 1440, 60),)
    site.tick()
    site.shared(do=False)
    assert site.ledger()[0].outcome is O.RUNNING
    site.jobs[-1] = replace(site.jobs[-1], state=JobState.SUCCEEDED, state_description="Completed", ended_at=site.now)
    site.shared(do=False)
    assert site.ledger()[0].outcome is O.SUCCEEDED


def test_without_a_known_container_nothing_is_associated():
    site = bare(policies=(b.failback_policy(),), items=())
    assert [site.shared() for _ in range(3)] == [[]] * 3
    assert "Create the failback policy" in remedy(site)


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_crash_between_intent_and_answer_makes_no_second_one(is_taken):
    site = bare()
    site.shared()
    (effect,) = site.shared(do=False)
    if is_taken:
        site.call(effect, O.INTENDED)
        site.end()
    else:
        site.put(intent(effect, site.now, O.INTENDED))
    for _ in range(10):
        site.tick()
        site.shared(do=False)
    (entry,) = site.ledger()
    assert entry.outcome is (O.SUCCEEDED if is_taken else O.INTENDED)
    site.tick(10)
    site.shared(do=False)
    assert site.ledger()[0].outcome is (O.SUCCEEDED if is_taken else O.NOT_SENT)
    site.shared(do=False)
    keys = [e.key for e in site.shared(do=False)]
    assert keys == ([ASSOCIATE] if is_taken else [f"CreateFailbackPolicy/{NEW}/2"])


def test_a_job_that_an_unanswered_call_began_is_followed():
    site = bare()
    site.shared()
    (effect,) = site.shared(do=False)
    site.call(effect, O.INTENDED)
    site.shared(do=False)
    assert [(e.outcome, e.job) for e in site.ledger()] == [(O.RUNNING, "job-1")]
    assert evaluate(site.view()).watch_jobs == {"job-1"}


@pytest.mark.parametrize(
    "changes",
    [{"started_at": b.minutes_ago(9)}, {"started_at": None}, {"target_object_name": "else"}, {"target_object_name": None}],
)
def test_a_job_of_another_time_or_thing_is_not_taken_for_it(changes):
    site = bare()
    site.shared()
    (effect,) = site.shared(do=False)
    site.call(effect, O.INTENDED)
    site.jobs[-1] = replace(site.jobs[-1], **changes)
    site.shared(do=False)
    assert site.ledger()[0].outcome is O.INTENDED


def begun() -> SharedWorld:
    site = bare()
    site.shared()
    site.shared()
    return site


def test_a_failed_job_is_told_in_its_own_words_and_given_up_after_three_until_a_person_says_so():
    site = begun()
    for attempt in (1, 2, 3):
        site.end(JobState.FAILED, errors=(JobError("31010", "no room", "It is full.", "Make room."),))
        site.shared()
        entry = site.ledger()[-1]
        assert (entry.key, entry.outcome) == (f"CreateFailbackPolicy/{NEW}/{attempt}", O.FAILED)
        assert "31010 no room Possible causes: It is full. Recommended action: Make room." in entry.message
        assert site.shared() == [], "not at once"
        site.tick(3)
        site.shared()
    assert len(site.ledger()) == 3
    assert remedy(site).startswith("The operator tried 3 times and does not try again")
    site.allow(**IF_MISSING, retries=[site.ledger()[-1].key])
    site.shared(do=False)
    assert [e.key for e in site.shared()] == [f"CreateFailbackPolicy/{NEW}/4"]


def test_a_refusal_is_told_word_for_word():
    site = bare()
    site.shared()
    for _ in range(3):
        (effect,) = site.shared(do=False)
        site.call(effect, O.REFUSED, "HTTP 409: Conflict: a policy is being written")
        site.tick(3)
    assert "Last answer: HTTP 409: Conflict: a policy is being written." in remedy(site)


def test_a_call_that_was_taken_without_a_job_is_a_persons_until_the_vault_shows_it():
    site = bare()
    site.shared()
    (effect,) = site.shared(do=False)
    site.call(effect, O.AMBIGUOUS, "answered 202 without naming a job: it counts as taken")
    for _ in range(30):
        site.tick()
        assert site.shared() == []
    assert remedy(site).startswith("answered 202 without naming a job")
    assert f"name {CREATE} in spec.retries" in remedy(site)
    site.vault["policies"] = (Policy(MADE, NEW, "InMage", 15, 1440, 60),)
    site.shared(do=False)
    assert site.ledger()[0].outcome is O.SUCCEEDED


def test_a_person_may_let_a_doubt_go():
    site = bare()
    site.shared()
    (effect,) = site.shared(do=False)
    site.call(effect, O.AMBIGUOUS, "answered 202 without naming a job")
    site.allow(**IF_MISSING, retries=[CREATE])
    site.shared(do=False)
    assert [e.key for e in site.shared()] == [f"CreateFailbackPolicy/{NEW}/2"]


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_job_that_ended_or_is_gone_without_what_it_was_to_make_counts_as_failed_after_a_while(is_gone):
    site = begun()
    if is_gone:
        since = site.now
        site.jobs.clear()
        site.vault["missing_jobs"] = (MissingJob("job-1", since),)
    else:
        site.jobs[-1] = replace(site.jobs[-1], state=JobState.SUCCEEDED, state_description="Completed", ended_at=site.now)
    site.tick(14)
    site.shared(do=False)
    assert site.ledger()[0].outcome is O.RUNNING
    site.tick(2)
    site.shared(do=False)
    assert site.ledger()[0].outcome is O.FAILED
    assert "job job-1 is over, and the vault does not list" in site.ledger()[0].message


def test_a_job_that_is_gone_is_no_matter_where_the_policy_is_there():
    site = begun()
    site.end()
    site.jobs.clear()
    site.vault["missing_jobs"] = (MissingJob("job-1", site.now),)
    site.tick(16)
    site.shared(do=False)
    assert site.ledger()[0].outcome is O.SUCCEEDED


def test_nothing_is_settled_while_the_vault_is_unread_or_by_an_older_read():
    site = begun()
    blind = replace(site.view(), snapshot=b.site_snapshot(vault_part=Part()))
    assert site_status(evaluate(blind)).ledger == site.ledger()
    assert evaluate(blind).effects == ()
    site.put(site.ledger()[0].model_copy(update={"job": None, "outcome": O.INTENDED}))
    site.jobs.clear()
    site.vault["policies"] = (Policy(MADE, NEW, "InMage", 15, 1440, 60),)
    site.shared(do=False)
    assert site.ledger()[0].outcome is O.INTENDED, "read at the very instant of the intent"


def test_all_of_these_are_calls_on_a_vault():
    assert {k for k in EffectKind if k.is_on_vault} & {k for k in EffectKind if k.is_on_item} == set()
    assert all(kind.has_job for kind in EffectKind if kind.is_on_vault)

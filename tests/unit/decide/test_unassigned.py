"""Objects that name a site which does not exist."""

from tests.unit import builders as b
from tests.unit.decide.judged import evaluate_unassigned
from tests.unit.decide.read import condition, summary
from tests.unit.decide.test_statuses import PLAN_CONDITIONS
from tests.unit.decide.world import world

from failback_operator.decide.unassigned import Unassigned
from failback_operator.domain.steps import ObjectKey

OBJECTS = Unassigned(
    sites=(("dr", "osaka"), ("other", "tokyo"), ("dr", "kyoto")),
    targets=(b.master_target(status={"diskUuidSetAt": "2026-01-01T00:00:00Z"}),),
    servers=(b.process_server(),),
    plans=(b.plan(),),
    machines=(b.machine(status={"phase": "Reprotected"}),),
)
TEXT = (
    "spec.siteRef.name: there is no RecoverySite tokyo in namespace dr; there are: kyoto, osaka; one of that name is in namespace"
    " other, but references stay in the namespace"
)


def test_every_object_says_which_field_names_what_and_what_there_is():
    statuses = evaluate_unassigned(OBJECTS)
    assert {k.kind for k in statuses} == {"MasterTarget", "ProcessServer", "FailbackPlan", "FailbackMachine"}
    for key, found in statuses.items():
        assert summary(found) == ("False", "SiteNotFound")
        if key.kind != "MasterTarget":
            assert summary(found, "Stalled") == ("True", "SiteNotFound")
        assert condition(found, "Ready").message == TEXT
        assert all(c.observed_generation == 1 for c in found.conditions)
        assert all(c.status != "True" or c.type == "Stalled" for c in found.conditions)


def test_plans_have_all_their_conditions_and_the_message():
    plan = evaluate_unassigned(OBJECTS)[ObjectKey("FailbackPlan", "dr", "payroll")]
    assert [c.type for c in plan.conditions] == PLAN_CONDITIONS
    assert plan.message == TEXT
    assert summary(plan, "SiteReady") == ("False", "SiteNotFound")


def test_conditions_are_those_that_the_kind_has_with_a_site():
    site = world("app-1")
    site.round()
    with_site = {key.kind: [c.type for c in found.conditions] for key, found in site.round().statuses.items()}
    for key, found in evaluate_unassigned(OBJECTS).items():
        assert [c.type for c in found.conditions] == with_site[key.kind]


def test_what_was_known_is_not_lost():
    statuses = evaluate_unassigned(OBJECTS)
    assert statuses[ObjectKey("MasterTarget", "dr", "mt-win")].disk_uuid_set_at is not None
    assert statuses[ObjectKey("FailbackMachine", "dr", "tokyo-app-1")].phase == "Reprotected"


def test_where_there_is_no_site_at_all():
    statuses = evaluate_unassigned(Unassigned(plans=(b.plan(),)))
    assert statuses[ObjectKey("FailbackPlan", "dr", "payroll")].message.endswith("namespace dr; there is none at all")

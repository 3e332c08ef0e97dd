"""Cases of the checks of a plan as a whole."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.world import Json, World

from failback_operator.domain.verdicts import Outcome

PLAN, NAME = "FailbackPlan/tokyo-home", "tokyo-home"
SITE_REF = {"siteRef": {"name": "tokyo"}}


def plan(world: World, **members: object) -> None:
    """Replace members of the plan's spec."""
    world.spec("FailbackPlan", NAME, **members)


def reprotecting(world: World) -> None:
    """The plan goes on to reprotect, after the failover that it covers."""
    plan(world, stage="Reprotected", failedOverBefore=world.ago(hours=1))


def waived(world: World) -> None:
    """Somebody waives what may be waived."""
    plan(world, waivers=[_waiver(check="VmfsDatastore")])


def _waiver(**members: str) -> Json:
    return {"reason": "tried and found good", "by": "dba on call", "until": "2099-01-01T00:00:00Z", **members}


def names_a_target_that_nobody_applied(world: World) -> None:
    plan(world, masterTargets=[{"name": "mt-win-1"}, {"name": "mt-win-9"}])


def no_target_applied(world: World) -> None:
    plan(world, masterTargets=[])
    world.remove("MasterTarget", "mt-win-1")
    world.remove("MasterTarget", "mt-lin-1")


def names_a_server_that_nobody_applied(world: World) -> None:
    plan(world, processServer={"name": "ps-azure-9"})


def several_servers_in_azure_and_none_named(world: World) -> None:
    plan(world, processServer=None)
    world.add("ProcessServer", "ps-azure-2", {**SITE_REF, "serverName": "ps-azure-2", "location": "Azure"})


def no_server_in_azure(world: World) -> None:
    plan(world, processServer=None)
    world.remove("ProcessServer", "ps-azure-1")


def none_named_and_one_in_azure(world: World) -> None:
    plan(world, processServer=None)


def server_on_premises(world: World) -> None:
    plan(world, processServer={"name": "ps-onprem-1"})


def selects_nothing(world: World) -> None:
    plan(world, machines=[], selector={"namePattern": "osaka-*"})


def no_bound(world: World) -> None:
    plan(world, failedOverBefore=None)


def bound_far_ahead(world: World) -> None:
    plan(world, failedOverBefore="2099-01-01T00:00:00Z")


def waives_what_does_not_exist(world: World) -> None:
    plan(world, waivers=[_waiver(check="NoSnapshotsAtAll")])


def waives_what_may_not_be_waived(world: World) -> None:
    plan(world, waivers=[_waiver(check="DiskLimit")])


def waives_for_every_machine(world: World) -> None:
    plan(world, waivers=[_waiver(check="OnPremisesDiverged")])


def waives_for_a_stranger(world: World) -> None:
    plan(world, waivers=[_waiver(check="OnPremisesDiverged", machine="crm-2")])


def waives_in_other_letters(world: World) -> None:
    plan(world, waivers=[_waiver(check="OnPremisesDiverged", machine="CRM-1")])


def tries_a_stranger_again(world: World) -> None:
    plan(world, retries=[{"machine": "crm-2", "job": "1c1e0b5a-0000-4000-8000-000000000001"}])


CASES = (
    Case("MasterTargetKnown", PLAN, names_a_target_that_nobody_applied, ("mt-win-9",)),
    Case("MasterTargetKnown", PLAN, no_target_applied, ("has no MasterTarget",)),
    Case("ProcessServerKnown", PLAN, names_a_server_that_nobody_applied, ("ps-azure-9", "it has: ps-azure-1, ps-onprem-1")),
    Case("ProcessServerKnown", PLAN, several_servers_in_azure_and_none_named, ("ps-azure-1, ps-azure-2",)),
    Case("ProcessServerKnown", PLAN, no_server_in_azure, ("no ProcessServer in Azure",)),
    Case("ProcessServerKnown", PLAN, none_named_and_one_in_azure, outcome=Outcome.PASS),
    Case("ProcessServerInAzure", PLAN, server_on_premises, ("ps-onprem-1 stands on-premises",)),
    Case("PlanHasMachines", PLAN, selects_nothing, ("no item of the vault matches",)),
    Case("FailoverBound", PLAN, no_bound, ("is missing",), prepare=reprotecting),
    Case("FailoverBound", PLAN, bound_far_ahead, ("in the future",), prepare=reprotecting),
    Case("NamedMachinesKnown", PLAN, waives_for_a_stranger, ("spec.waivers[0].machine", "crm-2")),
    Case("NamedMachinesKnown", PLAN, waives_in_other_letters, ("CRM-1",)),
    Case("NamedMachinesKnown", PLAN, tries_a_stranger_again, ("spec.retries[0].machine",)),
    Case("WaiversApply", PLAN, waives_what_does_not_exist, ("there is no check NoSnapshotsAtAll",), prepare=waived),
    Case("WaiversApply", PLAN, waives_what_may_not_be_waived, ("DiskLimit may not be waived",), prepare=waived),
    Case("WaiversApply", PLAN, waives_for_every_machine, ("for a machine by name only",), prepare=waived),
)

"""What the operator says of the plans and their machines in a state of the world."""

from tests.integration.error_codes.trouble import Trouble, plan_of, planned
from tests.integration.verdicts.bench import Bench
from tests.unit.decide.judged import evaluate

from failback_operator.api.common import StatusBase
from failback_operator.decide.evaluate import judge_site
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import ObjectKey
from failback_operator.domain.verdicts import Outcome


async def seen(bench: Bench, trouble: Trouble | None = None) -> SiteView:
    """All as it is with the trouble."""
    bench.world.undo()
    planned(bench.world)
    if trouble is not None:
        trouble.breaks(bench.world)
    return await bench.view()


def plan_status(view: SiteView, machine: str) -> StatusBase:
    return evaluate(view).statuses[ObjectKey("FailbackPlan", "dr", plan_of(machine))]


def ready(status: StatusBase) -> tuple[str, str]:
    """Status and words of its condition Ready."""
    return next((c.status, f"{c.reason}: {c.message}") for c in status.conditions if c.type == "Ready")


def named(view: SiteView, machine: str) -> set[str]:
    """The checks that the plan's findings name, and those of its site, master target and machine, which it points to."""
    statuses = evaluate(view).statuses
    ours = {("FailbackPlan", plan_of(machine)), ("RecoverySite", "tokyo"), ("MasterTarget", "mt-win-1")}
    keys = {key for key in statuses if (key.kind, key.name) in ours or key.kind == "FailbackMachine"}
    return {finding.check for key in keys for finding in statuses[key].findings}


def outcome(view: SiteView, trouble: Trouble) -> Outcome:
    """What the check answers of the trouble's subject."""
    found = judge_site(view)
    groups = [found.site, *found.targets.values(), *found.servers.values(), *found.machines.values(), *found.plans.values()]
    verdicts = (each.verdict for group in groups for each in group)
    return next(v.outcome for v in verdicts if (v.check_id, str(v.subject)) == (trouble.check, trouble.subject))

"""Contexts for the checks: facts about one subject, found and joined by look-up: no list is walked for each machine."""

from dataclasses import dataclass

from failback_operator.api.v1alpha1 import FailbackPlan
from failback_operator.checks.contexts import MachineContext, PlanContext, ServerContext, TargetContext
from failback_operator.decide.demand import Assignments, allowed_targets
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.selection import Selection
from failback_operator.decide.survey import Survey
from failback_operator.decide.targets import Located


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of a plan: what was found out and what checks are given."""

    survey: Survey
    context: MachineContext


@dataclass(frozen=True, slots=True)
class PlanState:
    """A plan with its machines in order."""

    selection: Selection
    machines: tuple[Machine, ...]
    context: PlanContext

    @property
    def plan(self) -> FailbackPlan:
        """The plan."""
        return self.selection.plan


def server_contexts(index: SiteIndex) -> tuple[ServerContext, ...]:
    """The process servers in order of name."""
    listed = index.site.vault.fabric.process_servers if index.site.vault else ()
    by_name = {facts.name.casefold(): facts for facts in listed}
    servers = sorted(index.site.view.servers, key=lambda s: s.name)
    return tuple(ServerContext(index.site, s, by_name.get(s.spec.server_name.casefold())) for s in servers)


def target_contexts(targets: tuple[Located, ...], index: SiteIndex, assignments: Assignments | None) -> dict[str, TargetContext]:
    """The master targets by name, with the slots that are promised on each, and the items that are to come through it."""
    reserved, planned = (assignments.reserved, assignments.planned()) if assignments else ({}, {})
    found = {t.target.name: t for t in targets}
    return {name: t.context(index, reserved.get(name, 0), planned.get(name, ())) for name, t in found.items()}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the machines of all plans share."""

    index: SiteIndex
    located: tuple[Located, ...]
    targets: dict[str, TargetContext]
    servers: tuple[ServerContext, ...]
    assignments: Assignments


def plan_state(selection: Selection, surveys: tuple[Survey, ...], around: Surroundings) -> PlanState:
    """The contexts of a plan and its machines."""
    plan = selection.plan
    server = process_server(plan, around.servers)
    candidates = tuple(around.targets[t.target.name] for t in allowed_targets(plan, around.located))
    machines = tuple(Machine(s, _machine_context(s, server, candidates, around)) for s in surveys)
    known = set(around.targets)
    rivals = tuple((s.name, rival) for s in surveys for rival in s.rivals)
    unknown = tuple(sorted(ref.name for ref in plan.spec.master_targets if ref.name not in known))
    return PlanState(
        selection, machines, PlanContext(around.index.site, plan, tuple(m.context for m in machines), rivals, unknown)
    )


def process_server(plan: FailbackPlan, servers: tuple[ServerContext, ...]) -> ServerContext | None:
    """The process server that the plan names, else the only one of the site that stands in Azure."""
    if plan.spec.process_server is not None:
        wanted = plan.spec.process_server.name
        return next((s for s in servers if s.server.name == wanted), None)
    in_azure = [s for s in servers if s.server.spec.location == "Azure"]
    return in_azure[0] if len(in_azure) == 1 else None


def _machine_context(
    survey: Survey, server: ServerContext | None, candidates: tuple[TargetContext, ...], around: Surroundings
) -> MachineContext:
    found = survey.round
    assigned = around.assignments.target_of(survey)
    return MachineContext(
        site=around.index.site,
        plan=survey.plan,
        name=survey.name,
        items=survey.wanted.items,
        machine=survey.machine,
        group=survey.group,
        group_in_plan=survey.group_in_plan,
        vms=survey.vms,
        azure_vm=survey.azure_vm,
        azure_vm_is_missing=survey.azure_vm_is_missing,
        candidates=candidates,
        assigned=around.targets.get(assigned) if assigned else None,
        process_server=server,
        record=found.record if found else None,
        failed_over_at=found.failed_over_at if found else None,
        last_failback_at=found.last_failback_at if found else None,
        phase=survey.phase,
        jobs=found.jobs if found else (),
        rivals=survey.rivals,
        azure_vms=around.index.items.azure_vms,
        staying=survey.staying,
        nics=around.index.nics,
        came_through=around.targets.get(found.record.master_target or "") if found and found.record else None,
        disk_holders=around.index.vms.by_disk,
        reprotected_at=found.reprotected_at if found else None,
        failbacks=found.failbacks if found else (),
    )

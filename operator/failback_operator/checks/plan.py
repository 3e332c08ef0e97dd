"""Checks of a plan as a whole: it names what exists, and says what its author must say."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches

from failback_operator.api.common import Severity
from failback_operator.api.v1alpha1.failback_plan import Stage, Waiver
from failback_operator.checks.answers import Answer, every, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.catalogue import Catalogue
from failback_operator.checks.contexts import PlanContext
from failback_operator.checks.define import ALL_STEPS, BEFORE_FAILBACK, BEFORE_REPROTECT, EFFECTS, About, register
from failback_operator.checks.machine.base import MACHINE_CHECKS
from failback_operator.checks.master_target import TARGET_CHECKS
from failback_operator.checks.process_server import SERVER_CHECKS
from failback_operator.checks.site import SITE_CHECKS
from failback_operator.domain.failover_bound import BoundState, effective_bound

PLAN_CHECKS: Catalogue[PlanContext] = Catalogue()

Ask = Callable[[PlanContext], Answer]

MOST_TOLD = 3
"""Names for which the nearest one is looked up: each look-up walks all machines of the plan."""


def plan_check(about: About) -> Callable[[Ask], Ask]:
    """Register the decorated function as a check of plans."""

    def decorate(ask: Ask) -> Ask:
        register(PLAN_CHECKS, about, ask)
        return ask

    return decorate


@plan_check(
    About(
        id="MasterTargetKnown",
        clause="R6",
        condition="MasterTargetsReady",
        expected="every master target that the plan names exists for its site, and the site has one at least",
        remedy="Apply a MasterTarget with that name and spec.siteRef, or correct spec.masterTargets.",
        source="spec.masterTargets of the plan",
        steps=BEFORE_REPROTECT,
    )
)
def master_target_known(context: PlanContext) -> Answer:
    """No unknown name, and not none at all."""
    if context.unknown_targets:
        return failed(f"spec.masterTargets names MasterTargets that the site does not have: {listed(context.unknown_targets)}")
    if not context.site.view.targets:
        return failed("the site has no MasterTarget")
    return passed("all master targets exist")


@plan_check(
    About(
        id="ProcessServerKnown",
        clause="R5",
        condition="ProcessServerReady",
        expected="the plan's process server exists: the one that it names, else the only one in Azure that the site has",
        remedy="Apply a ProcessServer with location: Azure for the site, or name one in spec.processServer.",
        source="spec.processServer of the plan",
        steps=BEFORE_REPROTECT,
    )
)
def process_server_known(context: PlanContext) -> Answer:
    """The named one exists, or there is exactly one in Azure."""
    servers = context.site.view.servers
    ref = context.plan.spec.process_server
    if ref is not None:
        if any(s.name == ref.name for s in servers):
            return passed(f"process server {ref.name}")
        known = listed(s.name for s in servers) or "none"
        return failed(f"spec.processServer names {ref.name}, which the site does not have; it has: {known}")
    in_azure = [s.name for s in servers if s.spec.location == "Azure"]
    if len(in_azure) == 1:
        return passed(f"process server {in_azure[0]}")
    if not in_azure:
        return failed("the site has no ProcessServer in Azure")
    return failed(f"the site has several ProcessServers in Azure, and the plan names none: {listed(in_azure)}")


@plan_check(
    About(
        id="ProcessServerInAzure",
        clause="R5",
        condition="ProcessServerReady",
        expected="the process server that carries the failback stands in Azure",
        remedy="Set up a process server in the Azure network of the machines. For a proof of concept one on-premises will do, "
        "over "
        "ExpressRoute private peering.",
        source="Vendor's page on preparing failback: a process server in Azure is required",
        steps=BEFORE_FAILBACK,
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
def process_server_in_azure(context: PlanContext) -> Answer:
    """The named process server's location is Azure."""
    ref = context.plan.spec.process_server
    server = next((s for s in context.site.view.servers if ref is not None and s.name == ref.name), None)
    if server is None:
        return not_applicable("the plan names no process server that exists: see ProcessServerKnown")
    if server.spec.location == "Azure":
        return passed(f"{server.name} stands in Azure")
    return failed(f"{server.name} stands on-premises")


@plan_check(
    About(
        id="PlanHasMachines",
        clause="R1",
        condition="MachinesReady",
        expected="the plan has machines",
        remedy="Correct spec.selector.namePattern, or list the machines.",
        source="spec.machines and spec.selector of the plan; friendlyName of the items",
        steps=ALL_STEPS,
    )
)
def plan_has_machines(context: PlanContext) -> Answer:
    """The list or the pattern gives one at least."""
    if context.machines:
        return passed("the plan has machines")
    if context.site.vault is None:
        return unknown("the vault could not be read lately")
    return failed("no item of the vault matches the plan's selector")


@plan_check(
    About(
        id="FailoverBound",
        clause="R1",
        condition="FailoverCovered",
        expected="failedOverBefore is given past stage Prepared, and was not in the future when first seen",
        remedy="Set spec.failedOverBefore to an instant after the failover and not in the future.",
        source="design of the operator: a plan applies to one disaster, never to the next",
        steps=EFFECTS,
    )
)
def failover_bound(context: PlanContext) -> Answer:
    """The value is there and counts."""
    bound = effective_bound(context.plan, context.site.now, context.site.limits)
    if bound.value is None:
        if context.plan.spec.stage is Stage.PREPARED:
            return not_applicable("stage Prepared starts nothing")
        return failed("spec.failedOverBefore is missing")
    if bound.state is BoundState.AHEAD:
        return failed("spec.failedOverBefore lay in the future when it was first seen, so it is ignored until it is edited")
    return passed("failedOverBefore counts")


@plan_check(
    About(
        id="WaiversApply",
        clause="R1",
        condition="MachinesReady",
        expected="every waiver names a check that may be waived, and its machine where the check asks for one",
        remedy="Correct or remove the waiver; docs/checks/README.md says which checks may be waived, and which for a "
        "machine only.",
        source="spec.waivers of the plan",
        steps=BEFORE_REPROTECT,
    )
)
def waivers_apply(context: PlanContext) -> Answer:
    """No waiver of what does not exist, may not be waived, or is waived for a machine only. Expired ones are left in peace."""
    waivers = context.plan.spec.waivers
    if not waivers:
        return passed("there are no waivers")
    return every(_waiver(number, waiver) for number, waiver in enumerate(waivers))


def _waiver(number: int, waiver: Waiver) -> Answer:
    where = f"spec.waivers[{number}]"
    found = [c[waiver.check] for c in _waivable_of_all_kinds() if waiver.check in c]
    if not found:
        return failed(f"{where}: there is no check {waiver.check}")
    is_waivable, needs_machine = found[0]
    if not is_waivable:
        return failed(f"{where}: check {waiver.check} may not be waived")
    if needs_machine and waiver.machine is None:
        return failed(f"{where}: check {waiver.check} is waived for a machine by name only")
    return passed(f"{where} applies")


def _waivable_of_all_kinds() -> list[dict[str, tuple[bool, bool]]]:
    """Id → whether it may be waived, and whether for a machine only; the machines' checks first."""
    catalogues = (MACHINE_CHECKS, TARGET_CHECKS, SERVER_CHECKS, SITE_CHECKS, PLAN_CHECKS)
    return [{check.id: (check.is_waivable, check.needs_machine) for check in catalogue} for catalogue in catalogues]


@plan_check(
    About(
        id="HeldMachinesKnown",
        clause="R1",
        condition="MachinesReady",
        expected="every machine that spec.holds or spec.staysInAzure names is one of the plan's machines, in the same spelling",
        remedy="Correct the name in spec.holds or spec.staysInAzure, or remove the entry. Until then nothing of the plan "
        "begins: the machine that is meant would not be held.",
        source="spec.holds and spec.staysInAzure of the plan; friendlyName of the items",
        steps=ALL_STEPS,
    )
)
def held_machines_known(context: PlanContext) -> Answer:
    """Nobody is held or left who is not of the plan: the machine that is meant would be brought home."""
    spec = context.plan.spec
    held = [("spec.holds", hold.machine) for hold in spec.holds]
    return _known(context, [*held, *(("spec.staysInAzure", stay.machine) for stay in spec.stays_in_azure)])


@plan_check(
    About(
        id="NamedMachinesKnown",
        clause="R1",
        condition="MachinesReady",
        expected="every machine that spec.waivers, spec.retries, spec.reattach and spec.deletions name is one of the plan's "
        "machines, in the same spelling",
        remedy="Correct the name, or remove the entry: it has no effect.",
        source="spec.waivers, spec.retries, spec.reattach and spec.deletions of the plan; friendlyName of the items",
        steps=ALL_STEPS,
        severity=Severity.WARNING,
    )
)
def named_machines_known(context: PlanContext) -> Answer:
    """No waiver, retry or request of a machine that the plan does not have."""
    spec = context.plan.spec
    waived = [(f"spec.waivers[{n}].machine", w.machine) for n, w in enumerate(spec.waivers) if w.machine is not None]
    retried = [(f"spec.retries[{n}].machine", r.machine) for n, r in enumerate(spec.retries)]
    asked = [("spec.reattach", each.machine) for each in spec.reattach]
    return _known(context, [*waived, *retried, *asked, *(("spec.deletions", each.machine) for each in spec.deletions)])


def _known(context: PlanContext, named: Sequence[tuple[str, str]]) -> Answer:
    """Whether the plan has each of these machines, given with the field that names it."""
    machines = {m.name for m in context.machines}
    strange = [(field, name) for field, name in named if name not in machines]
    if not strange:
        return passed("all of them are machines of the plan" if named else "no machine is named")
    if context.plan.spec.selector is not None and context.site.vault is None:
        return unknown(
            f"the vault could not be read lately, and so the selector's machines: {listed(name for _, name in strange)}"
        )
    by_folded = {name.casefold(): name for name in sorted(machines)}
    told = [_stranger(field, name, by_folded) for field, name in strange[:MOST_TOLD]]
    more = [f"and {len(strange) - MOST_TOLD} more"] if len(strange) > MOST_TOLD else []
    return failed("; ".join([*told, *more]))


def _stranger(field: str, name: str, by_folded: dict[str, str]) -> str:
    nearest = get_close_matches(name.casefold(), by_folded, n=1)
    hint = f" (the nearest is {by_folded[nearest[0]]})" if nearest else ""
    return f"{field} names {name}, which is no machine of the plan{hint}"

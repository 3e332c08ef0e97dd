"""What a decision must not say or do, told anew from verdicts and specs alone: none of the code that decides is asked."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from tests.unit.decide.generated.rest import Rest

from failback_operator.api.common import Condition, ConditionStatus, EffectOutcome, Severity
from failback_operator.api.v1alpha1 import FailbackMachineStatus, FailbackPlan, FailbackPlanStatus
from failback_operator.api.v1alpha1.master_target import Remediation
from failback_operator.decide.evaluate import judge_site
from failback_operator.decide.judgement import Judgement, Ruling, Rulings
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import Effect, EffectKind, ItemCall, Step
from failback_operator.domain.verdicts import Outcome
from failback_operator.runtime.keys import key_of

STAGES = ("Prepared", "Reprotected", "FailedBack", "Committed", "Protected")
STEP_OF = {
    EffectKind.COMMIT_FAILOVER: Step.REPROTECT,
    EffectKind.REPROTECT: Step.REPROTECT,
    EffectKind.FAILBACK: Step.FAILBACK,
    EffectKind.COMMIT: Step.COMMIT,
    EffectKind.PROTECT: Step.PROTECT,
}
STAGE_OF = {Step.REPROTECT: 1, Step.FAILBACK: 2, Step.COMMIT: 3, Step.PROTECT: 4}
NEXT = {
    "NotFailedOver": Step.REHEARSAL,
    "Unknown": Step.REHEARSAL,
    "FailedOver": Step.REPROTECT,
    "Waiting": Step.REPROTECT,
    "Reprotected": Step.FAILBACK,
    "FailedBack": Step.COMMIT,
    "Committed": Step.PROTECT,
}
BY_FIX = {
    EffectKind.REMOVE_SNAPSHOTS: "remove_snapshots",
    EffectKind.SET_DISK_UUID: "enable_disk_uuid",
    EffectKind.EXCLUDE_FROM_STORAGE_DRS: "exclude_from_storage_drs",
    EffectKind.EXCLUDE_FROM_DRS: "exclude_from_drs",
    EffectKind.REPLACE_CONTROLLERS: "replace_controllers",
    EffectKind.MAKE_FROM_TEMPLATE: "make_from_template",
}
WHILE_HELD = frozenset({EffectKind.EXCLUDE_FROM_DRS, EffectKind.EXCLUDE_FROM_STORAGE_DRS})
OPEN = frozenset({EffectOutcome.INTENDED, EffectOutcome.RUNNING, EffectOutcome.AMBIGUOUS})


def faults(rest: Rest) -> list[str]:
    """All rules that the decision about a site at rest breaks."""
    judgement = judge_site(rest.view)
    told = [*_ready_over_gaps(rest, judgement), *_ready_unread(rest), *_own_readiness(rest, judgement)]
    return [*told, *_effects_on_items(rest, judgement), *_effects_on_targets(rest), *_effects_asked_for(rest)]


def condition(status: FailbackPlanStatus | FailbackMachineStatus, kind: str) -> Condition:
    return next(c for c in status.conditions if c.type == kind)


def _plans(rest: Rest) -> Iterator[tuple[FailbackPlan, FailbackPlanStatus]]:
    for plan in rest.view.plans:
        status = rest.decision.statuses[key_of(plan)]
        assert isinstance(status, FailbackPlanStatus)
        yield plan, status


def due(plan: FailbackPlan, phase: str) -> Step | None:
    """The step that readiness is about: the next one, as far as the stage asks for it, or until something has begun."""
    step = NEXT.get(phase)
    if step is None or step in {Step.REHEARSAL, Step.REPROTECT}:
        return step
    return step if STAGES.index(plan.spec.stage) >= STAGE_OF[step] else None


def _machines(rest: Rest, plan: FailbackPlan) -> Iterator[tuple[str, FailbackMachineStatus]]:
    """Machines that the plan owns and brings home, with their statuses."""
    staying = {each.machine for each in plan.spec.stays_in_azure}
    for machine in rest.view.machines:
        name = machine.spec.machine_name
        if machine.spec.plan_ref.name == plan.name and name not in staying and _names(plan, name):
            status = next(
                (s for k, s in rest.decision.statuses.items() if (k.kind, k.name) == (type(machine).__name__, machine.name)), None
            )
            if isinstance(status, FailbackMachineStatus) and condition(status, "Ready").reason != "NotInAnyPlan":
                yield name, status


def _names(plan: FailbackPlan, machine: str) -> bool:
    """Whether the plan is for the machine: an object that nobody may rewrite names a plan that it was once of."""
    selector = plan.spec.selector
    by_pattern = selector is not None and fnmatchcase(machine, selector.name_pattern)
    return by_pattern or any(ref.name == machine for ref in plan.spec.machines)


def _is_waived(ruling: Ruling, plan: FailbackPlan, machine: str, view: SiteView) -> bool:
    those = [w for w in plan.spec.waivers if w.check == ruling.verdict.check_id and w.until > view.snapshot.as_of]
    named = [w for w in those if w.machine == machine]
    of_plan = [w for w in those if w.machine is None and not ruling.check.needs_machine]
    return ruling.check.is_waivable and bool(named or of_plan)


def gaps(rulings: Rulings, step: Step, plan: FailbackPlan, machine: str, view: SiteView) -> list[str]:
    """Blockers of the step that failed or are not known, and that nobody waived."""
    return [
        f"{r.verdict.check_id} of {r.verdict.subject} is {r.verdict.outcome}"
        for r in rulings
        if r.severity is Severity.BLOCKER
        and r.verdict.outcome in {Outcome.FAIL, Outcome.UNKNOWN}
        and step in r.steps
        and not _is_waived(r, plan, machine, view)
    ]


def _around(rest: Rest, judgement: Judgement, plan: FailbackPlan, name: str, status: FailbackMachineStatus) -> Rulings:
    target = status.assignment.master_target if status.assignment else None
    server = plan.spec.process_server.name if plan.spec.process_server else None
    azure = [s.name for s in rest.view.servers if s.spec.location == "Azure"]
    if server is None and len(azure) == 1:
        server = azure[0]
    own = (*judgement.machines.get((plan.name, name), ()), *judgement.plans[plan.name])
    return (*judgement.site, *judgement.targets.get(target or "", ()), *judgement.servers.get(server or "", ()), *own)


def _ready_over_gaps(rest: Rest, judgement: Judgement) -> Iterator[str]:
    """A plan that is Ready has nothing failed or unknown in the way of any of its machines."""
    for plan, status in _plans(rest):
        if condition(status, "Ready").status is not ConditionStatus.TRUE:
            continue
        for name, machine in _machines(rest, plan):
            step = due(plan, machine.phase)
            found = gaps(_around(rest, judgement, plan, name, machine), step, plan, name, rest.view) if step else []
            if found:
                yield f"plan {plan.name} is Ready ({condition(status, 'Ready').reason}), and {name} before {step}: {found}"


def _ready_unread(rest: Rest) -> Iterator[str]:
    """No plan that has something to do is Ready while one of its sources is not read."""
    view = rest.view
    unread = view.vault() is None or len(view.vsphere()) < len(view.snapshot.vcenters)
    for plan, status in _plans(rest):
        is_due = any(due(plan, machine.phase) for _, machine in _machines(rest, plan))
        if unread and is_due and condition(status, "Ready").status is ConditionStatus.TRUE:
            yield f"plan {plan.name} is Ready over a source that is not read: {condition(status, 'Ready')}"


def _own_readiness(rest: Rest, judgement: Judgement) -> Iterator[str]:
    """Site, master targets and process servers are Ready only where all their blockers pass."""
    subjects = {("RecoverySite", rest.view.site.name): judgement.site}
    subjects |= {("MasterTarget", name): rulings for name, rulings in judgement.targets.items()}
    subjects |= {("ProcessServer", name): rulings for name, rulings in judgement.servers.items()}
    for key, status in rest.decision.statuses.items():
        bad = [r for r in subjects.get((key.kind, key.name), ()) if r.is_blocker]
        ready = next(c for c in status.conditions if c.type == "Ready")
        if bad and ready.status is ConditionStatus.TRUE:
            yield f"{key} is Ready, and {bad[0].verdict.check_id} is {bad[0].verdict.outcome}"


def _effects_on_items(rest: Rest, judgement: Judgement) -> Iterator[str]:
    machines, vault = {m.name: m for m in rest.view.machines}, rest.view.vault()
    plans, owners = {p.name: p for p in rest.view.plans}, [e.owner for e in rest.decision.effects]
    yield from (f"two effects on {owner}" for owner in set(owners) if owners.count(owner) > 1)
    for effect in rest.decision.effects:
        if isinstance(effect.call, ItemCall):
            machine, item = machines[effect.owner.name], vault.item(effect.call.item_id) if vault else None
            plan = plans[machine.spec.plan_ref.name]
            status = rest.decision.statuses[effect.owner]
            assert isinstance(status, FailbackMachineStatus)
            step, name = STEP_OF[effect.kind], machine.spec.machine_name
            if STAGES.index(plan.spec.stage) < STAGE_OF[step]:
                yield f"{effect.key} at stage {plan.spec.stage}"
            if plan.spec.suspend or rest.view.site.spec.suspend or plan.metadata.deletion_timestamp is not None:
                yield f"{effect.key} while suspended"
            if any(h.machine == name for h in plan.spec.holds) or any(s.machine == name for s in plan.spec.stays_in_azure):
                yield f"{effect.key} of a machine that is held or stays"
            if (
                item is None
                or item.current_scenario is not None
                or any(e.outcome in {"Intended", "Running"} for e in machine.status.ledger)
            ):
                yield f"{effect.key} while something runs, or the item is not known"
            if effect.kind is EffectKind.COMMIT_FAILOVER and not plan.spec.commit_failover:
                yield f"{effect.key}, for which nobody asked"
            found = gaps(_around(rest, judgement, plan, name, status), step, plan, name, rest.view)
            if found:
                yield f"{effect.key} over {found}"


def _effects_on_targets(rest: Rest) -> Iterator[str]:
    targets = {t.name: t for t in rest.view.targets}
    for effect in rest.decision.effects:
        if effect.owner.kind == "MasterTarget":
            target = targets[effect.owner.name]
            if any(entry.outcome in OPEN for entry in target.status.ledger):
                yield f"{effect.key} while another runs"
            if rest.view.site.spec.suspend:
                yield f"{effect.key} while the site is suspended"
            if not _is_allowed(effect, target.spec.remediation, power=target.spec.allow_power_cycle):
                yield f"{effect.key}, which the spec does not allow"
            held = [i.friendly_name for i in _on(target.spec.server_name, rest.view)]
            if held and effect.kind not in WHILE_HELD:
                yield f"{effect.key} while it holds disks of {held}"


def _effects_asked_for(rest: Rest) -> Iterator[str]:
    """Effects on the vault, and on VMs of machines: only where the spec asks for them, and nothing is suspended."""
    view, plans = rest.view, {p.name: p for p in rest.view.plans}
    machines = {m.name: m for m in view.machines}
    for effect in rest.decision.effects:
        if effect.kind.is_on_vault:
            is_refresh, spec = effect.kind is EffectKind.REFRESH_PROVIDER, view.site.spec
            refresh = spec.remediation.refresh_provider == "Automatic" or spec.refresh_requested_at is not None
            if view.site.spec.suspend or not (refresh if is_refresh else spec.failback_policy.create == "IfMissing"):
                yield f"{effect.key}, for which nobody asked"
        if effect.kind.is_on_request:
            machine = machines[effect.owner.name]
            plan, name = plans[machine.spec.plan_ref.name], machine.spec.machine_name
            asked = plan.spec.deletions if effect.kind is EffectKind.DELETE_VM else plan.spec.reattach
            if name not in {each.machine for each in asked}:
                yield f"{effect.key} of {name}, for which nobody asked"
            if plan.spec.suspend or view.site.spec.suspend or plan.spec.stage == "Prepared":
                yield f"{effect.key} while nothing may begin"


def _is_allowed(effect: Effect, remediation: Remediation, *, power: bool) -> bool:
    if effect.kind is EffectKind.POWER_CYCLE:
        return power
    if effect.kind is EffectKind.ADD_RETENTION_DISK:
        disk = getattr(remediation, "add_retention_disk")  # noqa: B009 - as the other policies are read
        return disk is not None and disk.policy == "Automatic"
    return getattr(remediation, BY_FIX[effect.kind]) == "Automatic" and (
        power or effect.kind is not EffectKind.REPLACE_CONTROLLERS
    )


def _on(server_name: str, view: SiteView) -> list[ProtectedItem]:
    """Items that Site Recovery shows on the master target of that name, those that run on the site left out."""
    vault = view.vault()
    if vault is None:
        return []
    ids = {s.id.casefold() for s in vault.fabric.master_targets if s.name.casefold() == server_name.casefold()}
    shown = [i for i in vault.items if i.detail and i.detail.master_target_id and i.detail.master_target_id.casefold() in ids]
    return [
        i
        for i in shown
        if not (i.instance_type == "InMageAzureV2" and i.active_location == "Primary" and i.current_scenario is None)
    ]

"""A site that Site Recovery does not know well enough: what mends it in Azure, as the service would, is made so."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.world import World, world

from failback_operator.api.common import EffectOutcome, Finding, LedgerEntry
from failback_operator.api.v1alpha1 import RecoverySiteStatus
from failback_operator.domain.decision import SiteDecision
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job, JobState
from failback_operator.domain.limits import Limits
from failback_operator.domain.policy import ContainerMapping, Policy
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import Effect, EffectKind, ObjectKey, VaultCall

KEY = ObjectKey("RecoverySite", b.NAMESPACE, "tokyo")
NEW = "failback-15-1440-60"


@dataclass(repr=False)
class SharedWorld(World):
    """`vault` replaces members of the vault's facts, `server` those of the master target's server."""

    vault: dict[str, Any] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)
    helps: bool = True
    """Whether a refresh makes the service list what there is."""

    def view(self) -> SiteView:
        """The site as read."""
        found = super().view()
        facts = found.snapshot.vault.facts
        assert facts is not None
        fabric = replace(facts.fabric, master_targets=tuple(replace(t, **self.server) for t in facts.fabric.master_targets))
        vault = replace(found.snapshot.vault, facts=replace(facts, **{"fabric": fabric} | self.vault))
        return replace(found, snapshot=replace(found.snapshot, vault=vault))

    def ledger(self) -> list[LedgerEntry]:
        """The site's."""
        return self.site.status.ledger

    def put(self, *entries: LedgerEntry) -> None:
        """Make these the site's ledger."""
        self.site = self.site.model_copy(update={"status": self.site.status.model_copy(update={"ledger": list(entries)})})

    def allow(self, **spec: Any) -> None:
        """Change the site's spec."""
        self.site = self.site.model_validate(self.site.model_dump(by_alias=True) | {"spec": self.site.spec.wire() | spec})

    def shared(self, *, do: bool = True) -> list[Effect]:
        """A round: what is wanted of the vault, which is then made."""
        decision = evaluate(self.view())
        self.store(decision)
        wanted = [effect for effect in decision.effects if effect.kind.is_on_vault]
        for effect in wanted if do else ():
            self.call(effect)
        return wanted

    def finding(self, check: str) -> Finding | None:
        """What the stored status of the site says of a check."""
        return next((f for f in self.site.status.findings if f.check == check), None)

    def call(self, effect: Effect, outcome: EffectOutcome = EffectOutcome.RUNNING, message: str | None = None) -> None:
        """Make the call. Intended loses the answer."""
        taken = outcome in {EffectOutcome.RUNNING, EffectOutcome.INTENDED}
        job = f"job-{len(self.jobs) + 1}"
        if taken:
            self.jobs.append(self.job(effect, job))
        self.put(*self.ledger(), intent(effect, self.now, outcome, job if outcome is EffectOutcome.RUNNING else None, message))

    def job(self, effect: Effect, name: str) -> Job:
        """The job that the call starts, named after what it makes, or after the configuration server."""
        assert isinstance(effect.call, VaultCall)
        target = "cs-1" if effect.kind is EffectKind.REFRESH_PROVIDER else effect.call.resource_id.resource_name
        return Job(
            arm_id=ArmId(f"{b.VAULT_ID}/replicationJobs/{name}"),
            name=name,
            scenario="Whatever",
            state=JobState.IN_PROGRESS,
            state_description="InProgress",
            started_at=self.now,
            ended_at=None,
            target_object_id="x",
            target_object_name=target,
            errors=(),
            child_jobs=(),
            is_whole=True,
        )

    def end(self, state: JobState = JobState.SUCCEEDED, **changes: Any) -> None:
        """End the newest job, and let a success show."""
        job = self.jobs[-1]
        self.jobs[-1] = replace(job, state=state, state_description="Completed", ended_at=self.now, **changes)
        if state is not JobState.SUCCEEDED:
            return
        if job.target_object_name == "cs-1":
            self.server = {} if self.helps else self.server
            return
        policies, mappings = self.vault.get("policies", ()), self.vault.get("mappings", ())
        made = ArmId(f"{b.VAULT_ID}/replicationPolicies/{NEW}")
        if made in {p.arm_id for p in policies}:
            arm_id = ArmId(f"{b.CONTAINER_ID}/replicationProtectionContainerMappings/{NEW}")
            mapping = ContainerMapping(arm_id, b.CONTAINER_ID, str(b.CONTAINER_ID), made, "Paired", "Normal")
            self.vault["mappings"] = (*mappings, mapping)
        else:
            self.vault["policies"] = (*policies, Policy(made, NEW, "InMage", 15, 1440, 60))


def intent(
    effect: Effect, now: datetime, outcome: EffectOutcome, job: str | None = None, message: str | None = None
) -> LedgerEntry:
    """The entry of an effect, as the guard leaves it."""
    return LedgerEntry(
        key=effect.key,
        effect=effect.kind,
        intended_at=now,
        not_after=now + Limits().intent_valid,
        outcome=outcome,
        job=job,
        settled_at=None if outcome in {EffectOutcome.INTENDED, EffectOutcome.RUNNING} else now,
        message=message,
    )


def shared(**spec: Any) -> SharedWorld:
    """app-1, failed over, at a site whose spec says this."""
    base = world("app-1", stage="Prepared")
    site = SharedWorld(items=base.items, vms=base.vms, azure_vms=base.azure_vms, plans=base.plans)
    site.allow(**spec)
    return site


def site_status(decision: SiteDecision) -> RecoverySiteStatus:
    """The site's."""
    found = decision.statuses[KEY]
    assert isinstance(found, RecoverySiteStatus)
    return found

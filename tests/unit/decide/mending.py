"""A site whose master target mt-win ails: what fixes it, as vCenter would, is made so."""

from dataclasses import dataclass, field, replace
from typing import Any

from tests.unit import builders as b
from tests.unit.decide.world import World, world

from failback_operator.api.common import EffectOutcome
from failback_operator.domain.ids import Moref
from failback_operator.domain.mending import subject_in
from failback_operator.domain.retention import GIB, RetentionDisk
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import Effect, EffectKind, MachineCall
from failback_operator.domain.vsphere import Cluster, Datastore, MotionRule, Pod

VM = Moref("vm-mt-win")


def excluded(place: Any) -> Any:
    """The pod or cluster with an entry that excludes mt-win."""
    others = tuple(rule for rule in place.motion.rules if rule.machine != VM)
    rule = MotionRule(VM, is_enabled=False, behavior=None)
    return replace(place, motion=replace(place.motion, rules=(*others, rule)))


@dataclass(repr=False)
class AilingWorld(World):
    """mt-win's pods, clusters and datastores; `volumes`: what Site Recovery lists of retention volumes there."""

    pods: tuple[Pod, ...] = ()
    clusters: tuple[Cluster, ...] = field(default_factory=lambda: (b.cluster(),))
    datastores: tuple[Datastore, ...] = field(default_factory=lambda: (b.datastore(), b.datastore(b.NFS, name="nfs-1")))
    has_volumes: bool = True

    def view(self) -> SiteView:
        """The site as read."""
        found = super().view()
        vcenter, vault = found.snapshot.vcenters[b.VCENTER], found.snapshot.vault
        assert vcenter.facts is not None
        assert vault.facts is not None
        places = {"pods": self.pods, "clusters": self.clusters, "datastores": self.datastores}
        facts = replace(vcenter.facts, **places)
        if not self.has_volumes:
            fabric = vault.facts.fabric
            servers = tuple(replace(s, retention_volumes=()) for s in fabric.master_targets)
            vault = replace(vault, facts=replace(vault.facts, fabric=replace(fabric, master_targets=servers)))
        snapshot = replace(found.snapshot, vault=vault, vcenters={b.VCENTER: replace(vcenter, facts=facts)})
        return replace(found, snapshot=snapshot)

    def perform(self, effect: Effect, *, answer: EffectOutcome | None = None) -> None:
        """Make the call."""
        subject = subject_in(effect.key)
        if effect.kind is EffectKind.EXCLUDE_FROM_STORAGE_DRS:
            self.pods = tuple(excluded(pod) if pod.moref == subject else pod for pod in self.pods)
        elif effect.kind is EffectKind.EXCLUDE_FROM_DRS:
            self.clusters = tuple(excluded(c) if c.moref == subject else c for c in self.clusters)
        elif effect.kind is EffectKind.ADD_RETENTION_DISK:
            wanted, vm = RetentionDisk.parse(subject), self.vms["mt-win"]
            new = b.disk(9, "mt-win", datastore=wanted.datastore, capacity_bytes=wanted.size_gib * GIB, unit_number=9)
            self.vms["mt-win"] = replace(vm, disks=(*vm.disks, new))
        super().perform(effect, answer=answer)

    def _mend(self, kind: EffectKind, call: MachineCall) -> None:
        if kind in {EffectKind.REMOVE_SNAPSHOTS, EffectKind.SET_DISK_UUID, EffectKind.POWER_CYCLE}:
            super()._mend(kind, call)


def ailing(
    remediation: dict[str, Any], *, stage: str = "Prepared", spec: dict[str, Any] | None = None, **changes: Any
) -> AilingWorld:
    """app-1, to come home through mt-win, whose spec lets the operator do this."""
    base = world("app-1", stage=stage)
    made = AilingWorld(items=base.items, vms=base.vms, azure_vms=base.azure_vms, plans=base.plans, **changes)
    made.targets["mt-win"] = b.master_target(remediation=remediation, **(spec or {}))
    return made


def remedies(site: World, check: str) -> str:
    """What the finding of a check says now, after a round in which nothing is made."""
    decision = site.round(perform=False)
    found = next(s for key, s in decision.statuses.items() if key.kind == "MasterTarget")
    return next((f.remedy for f in found.findings if f.check == check), "")

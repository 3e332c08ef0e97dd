"""One vCenter with transport and follower as the operator has them, and a ledger entry as it keeps it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.vsphere.watching import Watch

from failback_lab.vcenter import VCenter
from failback_operator.act.vsphere import MachineFollower, Progress, VsphereTransport
from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.domain.mending import mending_key
from failback_operator.domain.ports import Accepted, SendResult
from failback_operator.domain.steps import Effect, EffectKind, MachineCall, ObjectKey
from failback_operator.domain.tasks import TaskPhase

SITE_VCENTER = "main"
OWNER = ObjectKey("MasterTarget", "dr", "mt-lin-1")


class Lease:
    """A Lease that the test takes away."""

    held = True

    def is_held(self) -> bool:
        return self.held


class ManualClock:
    """A clock that the test moves; starts at the real time."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at


class Site:
    """One vCenter with transport and follower as the operator has them."""

    def __init__(self, running: Watch, name: str) -> None:
        self.running = running
        self.name = name
        self.lease = Lease()
        self.clock = ManualClock()
        self.subject = ""
        self.transport = VsphereTransport({SITE_VCENTER: running.watcher}.get)

    def call(self, **changes: Any) -> MachineCall:
        vm = self.running.vm(self.name)
        values = {"vcenter": SITE_VCENTER, "machine": vm.moref, "instance_uuid": vm.instance_uuid} | changes
        return MachineCall(**values)

    def key(self, kind: EffectKind) -> str:
        """Key of the effect on `subject`."""
        return mending_key(kind, self.subject, 1)

    async def send(self, kind: EffectKind, **changes: Any) -> SendResult:
        return await self.transport.send(Effect(self.key(kind), kind, OWNER, self.call(**changes)))

    def entry(self, kind: EffectKind, job: str | None) -> LedgerEntry:
        at = self.clock.now().replace(microsecond=0)
        later = at + timedelta(seconds=30)
        return LedgerEntry(
            key=self.key(kind), effect=kind, intended_at=at, not_after=later, outcome=EffectOutcome.RUNNING, job=job
        )

    async def begin(self, kind: EffectKind, **changes: Any) -> LedgerEntry:
        """Send an effect that must be accepted with a job."""
        answer = await self.send(kind, **changes)
        assert isinstance(answer, Accepted), answer
        assert answer.job is not None
        return self.entry(kind, answer.job)

    async def look(self, entry: LedgerEntry, **changes: Any) -> Progress:
        """One look at a running effect, by a follower that knows nothing but the ledger."""
        follower = MachineFollower({SITE_VCENTER: self.running.watcher}.get, self.lease, self.clock)
        return await follower.follow(self.call(**changes), entry)

    async def finish(self, entry: LedgerEntry, **changes: Any) -> Progress:
        """Look until the effect has ended, recording the job as the ledger does."""
        return (await self.jobs(entry, **changes))[1]

    async def jobs(self, entry: LedgerEntry, **changes: Any) -> tuple[list[str], Progress]:
        """All jobs that the ledger held until the effect had ended, and how it ended."""
        held = [entry.job or ""]
        for _ in range(200):
            progress = await self.look(entry, **changes)
            if progress.phase is not TaskPhase.RUNNING:
                return held, progress
            if progress.job != entry.job:
                held.append(progress.job or "")
                entry = entry.model_copy(update={"job": progress.job, "message": progress.message or None})
            else:
                await asyncio.sleep(0.02)
        raise AssertionError("it never ended")


def count(vcenter: VCenter, *methods: str) -> dict[str, int]:
    """Calls of these methods."""
    stats = vcenter.control.stats()
    return {method: stats[method] for method in methods if method in stats}

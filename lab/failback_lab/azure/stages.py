"""Puts an item into a later stage at once, with the jobs that would have led there: for tests of what is read in it."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta

from .items import Item, Stage
from .jobs import Task
from .operation import COMMIT, FAILOVER, FINALIZE, REPROTECT, JobKind
from .plans import commit_tasks, failover_tasks, reprotect_tasks, single_task
from .world import World, past_job

SYNC = timedelta(minutes=30)
LATER = timedelta(minutes=10)


def put_in_stage(world: World, item: Item, stage: Stage, since: timedelta) -> Callable[[], None]:
    """Let `item` have been in `stage` for so long, and give back what puts it where it was.

    Reversed stages only; nothing is done in vCenter. Source of the jobs: site-recovery facts, section 2 (S4 to S7).
    """
    before = {each.name: getattr(item, each.name) for each in fields(item)}
    vm = world.estate.vms.get(item.azure_vm or "")
    power = vm.power if vm else ""
    jobs = [past_job(world, item, (kind.scenario, kind.title), tasks, at) for kind, tasks, at in _way(world, stage, since)]
    item.stage = stage
    item.policy = next(p.name for p in world.policies.values() if p.is_failback)
    item.master_target = next(t.id for t in world.master_targets.values() if t.os_family == item.guest.family)
    item.process_server = next(s.id for s in world.process_servers.values() if s.is_in_azure)
    item.protected_since = world.clock.now() - since
    if vm and stage is not Stage.REVERSE_PROTECTED:
        vm.power = "deallocated"

    def undo() -> None:
        for name, value in before.items():
            setattr(item, name, value)
        if vm:
            vm.power = power
        for job in jobs:
            world.book.remove(job)

    return undo


def _way(world: World, stage: Stage, since: timedelta) -> list[tuple[JobKind, list[Task], datetime]]:
    """The jobs that led to the stage, each over by the next one's begin; the last ended when the stage began."""
    way = [(REPROTECT, reprotect_tasks(1)), (FINALIZE, single_task("IrCompletionTask", FINALIZE.title))]
    if stage is not Stage.REVERSE_PROTECTED:
        way.append((FAILOVER, failover_tasks()))
    if stage is Stage.FAILED_BACK:
        way.append((COMMIT, commit_tasks()))
    ended = world.clock.now() - since
    return [(kind, tasks, ended - (len(way) - number) * LATER) for number, (kind, tasks) in enumerate(way)]

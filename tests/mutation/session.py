"""What came of each mutant, kept in cosmic-ray's own database, so that a run which was stopped goes on where it was."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult
from tests.mutation.mutants import CHOSEN, Mutant, mutants
from tests.mutation.targets import Target
from tests.mutation.trial import End


def cache() -> Path:
    """Where sessions are kept: XDG's cache of this user."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return root / "failback-lab" / "mutation"


class Session:
    """The mutants of one module with what came of them. Another module, or other tests of it, begin another session.

    `killed_stay`: what was killed in any session of the same module counts as killed.
    """

    def __init__(self, target: Target, *, killed_stay: bool = False) -> None:
        directory = cache()
        directory.mkdir(parents=True, exist_ok=True)
        code = _digest(target.source, CHOSEN.pattern)
        path = (
            directory / f"{target.module}-{code}-{_digest(*(each.read_text(encoding='utf-8') for each in target.tests))}.sqlite"
        )
        self.mutants = {mutant.key: mutant for mutant in mutants(target.source)}
        is_new = not path.exists()
        self._database = WorkDB(str(path), WorkDB.Mode.create)
        if is_new or self._database.num_work_items != len(self.mutants):
            self._database.clear()
            self._database.add_work_items(_item(target.path, mutant) for mutant in self.mutants.values())
        for earlier in directory.glob(f"{target.module}-{code}-*.sqlite") if killed_stay else ():
            for job, result in WorkDB(str(earlier), WorkDB.Mode.open).results:
                if result.is_killed:
                    self._database.set_result(job, result)

    @property
    def pending(self) -> Iterator[Mutant]:
        """Mutants of which nothing is known."""
        known = {job for job, _ in self._database.results}
        return (mutant for key, mutant in self.mutants.items() if key not in known)

    @property
    def ends(self) -> dict[str, End]:
        """What came of the others, by key."""
        return {job: _end(result) for job, result in self._database.results}

    def keep(self, mutant: Mutant, end: End) -> None:
        """Write down what came of a mutant."""
        outcome = {End.SURVIVED: TestOutcome.SURVIVED, End.BROKEN: TestOutcome.INCOMPETENT}.get(end, TestOutcome.KILLED)
        worker = WorkerOutcome.ABNORMAL if end is End.OVERTIME else WorkerOutcome.NORMAL
        self._database.set_result(mutant.key, WorkResult(worker_outcome=worker, test_outcome=outcome))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def _item(path: Path, mutant: Mutant) -> WorkItem:
    end = (mutant.line, mutant.column + 1)
    spec = MutationSpec(path, mutant.operator, mutant.occurrence, (mutant.line, mutant.column), end)
    return WorkItem.single(mutant.key, spec)


def _end(result: WorkResult) -> End:
    if result.worker_outcome is WorkerOutcome.ABNORMAL:
        return End.OVERTIME
    return {TestOutcome.SURVIVED: End.SURVIVED, TestOutcome.INCOMPETENT: End.BROKEN}.get(result.test_outcome, End.KILLED)

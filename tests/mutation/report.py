"""What a run of mutants tells: a line a module, and each survivor with the line that it changes."""

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant
from tests.mutation.session import Session
from tests.mutation.targets import Target
from tests.mutation.trial import End

ACCEPTED = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test killed, and why that is no gap (None: it is one)."""

    mutant: Mutant
    before: str
    after: str
    reason: str | None

    def __str__(self) -> str:
        why = f"\n      accepted: {self.reason}" if self.reason else ""
        return f"  {self.mutant.line}: {self.mutant.key}\n    - {self.before}\n    + {self.after}{why}"


@dataclass(frozen=True)
class Report:
    """A module's figures."""

    name: str
    ends: Counter[End]
    survivors: tuple[Survivor, ...]
    total: int

    @property
    def killed(self) -> int:
        return self.ends[End.KILLED] + self.ends[End.BROKEN] + self.ends[End.OVERTIME]

    @property
    def is_whole(self) -> bool:
        return sum(self.ends.values()) == self.total

    @property
    def row(self) -> str:
        """A row of the table in docs/mutation.md."""
        accepted = sum(each.reason is not None for each in self.survivors)
        share = f"{100 * self.killed / self.total:.1f} %" if self.total else "-"
        return f"| {self.name} | {self.total} | {self.killed} | {share} | {len(self.survivors) - accepted} | {accepted} |"


HEAD = "| module | mutants | killed | share | survivors | of them no gap |\n| --- | --- | --- | --- | --- | --- |"


def report(target: Target, session: Session) -> Report:
    """The figures of a module as its session has them."""
    ends, reasons = session.ends, _reasons(target.name)
    survivors = []
    for key, end in ends.items():
        if end is End.SURVIVED:
            mutant = session.mutants[key]
            before, after = _change(target.source, mutant)
            survivors.append(Survivor(mutant, before, after, reasons.get((before, after))))
    survivors.sort(key=lambda each: (each.mutant.line, each.mutant.key))
    return Report(target.name, Counter(ends.values()), tuple(survivors), len(session.mutants))


def _change(source: str, mutant: Mutant) -> tuple[str, str]:
    """The first line that a mutant changes, before and after."""
    pairs = zip(source.splitlines(), (mutant.code(source) or "").splitlines(), strict=False)
    return next(((old.strip(), new.strip()) for old, new in pairs if old != new), ("", ""))


def _reasons(name: str) -> dict[tuple[str, str], str]:
    """Survivors of the module that were looked at and change nothing that counts, by the lines before and after."""
    known = tomllib.loads(ACCEPTED.read_text(encoding="utf-8")) if ACCEPTED.exists() else {}
    return {(each["before"], each["after"]): each["reason"] for each in known.get(name, [])}

"""How cases are proved: in groups, so that a world is read once for each case and once more for what was put back."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import groupby
from pathlib import Path

import pytest
from tests.integration.verdicts.bench import Bench, Verdicts
from tests.integration.verdicts.case import Case
from tests.integration.verdicts.world import World

from failback_lab.azure.client import AzureLab
from failback_lab.azure.config import Durations
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.toolchain import Binaries
from failback_lab.vcenter import VCenter

NO_DISCOVERY = Durations(discovery=1e9)
"""The configuration server looks into vCenter when a case asks it to, not whenever a case has changed something there."""


LAB_SPEED = 60.0


@contextmanager
def world_of(directory: Path, lab: tuple[LabCa, Binaries], scenario: Scenario, speed: float = LAB_SPEED) -> Iterator[World]:
    """Both simulators, started for the length of the context."""
    ca, binaries = lab
    with (
        VCenter(directory / "vcenter", ca, binaries.vcsim, scenario) as vcenter,
        AzureLab(directory / "azure", ca, scenario, vcenter, speed=speed, durations=NO_DISCOVERY) as azure,
    ):
        yield World(azure, vcenter)


def every_case() -> tuple[Case, ...]:
    """Those of all modules `*_cases` beside this one, each of which has CASES."""
    here = Path(__file__).parent
    modules = (import_module(f"tests.integration.verdicts.{each.stem}") for each in sorted(here.glob("*_cases.py")))
    return tuple(case for module in modules for case in module.CASES)


def _key(case: Case) -> tuple[str, str, str]:
    return case.check, case.prepare.__module__, case.prepare.__qualname__


def grouped(cases: Iterable[Case]) -> list[tuple[Case, ...]]:
    """The cases of each check and preparation together."""
    return [tuple(group) for _, group in groupby(sorted(cases, key=_key), _key)]


def name_of(cases: tuple[Case, ...]) -> str:
    """The name of a group's test."""
    first = cases[0]
    how = "" if first.prepare.__name__ == "as_it_is" else f"-{first.prepare.__name__}"
    return f"{first.check}{how}"


async def prove(bench: Bench, cases: tuple[Case, ...]) -> None:
    """Each case of a group answers as it says; when all is undone, every check of every subject answers as before."""
    world = bench.world
    problems: list[str] = []
    try:
        before = await bench.baseline(cases[0].prepare)
        for case in cases:
            world.undo()
            case.prepare(world)
            case.breaks(world)
            problems += _wrong(case, before, await bench.verdicts())
        bench.decide()
        world.undo()
        cases[0].prepare(world)
        after = await bench.verdicts()
    finally:
        world.undo()
    problems += [
        f"{check} of {subject} is not as before: {before.get((check, subject))}, now {after.get((check, subject))}"
        for check, subject in sorted(before.keys() | after)
        if before.get((check, subject)) != after.get((check, subject))
    ]
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def _wrong(case: Case, before: Verdicts, after: Verdicts) -> Iterator[str]:
    key = (case.check, case.subject)
    for which, verdicts, outcome in (("before", before, case.before), ("after", after, case.outcome)):
        found = verdicts.get(key)
        if found is None or found.outcome is not outcome:
            yield f"{case}: {which} {outcome.value} was expected: {found}"
    observed = after[key].observed if key in after else ""
    yield from (f"{case}: {word!r} is not told: {observed}" for word in case.words if word not in observed)

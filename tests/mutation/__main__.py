"""`python -m tests.mutation [MODULE…]`: mutate modules (`checks/plan.py`, `decide/`; default: all), and tell what survived.

A run works on a copy of what is committed, and goes on where an earlier one was stopped. Exit code 1: too many survived.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from tests.mutation.mutants import Mutant
from tests.mutation.report import HEAD, Report, report
from tests.mutation.session import Session
from tests.mutation.targets import Target, targets
from tests.mutation.trial import Trial, baseline, ended, prepare

ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 0.9
SLOWER = 20
"""A mutant may take so many times the wall clock of what the tests take of CPU: others work on the machine, too."""


@contextmanager
def copy_of_tree() -> Iterator[Path]:
    """What is committed here, in a directory of its own."""
    directory = Path(tempfile.mkdtemp(prefix="failback-mutation-"))
    try:
        subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(directory / "tree")], check=True)
        yield directory / "tree"
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def run(target: Target, session: Session, jobs: int) -> None:
    """Try all mutants that are pending, so many at a time."""
    pending = list(session.pending)
    if not pending:
        return
    normal = Trial(target.tree, target.module, target.path, target.source, target.tests)
    seconds = baseline(normal)
    most = int(10 + 4 * seconds)
    click.echo(f"{target.name}: {len(pending)} mutants, {seconds:.1f} s of CPU without a change", err=True)
    running: dict[int, tuple[Mutant, float]] = {}
    while pending or running:
        while pending and len(running) < jobs:
            mutant = pending.pop()
            source = mutant.code(target.source)
            if source is not None:
                trial = Trial(target.tree, target.module, target.path, source, target.tests)
                running[trial.start(most)] = mutant, time.monotonic() + most * SLOWER
        for child, (mutant, deadline) in list(running.items()):
            end = ended(child, deadline)
            if end is not None:
                session.keep(mutant, end)
                del running[child]
        time.sleep(0.02)


def tell(found: Report) -> None:
    """Figures and survivors."""
    whole = "" if found.is_whole else f" of {found.total} (not finished)"
    counts = ", ".join(f"{count} {end}" for end, count in sorted(found.ends.items()))
    click.echo(f"{found.name}: {sum(found.ends.values())} mutants{whole}: {counts or 'none'}")
    for survivor in found.survivors:
        click.echo(str(survivor))


@click.command()
@click.argument("modules", nargs=-1)
@click.option("--jobs", default=1, show_default=True, help="Mutants at a time.")
@click.option("--table", is_flag=True, help="Only the table of what is known, for docs/mutation.md.")
@click.option(
    "--killed-stay", is_flag=True, help="Try no mutant again that earlier tests of the same module killed: while tests only grow."
)
def main(modules: tuple[str, ...], jobs: int, *, table: bool, killed_stay: bool) -> None:
    """Mutate modules, and tell what survived."""
    found = []
    with copy_of_tree() as tree:
        if not table:
            prepare()
        for target in targets(tree, list(modules)):
            if not target.tests:
                click.echo(f"{target.name}: no unit test is its own", err=True)
                continue
            session = Session(target, killed_stay=killed_stay)
            if not table:
                run(target, session, jobs)
            found.append(report(target, session))
            if not table:
                tell(found[-1])
    click.echo("\n".join([HEAD, *(each.row for each in found if each.is_whole and each.total)]))
    total, killed = sum(each.total for each in found), sum(each.killed for each in found)
    click.echo(f"{killed} of {total} killed")
    sys.exit(0 if table or killed >= ENOUGH * total else 1)


if __name__ == "__main__":
    main()

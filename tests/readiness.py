"""Clause → checks → what the operator mends → tests → case: `python -m tests.readiness` writes docs/readiness.md.

With --check it writes nothing, and tells by the exit code whether the file is up to date; with --missing it lists the checks
that no unit test or no case names, and the clauses that have no check.
"""

import argparse
import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests import proofs

from failback_operator.checks.clauses import CLAUSES
from failback_operator.checks.registry import KINDS, AnyCheck
from failback_operator.domain.steps import EffectKind

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "readiness.md"
UNIT, CASES = ROOT / "tests" / "unit", ROOT / "tests" / "integration" / "verdicts"
OF_ALL_CHECKS = {"test_catalogue.py", "test_docs.py"}
"""Modules about every check: that they name one says nothing of it."""
LATER = {"R11", "R12", "R13"}
"""Clauses on the network and on setting up a process server: nothing in them is judged yet."""
CHECKS: dict[str, AnyCheck] = {check.id: check for catalogue in KINDS.values() for check in catalogue}

INTRODUCTION = """\
# Readiness, clause by clause

Made by `python -m tests.readiness` (`make docs`); do not edit. What the vendor's page on preparing reprotection and failback
asks, the [checks](checks/README.md) that answer it, the effects by which the operator may mend what they find, the modules of
`tests/unit` that name the check, and the file of `tests/integration/verdicts` in which its verdict is had through the real SDKs,
for better and for worse.

| clause | asks | check | mended by the operator | unit tests | case |
| --- | --- | --- | --- | --- | --- |
"""


def named_in(paths: Iterable[Path]) -> dict[str, list[str]]:
    """Id of a check → the modules among `paths` that name it, as a path without its ending."""
    found = defaultdict(list)
    for path in sorted(paths):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        for check_id in texts & CHECKS.keys():
            found[check_id].append(path.with_suffix("").name)
    return found


def unit_tests() -> dict[str, list[str]]:
    """Id of a check → the modules of unit tests that name it."""
    return named_in(path for path in UNIT.rglob("test_*.py") if path.name not in OF_ALL_CHECKS)


def cases() -> dict[str, list[str]]:
    """Id of a check → the files of cases that name it."""
    return named_in(path for path in CASES.glob("*.py") if "\nCASES = " in path.read_text(encoding="utf-8"))


def rendered() -> str:
    """The whole page."""
    tests, verdicts = unit_tests(), cases()
    rows = [row for clause in CLAUSES for row in _rows(clause, tests, verdicts)]
    return INTRODUCTION + "\n".join(rows) + "\n" + proofs.rendered()


def _rows(clause: str, tests: dict[str, list[str]], verdicts: dict[str, list[str]]) -> Iterator[str]:
    told = f"{clause} | {CLAUSES[clause]}"
    checks = [check for check in CHECKS.values() if clause in check.clauses]
    if not checks:
        yield f"| {told} | {'comes later' if clause in LATER else '**none**'} | | | |"
    for check in checks:
        mended = ", ".join(kind.value for kind in EffectKind if kind in check.fixes)
        cells = (told, f"[{check.id}](checks/{check.id}.md)", mended, ", ".join(tests[check.id]), ", ".join(verdicts[check.id]))
        yield f"| {' | '.join(cells)} |"
        told = " | "


def missing() -> Iterator[str]:
    """What is not proved yet, a line each."""
    tests, verdicts = unit_tests(), cases()
    yield from (f"{check_id}: no unit test names it" for check_id in CHECKS if check_id not in tests)
    yield from (f"{check_id}: no case names it" for check_id in CHECKS if check_id not in verdicts)
    named = {clause for check in CHECKS.values() for clause in check.clauses}
    yield from (f"{clause}: no check is for it" for clause in CLAUSES if clause not in named | LATER)


def main() -> int:
    """Write the page, or say what is stale or missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.readiness", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the page is out of date")
    parser.add_argument("--missing", action="store_true", help="write nothing; list what is not proved yet")
    options = parser.parse_args()
    if options.missing:
        found = list(missing())
        sys.stdout.writelines(f"{line}\n" for line in found)
        return 1 if found else 0
    text = rendered()
    if not options.check:
        FILE.write_text(text, encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{FILE.relative_to(ROOT)}: out of date: make docs\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

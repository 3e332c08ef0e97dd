"""What docs/readiness.md tells besides the clauses: each known cause of failure, and how three at once are mended."""

from collections.abc import Iterator

from tests.integration.error_codes.cases import CASES, TOLD
from tests.integration.error_codes.rows import ELSEWHERE, ROWS
from tests.integration.error_codes.trouble import Trouble
from tests.integration.operator.ten_scenarios import OF_THE_SITE, SCENARIOS, UNDISCOVERED, WITHOUT_POLICY, calls_of, faults_of

CAUSES = """\

## Known failures, cause by cause

Codes and symptoms of Site Recovery's troubleshooting pages. In each of these states the plan is not Ready beforehand and names
the check, and the simulated service, asked directly, refuses or fails with the code (`LAB-UNKNOWN-n`: the documents give a
symptom and no code). Proved in `tests/integration/error_codes`.

| code or symptom | cause | answer of the service | check |
| --- | --- | --- | --- |
"""
MENDED = """\

## Three faults at once, mended by the operator alone

Ten scenarios in one lab (`tests/integration/operator/test_ten_scenarios.py`), with the only changing calls that were made, each
once.

| scenario | faults | calls |
| --- | --- | --- |
"""


def rendered() -> str:
    """Both tables with their headings."""
    return CAUSES + "".join(f"{row}\n" for row in _causes()) + MENDED + "".join(f"{row}\n" for row in _scenarios())


def _causes() -> Iterator[str]:
    tried = {(trouble.row, trouble.cause): trouble for trouble in (*CASES, *TOLD)}
    for row, causes in ROWS.items():
        told = row
        for cause in causes:
            trouble = tried.get((row, cause))
            cells = f" | {ELSEWHERE[row, cause]}" if trouble is None else _proof(trouble)
            yield f"| {told} | {cause} | {cells} |"
            told = ""


def _proof(trouble: Trouble) -> str:
    answer = trouble.code or "none"
    note = " (told; blocks nothing)" if trouble in TOLD else ""
    return f"{answer} | [{trouble.check}](checks/{trouble.check}.md){note}"


def _scenarios() -> Iterator[str]:
    policies, mapping, refresh = OF_THE_SITE
    more = {UNDISCOVERED: [refresh], WITHOUT_POLICY: [policies, mapping]}
    for name in SCENARIOS:
        yield f"| {name} | {', '.join(faults_of(name))} | {', '.join([*calls_of(name), *more.get(name, [])])} |"

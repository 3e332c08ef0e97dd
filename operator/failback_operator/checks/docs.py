"""Writes docs/checks.md: `python -m failback_operator.checks.docs > docs/checks.md`."""

import sys

from failback_operator.checks.registry import KINDS, AnyCheck
from failback_operator.domain.steps import Step

INTRODUCTION = """\
# Checks

Generated from the catalogue by `python -m failback_operator.checks.docs > docs/checks.md`; do not edit.

A check answers Pass, Fail, Unknown or NotApplicable. Unknown is never Fail and never Pass: what could not be read blocks like a
failure, but is not called one. A **Blocker** stops the steps named with it until it passes, or until a named person waives it in
`spec.waivers` of the plan, where it may be waived. Warnings and infos stop nothing. Clauses (R1-R24) are those of the vendor's
page on preparing reprotection and failback.
"""


def rendered() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for kind, catalogue in KINDS.items():
        checks = sorted((check for check in catalogue), key=lambda check: check.id)
        parts += [f"## {kind}\n", _table(checks)]
        parts += [_entry(check) for check in checks]
    return "\n".join(parts)


def _table(checks: list[AnyCheck]) -> str:
    rows = [
        "| check | clause | severity | condition | guards | waivable |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| [{c.id}](#{c.id.lower()}) | {c.clause} | {c.severity.value} | {c.condition} | {_steps(c)} | {_waiver(c)} |"
            for c in checks
        ),
    ]
    return "\n".join(rows) + "\n"


def _entry(check: AnyCheck) -> str:
    return f"""\
### {check.id}

Expected: {check.expected}.

Remedy: {check.remedy}

Source: {check.source}.
"""


def _steps(check: AnyCheck) -> str:
    return ", ".join(step.value for step in Step if step in check.steps)


def _waiver(check: AnyCheck) -> str:
    if not check.is_waivable:
        return "no"
    return "for a machine by name" if check.needs_machine else "yes"


if __name__ == "__main__":
    sys.stdout.write(rendered())

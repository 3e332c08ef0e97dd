"""The pages of the catalogue: `python -m failback_operator.checks.docs` writes the index and the head of each check's page.

What stands between the markers is generated; the rest of a page is written by hand, in the sections of `SECTIONS`.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from failback_operator.checks.clauses import CLAUSES
from failback_operator.checks.registry import KINDS, AnyCheck
from failback_operator.domain.steps import EffectKind, Step

DIRECTORY = Path("docs/checks")
INDEX = "README.md"
BEGIN, END = "<!-- generated -->\n", "<!-- /generated -->\n"
SECTIONS = ("Symptom", "Cause", "Cure by hand", "Cure by the operator", "Source")

INTRODUCTION = """\
# Checks

Made by `python -m failback_operator.checks.docs` (`make docs`); do not edit. [Readiness](../readiness.md) has them by
clause, with their tests.

A check answers Pass, Fail, Unknown or NotApplicable. Unknown is never Fail and never Pass: what could not be read blocks like a
failure, but is not called one. A **Blocker** stops the steps named with it until it passes, or until a named person waives it in
`spec.waivers` of the plan, where it may be waived. Warnings and infos stop nothing. Clauses (R1-R24) are those of the vendor's
page on preparing reprotection and failback.

The commands on the pages take the names of the samples (`tokyo`, `cs-1`, `mt-win-1`, `crm-1`) and this session of PowerShell:

```powershell
Connect-AzAccount                                                    # module Az.RecoveryServices
Set-AzRecoveryServicesAsrVaultContext -Vault (Get-AzRecoveryServicesVault -ResourceGroupName rg-dr-tokyo -Name vault-tokyo)
$fabric = Get-AzRecoveryServicesAsrFabric -FriendlyName cs-1
$container = Get-AzRecoveryServicesAsrProtectionContainer -Fabric $fabric
$cs = $fabric.FabricSpecificDetails
$item = Get-AzRecoveryServicesAsrReplicationProtectedItem -ProtectionContainer $container -FriendlyName crm-1
Connect-VIServer vcenter.tokyo.example.com                           # module VMware.PowerCLI
```

The vendor has announced that the portal loses its operations for the classic architecture; where a path named here is missing,
take the command.
"""


def index() -> str:
    """The index: one table a kind."""
    parts = [INTRODUCTION]
    for kind, catalogue in KINDS.items():
        parts += [f"## {kind}\n", _table(sorted(catalogue, key=lambda check: check.id))]
    return "\n".join(parts)


def _table(checks: list[AnyCheck]) -> str:
    rows = [
        "| check | expected | clause | severity | condition | guards | waivable |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| [{c.id}]({c.id}.md) | {_cell(c.expected)} | {', '.join(c.clauses)} | {c.severity.value} | {c.condition} "
            f"| {_steps(c)} | {_waiver(c)} |"
            for c in checks
        ),
    ]
    return "\n".join(rows) + "\n"


def head(kind: str, check: AnyCheck) -> str:
    """The generated part of the page of `check`, markers included."""
    rows = [f"| clause | {clause}: {CLAUSES[clause]} |" for clause in check.clauses]
    rows += [
        f"| severity | {check.severity.value} |",
        f"| condition | {check.condition} of {kind} |",
        f"| guards | {_steps(check) or 'nothing'} |",
        f"| waivable | {_waiver(check)} |",
        *(f"| location | {location.value} alone |" for location in check.locations if len(check.locations) == 1),
        f"| mended by the operator | {_fixes(check) or 'no'} |",
    ]
    return (
        f"{BEGIN}# {check.id}\n\n| | |\n| --- | --- |\n" + "\n".join(rows) + f"\n\n**Expected:** {check.expected}.\n\n"
        f"**Remedy:** {check.remedy}\n\n{END}"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _steps(check: AnyCheck) -> str:
    return ", ".join(step.value for step in Step if step in check.steps)


def _fixes(check: AnyCheck) -> str:
    return ", ".join(kind.value for kind in EffectKind if kind in check.fixes)


def _waiver(check: AnyCheck) -> str:
    if not check.is_waivable:
        return "no"
    return "for a machine by name" if check.needs_machine else "yes"


def page(kind: str, check: AnyCheck, written: str | None) -> str:
    """The page of `check` as it should be, from what is `written` now (None: nothing)."""
    made = head(kind, check)
    if written is None:
        return made + "".join(f"\n## {section}\n" for section in SECTIONS)
    _, begin, rest = written.partition(BEGIN)
    _, end, body = rest.partition(END)
    if not (begin and end):
        first, _, others = written.partition("\n")
        body = "\n" + (others if first.startswith("# ") else written).lstrip("\n")
    return made + body


def pages(directory: Path) -> dict[str, str]:
    """Text of each file as it should be, by its name."""
    found = {INDEX: index()}
    for kind, catalogue in KINDS.items():
        for check in catalogue:
            path = directory / f"{check.id}.md"
            found[path.name] = page(kind, check, path.read_text(encoding="utf-8") if path.exists() else None)
    return found


def empty_sections(text: str) -> list[str]:
    """The sections that a page lacks, or that say nothing."""
    bodies = {}
    for part in text.partition(END)[2].split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        bodies[title.strip()] = body.strip()
    return [section for section in SECTIONS if not bodies.get(section)]


def problems(directory: Path) -> Iterator[str]:
    """What is wrong with the files in `directory`, a line each."""
    wanted = pages(directory)
    present = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.md")}
    for name in sorted(wanted.keys() | present.keys()):
        if name not in wanted:
            yield f"{name}: there is no such check"
        elif present.get(name) != wanted[name]:
            yield f"{name}: out of date: make docs"
        elif name != INDEX:
            yield from (f"{name}: nothing is said under {section}" for section in empty_sections(present[name]))


def write(directory: Path) -> None:
    """Write the index and the heads, and begin the pages that are missing."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages(directory).items():
        (directory / name).write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Write the pages; the exit code tells whether something is left to write by hand, or with --check to write at all."""
    parser = argparse.ArgumentParser(prog="python -m failback_operator.checks.docs", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; name the pages that are not as they should be")
    parser.add_argument("directory", nargs="?", type=Path, default=DIRECTORY)
    options = parser.parse_args(arguments)
    if not options.check:
        write(options.directory)
    found = list(problems(options.directory))
    sys.stderr.writelines(f"{options.directory / problem}\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""Which modules are mutated, and which unit tests are each one's own."""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGES = ("checks", "decide", "planning")
NO_LOGIC = frozenset({"checks/clauses.py", "checks/docs.py", "checks/registry.py", "checks/subjects.py", "decide/rules.py"})
"""Tables and the maker of the pages: what they hold is compared as a whole by tests and `make lint`."""

ALSO = {
    "checks/contexts.py": ("checks/test_machine.py", "checks/test_site.py"),
    "checks/define.py": ("checks/test_catalogue.py",),
    "checks/engine.py": ("checks/test_catalogue.py",),
    "checks/catalogue.py": ("checks/test_catalogue.py",),
    "checks/machine/base.py": ("checks/test_machine.py", "checks/test_machine_azure.py"),
    "checks/machine/returning.py": ("checks/test_new_vm.py", "checks/test_machine.py"),
    "checks/master_target/base.py": ("checks/test_master_target.py", "checks/test_target_identity.py"),
    "checks/site/base.py": ("checks/test_site.py",),
    "decide/architectures/classic_bodies.py": ("decide/test_bodies_and_checks.py",),
    "decide/architectures/unhandled.py": ("decide/test_classic_gates.py",),
    "decide/contexts.py": ("decide/test_statuses.py", "decide/test_slots.py"),
    "decide/demand.py": ("decide/test_slots.py", "decide/test_staying.py", "decide/test_details.py"),
    "decide/duplicates.py": ("decide/test_statuses.py",),
    "decide/effects.py": ("decide/test_commit_failover.py", "decide/test_mishaps.py"),
    "decide/evaluate.py": ("decide/test_effects.py", "decide/test_slots.py"),
    "decide/fixes/base.py": ("decide/test_remediation.py", "decide/test_power_cycle.py"),
    "decide/fixes/drs.py": ("decide/test_exclusion.py",),
    "decide/fixes/snapshots.py": ("decide/test_remediation.py",),
    "decide/fixes/storage_drs.py": ("decide/test_exclusion.py",),
    "decide/machines.py": ("decide/test_leaving.py", "decide/test_details.py"),
    "decide/os_match.py": ("decide/test_slots.py", "decide/test_statuses.py"),
    "decide/outcome.py": ("decide/test_statuses.py", "decide/test_leaving.py"),
    "decide/phase.py": ("decide/test_mishaps.py", "decide/test_effects.py"),
    "decide/plan_conditions.py": ("decide/test_statuses.py", "decide/test_wording.py", "decide/test_waivers_of_targets.py"),
    "decide/plan_counts.py": ("decide/test_statuses.py", "decide/test_details.py"),
    "decide/recording.py": ("decide/test_details.py", "decide/test_started_since.py"),
    "decide/remediation.py": (
        "decide/test_exclusion.py",
        "decide/test_power_cycle.py",
        "decide/test_retention_disk.py",
        "decide/test_template.py",
    ),
    "decide/standing.py": ("decide/test_effects.py", "decide/test_statuses.py"),
    "decide/status_machine.py": ("decide/test_statuses.py", "decide/test_wording.py", "decide/test_details.py"),
    "decide/status_plan.py": ("decide/test_statuses.py",),
    "decide/status_server.py": ("decide/test_statuses.py",),
    "decide/status_site.py": ("decide/test_statuses.py",),
    "decide/survey.py": ("decide/test_selection.py", "decide/test_details.py"),
    "decide/waiting.py": ("decide/test_slots.py", "decide/test_wording.py"),
    "decide/watching.py": ("decide/test_details.py", "decide/test_mishaps.py"),
}
"""Test files of modules beyond those that name or import them."""

OF_ALL = frozenset({"test_snapshots.py", "test_docs.py", "test_readiness.py", "test_catalogue.py", "test_properties.py"})
"""Tests of everything at once: no module's own, but those that ALSO names."""

CHECK_ID = re.compile(r'\bid="([A-Za-z]+)"')


@dataclass(frozen=True)
class Target:
    """A module under `tree`, by its path below the package, as `checks/plan.py`."""

    tree: Path
    name: str

    @property
    def path(self) -> Path:
        return self.tree / "operator" / "failback_operator" / self.name

    @property
    def module(self) -> str:
        return "failback_operator." + self.name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    @cached_property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tests(self) -> tuple[Path, ...]:
        """Of the tests of its room those that are named after it, import it, or name a check of it in quotes; and those of ALSO.

        Last, for checks: the comparison of what the catalogue says of them (steps, waivers) with their pages.
        """
        unit = self.tree / "tests" / "unit"
        checks = set(CHECK_ID.findall(self.source))
        also = {unit / each for each in ALSO.get(self.name, ())}
        room = unit / self.name.split("/", 1)[0]
        files = sorted(room.glob("test_*.py"))
        own = tuple(p for p in files if p in also or (p.name not in OF_ALL and self._is_own(p, checks)))
        return (*own, room / "test_docs.py") if checks else own

    def _is_own(self, path: Path, checks: set[str]) -> bool:
        source = path.read_text(encoding="utf-8")
        if path.stem == f"test_{self.path.stem}" or checks & set(re.findall(r"[\"']([A-Za-z]+)[\"']", source)):
            return True
        return self.module in _imports(source)


def _imports(source: str) -> set[str]:
    """Modules that a file imports, or imports from."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return found


def targets(tree: Path, wanted: list[str]) -> list[Target]:
    """The modules with logic in the packages; if `wanted` is not empty, those whose paths begin with one of it."""
    package = tree / "operator" / "failback_operator"
    names = sorted(str(p.relative_to(package)) for each in PACKAGES for p in (package / each).rglob("*.py"))
    return [
        Target(tree, name)
        for name in names
        if name not in NO_LOGIC and not name.endswith("__init__.py") and (not wanted or name.startswith(tuple(wanted)))
    ]

"""CustomResourceDefinitions of our kinds, made from the models.

`python -m failback_operator.api.crds [--check] [DIRECTORY...]`
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml
from pydantic import BaseModel, JsonValue

from failback_operator.api.common import GROUP, VERSION
from failback_operator.api.schema import Schema, structural
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan, MasterTarget, ProcessServer, RecoverySite

DIRECTORIES = (Path("crds"), Path("helm/failback-operator/crds"))
HEADER = "# Made from the models by `python -m failback_operator.api.crds`; edit those.\n"
LABELS: dict[str, JsonValue] = {"app.kubernetes.io/name": "failback-operator"}
CATEGORY = "failback"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; `is_wide` shows it with `-o wide` alone."""

    name: str
    path: str
    type: str = "string"
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One of our kinds, with the names and columns by which kubectl shows it."""

    model: type[BaseModel]
    plural: str
    short: str
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """The kind."""
        return self.model.__name__

    @property
    def file_name(self) -> str:
        """File that holds its definition."""
        return f"{GROUP}_{self.plural}.yaml"


def _of_ready(member: str) -> str:
    return f'.status.conditions[?(@.type=="Ready")].{member}'


READY = Column("Ready", _of_ready("status"))
REASON = Column("Reason", _of_ready("reason"), is_wide=True)
READY_MESSAGE = Column("Message", _of_ready("message"))
SITE = Column("Site", ".spec.siteRef.name", is_wide=True)
MESSAGE = Column("Message", ".status.message")
AGE = Column("Age", ".metadata.creationTimestamp", "date")

KINDS = (
    Kind(
        RecoverySite,
        "recoverysites",
        "rsite",
        (
            READY,
            Column("Vault", ".spec.vault.name"),
            Column("Fabric", ".spec.vault.fabric"),
            Column("Items", ".status.found.protectedItems", "integer"),
            Column("Failed-Over", ".status.found.failedOver", "integer"),
            Column("Targets", ".status.found.masterTargets", "integer", is_wide=True),
            Column("CS-Version", ".status.configurationServerVersion", is_wide=True),
            Column("Suspend", ".spec.suspend", "boolean", is_wide=True),
            REASON,
            READY_MESSAGE,
            AGE,
        ),
    ),
    Kind(
        MasterTarget,
        "mastertargets",
        "mt",
        (
            READY,
            Column("OS", ".status.operatingSystem"),
            Column("Own", ".status.disks.own", "integer"),
            Column("Attached", ".status.disks.attached", "integer"),
            Column("Free", ".status.disks.free", "integer"),
            Column("Host", ".status.host"),
            Column("Reserved", ".status.disks.reserved", "integer", is_wide=True),
            Column("Orphaned", ".status.disks.orphaned", "integer", is_wide=True),
            Column("Limit", ".status.disks.limit", "integer", is_wide=True),
            Column("Cordon", ".spec.cordon", "boolean", is_wide=True),
            SITE,
            REASON,
            READY_MESSAGE,
            AGE,
        ),
    ),
    Kind(
        ProcessServer,
        "processservers",
        "ps",
        (
            READY,
            Column("Location", ".spec.location"),
            Column("Health", ".status.health"),
            Column("Address", ".status.ipAddress"),
            Column("Machines", ".status.machines", "integer"),
            Column("Version", ".status.version", is_wide=True),
            SITE,
            REASON,
            READY_MESSAGE,
            AGE,
        ),
    ),
    Kind(
        FailbackPlan,
        "failbackplans",
        "fbp",
        (
            Column("Stage", ".spec.stage"),
            READY,
            Column("Phase", ".status.phase"),
            Column("Machines", ".status.machinesDone"),
            Column("Disks", ".status.disks.planned", "integer"),
            Column("Wave", ".status.wave"),
            Column("Progress", ".status.progress"),
            Column("Reached", ".status.stage", is_wide=True),
            Column("Free-Slots", ".status.disks.freeSlots", "integer", is_wide=True),
            Column("In-Flight", ".status.machines.inFlight", "integer", is_wide=True),
            Column("Blocked", ".status.machines.blocked", "integer", is_wide=True),
            Column("Failed", ".status.machines.failed", "integer", is_wide=True),
            Column("Suspend", ".spec.suspend", "boolean", is_wide=True),
            SITE,
            REASON,
            MESSAGE,
            AGE,
        ),
    ),
    Kind(
        FailbackMachine,
        "failbackmachines",
        "fbm",
        (
            Column("Plan", ".spec.planRef.name"),
            Column("Machine", ".spec.machineName"),
            Column("Phase", ".status.phase"),
            Column("Target", ".status.assignment.masterTarget"),
            Column("Progress", ".status.progress"),
            Column("Job", ".status.job", is_wide=True),
            Column("State", ".status.protectionState", is_wide=True),
            SITE,
            REASON,
            MESSAGE,
            AGE,
        ),
    ),
)


def definition(kind: Kind) -> Schema:
    """The CustomResourceDefinition of `kind`."""
    spec, status = (structural(cast("type[BaseModel]", kind.model.model_fields[part].annotation)) for part in ("spec", "status"))
    schema: Schema = {
        "type": "object",
        "description": kind.model.__doc__,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": "Version of the schema of this object."},
            "kind": {"type": "string", "description": "Kind of this object."},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": status,
        },
    }
    names: Schema = {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.name.lower(),
        "shortNames": [kind.short],
        "categories": [CATEGORY],
    }
    version: Schema = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(column) for column in kind.columns],
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}", "labels": LABELS},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def _column(column: Column) -> Schema:
    shown: Schema = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return {**shown, "priority": 1} if column.is_wide else shown


class _Dumper(yaml.SafeDumper):
    """Plain YAML without anchors: equal columns of two kinds stay readable."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - signature of the base class
        return True


def rendered() -> dict[str, str]:
    """Text of each definition by its file name."""
    return {
        kind.file_name: HEADER + yaml.dump(definition(kind), Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
        for kind in KINDS
    }


def stale(directory: Path, texts: dict[str, str]) -> list[str]:
    """Names of files in `directory` that differ from `texts`, are missing, or should not be there."""
    present = {path.name: path.read_text() for path in directory.glob(f"{GROUP}_*.yaml")}
    return sorted(name for name in present.keys() | texts.keys() if present.get(name) != texts.get(name))


def write(directory: Path, texts: dict[str, str]) -> None:
    """Make `directory` hold exactly `texts` among the files of our group."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob(f"{GROUP}_*.yaml"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (directory / name).write_text(text)


def main(arguments: list[str] | None = None) -> int:
    """Write the definitions, or with --check tell by the exit code whether the files are up to date."""
    parser = argparse.ArgumentParser(prog="python -m failback_operator.api.crds", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; name the files that are out of date")
    parser.add_argument("directories", nargs="*", type=Path, default=list(DIRECTORIES))
    options = parser.parse_args(arguments)
    texts = rendered()
    if options.check:
        old = [str(directory / name) for directory in options.directories for name in stale(directory, texts)]
        sys.stderr.writelines(f"out of date: {path}\n" for path in old)
        return 1 if old else 0
    for directory in options.directories:
        write(directory, texts)
    return 0


if __name__ == "__main__":
    sys.exit(main())

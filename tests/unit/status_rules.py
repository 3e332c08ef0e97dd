"""What every status must keep, whichever test made it: the API server stores all of it, and writing it twice writes once.

Rules: 1. it validates under the structural schema of its CRD, and has no member that the API server would prune; 2. its
conditions are metav1.Condition, at most twelve; 3. what is stored after one write needs no second one.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft4Validator, FormatChecker, ValidationError, validators

from failback_operator.api.common import StatusBase
from failback_operator.api.crds import KINDS
from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.keys import AnyObject, key_of
from failback_operator.runtime.status_writer import LEDGER, status_changes, with_transition_times

CRDS = Path(__file__).resolve().parents[2] / "crds"
FILES = {kind.name: CRDS / kind.file_name for kind in KINDS}
MOST_CONDITIONS = 12
FIRST_WRITE = datetime(2026, 11, 24, 6, 0, 0, 999_999, tzinfo=UTC)

# Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go (type Condition)
LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
CONDITION = {
    "type": "object",
    "required": ["type", "status", "lastTransitionTime", "reason", "message"],
    "additionalProperties": False,
    "properties": {
        "type": {
            "type": "string",
            "maxLength": 316,
            "pattern": rf"^({LABEL}(\.{LABEL})*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
        },
        "status": {"enum": ["True", "False", "Unknown"]},
        "observedGeneration": {"type": "integer", "minimum": 0},
        "lastTransitionTime": {"type": "string", "format": "date-time"},
        "reason": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"},
        "message": {"type": "string", "maxLength": 32768},
    },
}
CONDITIONS = {"type": "array", "maxItems": MOST_CONDITIONS, "items": CONDITION}

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time")
def _is_time(value: object) -> bool:
    """RFC 3339, which demands a zone."""
    return not isinstance(value, str) or bool(re.fullmatch(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}(\.\d+)?(Z|[+-]\d\d:\d\d)", value))


def _entries_differ(_: Any, keys: list[str], entries: object, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """`x-kubernetes-list-map-keys`: each entry has them, and no two entries have the same."""
    named = [tuple(entry.get(key) for key in keys) for entry in entries] if isinstance(entries, list) else []
    if any(None in name for name in named) or len(set(named)) < len(named):
        yield ValidationError(f"the entries are not told apart by {keys}: {named}")


def _values_differ(_: Any, kind: str, entries: object, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """`x-kubernetes-list-type: set`."""
    if kind == "set" and isinstance(entries, list) and len({json.dumps(each) for each in entries}) < len(entries):
        yield ValidationError(f"a set has a value twice: {entries}")


# OpenAPI 3.0 has its words from draft 4, in which exclusiveMinimum is a boolean.
Structural = validators.extend(
    Draft4Validator, {"x-kubernetes-list-map-keys": _entries_differ, "x-kubernetes-list-type": _values_differ}
)


def closed(node: Any) -> Any:
    """A structural schema that refuses what the API server would prune."""
    if not isinstance(node, dict):
        return node
    out = {word: closed(value) for word, value in node.items() if word != "properties"}
    if "properties" in node:
        out["properties"] = {name: closed(child) for name, child in node["properties"].items()}
        out["additionalProperties"] = False
    return out


@cache
def schema_of(kind: str) -> dict[str, Any]:
    """The schema of a kind's status, as the file in crds/ has it."""
    definition = yaml.safe_load(FILES[kind].read_text(encoding="utf-8"))
    return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]


@cache
def _validators(kind: str) -> tuple[Draft4Validator, ...]:
    whole = Structural(closed(schema_of(kind)), format_checker=FORMATS)
    return whole, Structural({"properties": {"conditions": CONDITIONS}}, format_checker=FORMATS)


@lru_cache(maxsize=8192)
def problems(kind: str, text: str) -> tuple[str, ...]:
    """What is wrong with a status, given as JSON."""
    body = json.loads(text)
    return tuple(f"{found.json_path}: {found.message}" for each in _validators(kind) for found in each.iter_errors(body))


def defaulted(schema: Mapping[str, Any], value: Any) -> Any:
    """`value` with the defaults that the API server fills in."""
    if isinstance(value, dict):
        known = schema.get("properties", {})
        filled = {name: child["default"] for name, child in known.items() if "default" in child} | value
        return {name: defaulted(known.get(name, {}), each) for name, each in filled.items()}
    if isinstance(value, list):
        return [defaulted(schema.get("items", {}), each) for each in value]
    return value


def patched(target: Any, patch: Any) -> Any:
    """`target` after a merge patch. Source: RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    out = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = patched(out.get(name), value)
    return out


def written(kind: str, stored: StatusBase, wanted: StatusBase, moment: datetime) -> tuple[dict[str, Any], StatusBase]:
    """The patch that the status writer sends, and the status that the API server then has."""
    merged = wanted.model_copy(update={"conditions": with_transition_times(wanted.conditions, stored.conditions, moment)})
    changes = status_changes(stored, merged)
    before = stored.model_dump(by_alias=True, exclude_unset=True, exclude_none=True, mode="json")
    after = defaulted(schema_of(kind), patched(before, json.loads(json.dumps(changes))))
    return changes, type(wanted).model_validate(after)


def _without_ledger(status: StatusBase) -> dict[str, Any]:
    return {name: value for name, value in status.wire().items() if name != LEDGER}


def broken(kind: str, stored: StatusBase, wanted: StatusBase) -> Iterator[str]:
    """The rules that a status breaks which is to replace `stored`."""
    fresh = wanted.model_copy(update={"conditions": with_transition_times(wanted.conditions, (), FIRST_WRITE)})
    refused = problems(kind, json.dumps(fresh.wire()))
    yield from refused
    for before in () if refused else (stored, type(wanted)()):
        _, after = written(kind, before, wanted, FIRST_WRITE)
        kept = with_transition_times(wanted.conditions, before.conditions, FIRST_WRITE)
        if _without_ledger(after) != _without_ledger(wanted.model_copy(update={"conditions": kept})):
            yield f"a write makes {after.wire()} of {wanted.wire()}"
        second, _ = written(kind, after, wanted, FIRST_WRITE + timedelta(minutes=1))
        if second:
            yield f"a second write changes {second}"


def check_statuses(statuses: Mapping[ObjectKey, StatusBase], objects: Iterable[AnyObject]) -> None:
    """Assert the rules for the statuses of objects, some of which may be new."""
    stored = {key_of(each): each.status for each in objects}
    found = [f"{k}: {text}" for k, wanted in statuses.items() for text in broken(k.kind, stored.get(k, type(wanted)()), wanted)]
    if found:
        raise AssertionError("\n".join(found))

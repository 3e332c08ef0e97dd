"""The generator of CRDs: what it writes, what it refuses, and that the files in the tree are what it writes."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from failback_operator.api.common import ApiModel, rule, rules
from failback_operator.api.crds import DIRECTORIES, KINDS, main, rendered
from failback_operator.api.schema import NotStructuralError, structural

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("directory", DIRECTORIES, ids=str)
def test_the_files_are_what_the_models_say(directory, capsys):
    assert main(["--check", str(ROOT / directory)]) == 0, capsys.readouterr().err


def test_check_names_each_file_that_is_old_missing_or_too_much(tmp_path, capsys):
    assert main([str(tmp_path)]) == 0
    (tmp_path / "failback.dev_failbackplans.yaml").write_text("old")
    (tmp_path / "failback.dev_mastertargets.yaml").unlink()
    (tmp_path / "failback.dev_strangers.yaml").write_text("")
    assert main(["--check", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert [Path(line.split(": ")[1]).name for line in told.splitlines()] == [
        "failback.dev_failbackplans.yaml",
        "failback.dev_mastertargets.yaml",
        "failback.dev_strangers.yaml",
    ]
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0


def _schemas(node):
    yield node
    for child in node.get("properties", {}).values():
        yield from _schemas(child)
    for word in ("items", "additionalProperties"):
        if isinstance(node.get(word), dict):
            yield from _schemas(node[word])


@pytest.mark.parametrize("text", rendered().values(), ids=rendered().keys())
def test_every_field_is_described_and_no_schema_is_open(text):
    version = yaml.safe_load(text)["spec"]["versions"][0]
    root = version["schema"]["openAPIV3Schema"]
    for part in ("spec", "status"):
        for node in _schemas(root["properties"][part]):
            assert "type" in node
            assert all("description" in child for child in node.get("properties", {}).values())
            assert "x-kubernetes-preserve-unknown-fields" not in node
            assert "$ref" not in node
            assert "title" not in node


def test_the_kinds_are_found_by_their_short_names_and_category():
    names = {kind.short: yaml.safe_load(rendered()[kind.file_name])["spec"]["names"] for kind in KINDS}
    assert names.keys() == {"rsite", "mt", "ps", "fbp", "fbm"}
    assert all(each["categories"] == ["failback"] and each["shortNames"] == [short] for short, each in names.items())


def test_plans_show_what_a_person_asks_for_first():
    plan = yaml.safe_load(rendered()["failback.dev_failbackplans.yaml"])
    columns = plan["spec"]["versions"][0]["additionalPrinterColumns"]
    narrow = [each["name"].upper() for each in columns if "priority" not in each]
    assert narrow == ["STAGE", "READY", "PHASE", "MACHINES", "DISKS", "WAVE", "PROGRESS", "MESSAGE", "AGE"]
    assert any(each.get("priority") == 1 for each in columns)


class _Inner(ApiModel):
    """Inner."""

    kind: Literal["A"] = Field(description="Only A.")
    many: set[str] = Field(description="A set.", max_length=3)
    above: float = Field(description="Above one.", gt=1, lt=5)
    maybe: int | None = Field(default=None, description="Absent or a number.")
    names: dict[str, Annotated[str, Field(max_length=3)]] = Field(default_factory=dict, description="A map.")
    model_config = ConfigDict(json_schema_extra=rules(rule("self.kind == 'A'", "of the type")))


class _Outer(ApiModel):
    """Outer."""

    inner: _Inner = Field(description="Of the field.", json_schema_extra=rules(rule("self == oldSelf", "of the field")))


def test_words_that_openapi_words_otherwise_are_translated():
    inner = structural(_Outer)["properties"]["inner"]
    assert inner["description"] == "Of the field."
    assert inner["properties"]["kind"] == {"description": "Only A.", "enum": ["A"], "type": "string"}
    assert inner["properties"]["many"]["x-kubernetes-list-type"] == "set"
    assert inner["properties"]["above"]["minimum"] == 1
    assert inner["properties"]["above"]["exclusiveMinimum"] is True
    assert inner["properties"]["above"]["exclusiveMaximum"] is True
    assert inner["properties"]["maybe"] == {"description": "Absent or a number.", "type": "integer"}
    assert inner["properties"]["names"]["additionalProperties"] == {"type": "string", "maxLength": 3}


def test_rules_of_a_type_and_of_the_field_that_has_it_both_hold():
    inner = structural(_Outer)["properties"]["inner"]
    assert [each["message"] for each in inner["x-kubernetes-validations"]] == ["of the type", "of the field"]


class _NoDescription(BaseModel):
    silent: int


class _Union(BaseModel):
    either: int | str = Field(description="Two types.")


class _Recursive(BaseModel):
    children: "list[_Recursive]" = Field(description="Itself.")


class _Anything(BaseModel):
    anything: object = Field(description="No type.")


class _Bytes(BaseModel):
    raw: bytes = Field(description="A format that the API server does not know.")


@pytest.mark.parametrize(
    ("model", "where"),
    [
        (_NoDescription, "_NoDescription.silent: no description"),
        (_Union, "_Union.either: anyOf"),
        (_Recursive, "_Recursive contains itself"),
        (_Anything, "_Anything.anything: no type"),
        (_Bytes, "_Bytes.raw: format binary"),
    ],
)
def test_what_a_crd_cannot_hold_is_refused_with_its_path(model, where):
    with pytest.raises(NotStructuralError, match=where):
        structural(model)

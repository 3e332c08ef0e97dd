"""Structural schemas (OpenAPI 3.0, as CustomResourceDefinitions need them) from the pydantic models.

What the API server would refuse, drop or read differently is refused here, with the path of the field.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from collections.abc import Mapping
from typing import TypeAlias, cast

from pydantic import BaseModel, JsonValue
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

Schema: TypeAlias = dict[str, JsonValue]

VALIDATIONS = "x-kubernetes-validations"
# Words of JSONSchemaProps that mean the same in both languages.
SAME_WORDS = frozenset(
    {
        "type", "format", "description", "default", "enum", "pattern", "properties", "required", "items", "additionalProperties",
        "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
    }
)  # fmt: skip
# Words that are translated below, or that say nothing to the API server.
OTHER_WORDS = frozenset({"$ref", "$defs", "title", "examples", "const", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum"})
FORMATS = frozenset({"date-time", "date", "uri", "ipv4", "ipv6", "uuid", "int32", "int64"})


class NotStructuralError(TypeError):
    """A model says something that a CustomResourceDefinition cannot hold."""


class _Generator(GenerateJsonSchema):
    """JSON schema in which an optional field is absent rather than null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def structural(model: type[BaseModel]) -> Schema:
    """The structural schema of `model` on the wire. Raises NotStructuralError."""
    raw = cast("Schema", model.model_json_schema(by_alias=True, mode="validation", schema_generator=_Generator))
    return _Walker(cast("Schema", raw.pop("$defs", {}))).visit(raw, model.__name__, frozenset())


class _Walker:
    def __init__(self, definitions: Schema) -> None:
        self._definitions = definitions

    def visit(self, node: Schema, at: str, seen: frozenset[str]) -> Schema:
        """`node` and all below it, with references put in place and words translated."""
        node, seen = self._resolved(node, at, seen)
        unknown = {word for word in node if not word.startswith("x-kubernetes-")} - SAME_WORDS - OTHER_WORDS
        if unknown or "type" not in node:
            raise NotStructuralError(f"{at}: {', '.join(sorted(unknown)) or 'no type'}")
        if node.get("format", "date-time") not in FORMATS:
            raise NotStructuralError(f"{at}: format {node['format']}")
        out: Schema = {word: value for word, value in node.items() if word not in OTHER_WORDS}
        _translate(node, out)
        self._visit_children(out, at, seen)
        return out

    def _resolved(self, node: Schema, at: str, seen: frozenset[str]) -> tuple[Schema, frozenset[str]]:
        reference = node.get("$ref")
        if reference is None:
            return node, seen
        name = str(reference).rsplit("/", 1)[-1]
        if name in seen:
            raise NotStructuralError(f"{at}: {name} contains itself")
        target = cast("Schema", self._definitions[name])
        merged = {**target, **{word: value for word, value in node.items() if word != "$ref"}}
        # Rules of the type and of the field that has it both hold.
        if VALIDATIONS in target and VALIDATIONS in node:
            merged[VALIDATIONS] = [*cast("list[JsonValue]", target[VALIDATIONS]), *cast("list[JsonValue]", node[VALIDATIONS])]
        return merged, seen | {name}

    def _visit_children(self, out: Schema, at: str, seen: frozenset[str]) -> None:
        if "properties" in out:
            properties = cast("Mapping[str, Schema]", out["properties"])
            for name, child in properties.items():
                if "description" not in child:
                    raise NotStructuralError(f"{at}.{name}: no description")
            out["properties"] = {name: self.visit(child, f"{at}.{name}", seen) for name, child in properties.items()}
        for word in ("items", "additionalProperties"):
            below = out.get(word)
            if isinstance(below, dict):
                out[word] = self.visit(below, f"{at}[]", seen)


def _translate(node: Schema, out: Schema) -> None:
    """Write into `out` what JSON schema words otherwise than OpenAPI 3.0, and drop what pruning makes needless."""
    if "const" in node:
        out["enum"] = [node["const"]]
    if node.get("uniqueItems"):
        out["x-kubernetes-list-type"] = "set"
    if "default" in out and out["default"] is None:
        del out["default"]
    if out.get("additionalProperties") is False:
        del out["additionalProperties"]
    for bound in ("Minimum", "Maximum"):
        if f"exclusive{bound}" in node:
            out[bound.lower()] = node[f"exclusive{bound}"]
            out[f"exclusive{bound}"] = True

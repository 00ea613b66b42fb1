"""JSON schemas of types, in the forms of OpenAPI v2 and v3.

They differ in three ways: where references point, that v3 wraps them (nothing may stand beside a `$ref`), and how a
value of two types is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from wherry.api.schema.descriptions import Descriptions
from wherry.api.schema.shapes import Field, Struct, base_type, long_name, struct

Json = dict[str, Any]

META = "io.k8s.apimachinery.pkg.apis.meta.v1."
CRD = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

SPECIAL = {
    "t": META + "Time",
    "u": META + "MicroTime",
    "f": META + "FieldsV1",
    "q": "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "x": "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "o": "io.k8s.apimachinery.pkg.runtime.RawExtension",
    "j": CRD + "JSON",
    "A": CRD + "JSONSchemaPropsOrArray",
    "B": CRD + "JSONSchemaPropsOrBool",
    "S": CRD + "JSONSchemaPropsOrStringArray",
}
"""Types that have a name but no fields."""

SCALARS: Mapping[str, Json] = {
    "s": {"type": "string"},
    "b": {"type": "boolean"},
    "i": {"type": "integer", "format": "int32"},
    "l": {"type": "integer", "format": "int64"},
    "d": {"type": "number", "format": "double"},
    "y": {"type": "string", "format": "byte"},
}


_ZEROS: Mapping[str, Any] = {"s": "", "b": False, "i": 0, "l": 0, "d": 0}


class Version(Enum):
    """Which OpenAPI; the value is where references point."""

    V2 = "#/definitions/"
    V3 = "#/components/schemas/"


class Schemas:
    """Schemas of one version, with the descriptions of all types at hand; short-lived."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._descriptions = Descriptions()

    def reachable(self, roots: Iterable[str]) -> Json:
        """The schemas of types and of all that they refer to, by their long names, sorted."""
        found: Json = {}
        waiting = [f"@{root}" for root in roots]
        while waiting:
            expression = waiting.pop()
            name = reference_name(expression)
            if name in found:
                continue
            if expression[0] != "@":
                found[name] = self._special(expression)
                continue
            shape = struct(expression[1:])
            found[name] = self.schema(shape)
            waiting += {inner for inner in (_referred(field.type) for field in shape.fields.values()) if inner}
        return dict(sorted(found.items()))

    def schema(self, shape: Struct) -> Json:
        """One type, referring to others."""
        text, fields = self._descriptions.of(shape.name)
        schema: Json = {"description": text} if text else {}
        if shape.fields:
            schema["properties"] = {
                name: self._property(field, fields.get(name, ""), name in shape.required)
                for name, field in shape.fields.items()
            }
        if shape.required:
            schema["required"] = list(shape.required)
        schema["type"] = "object"
        if shape.kinds:
            schema["x-kubernetes-group-version-kind"] = [
                {"group": group, "kind": kind, "version": version} for group, version, kind in shape.kinds
            ]
        if shape.map_type:
            schema["x-kubernetes-map-type"] = shape.map_type
        if shape.unions:
            schema["x-kubernetes-unions"] = list(shape.unions)
        return schema

    def reference(self, name: str) -> Json:
        """Points at a type by its long name."""
        return {"$ref": self._version.value + name}

    def _property(self, field: Field, text: str, required: bool) -> Json:
        schema: Json = {"description": text} if text else {}
        if _referred(field.type) and field.type[0] not in "[{":
            schema |= self._wrapped(field.type, default={} if required and field.type[0] == "@" else None)
        else:
            schema |= self._inner(field.type)
            if required and field.type in _ZEROS and self._version is Version.V3:
                schema["default"] = _ZEROS[field.type]
        if field.list_type or field.map_type or field.patch_strategy or field.patch_key:
            schema |= _extensions(field)
        return schema

    def _inner(self, expression: str) -> Json:
        first, rest = expression[0], expression[1:]
        if first == "[":
            return {"items": self._member(rest), "type": "array"}
        if first == "{":
            return {"additionalProperties": self._member(rest), "type": "object"}
        if first in SCALARS:
            return dict(SCALARS[first])
        return self._wrapped(expression, default={} if first == "@" else None)

    def _member(self, expression: str) -> Json:
        """What stands in a list or map; version 3 says that a missing one is zero, as Go has it."""
        schema = self._inner(expression)
        if expression in _ZEROS and self._version is Version.V3:
            schema["default"] = _ZEROS[expression]
        return schema

    def _wrapped(self, expression: str, default: Any) -> Json:
        reference = self.reference(reference_name(expression))
        if self._version is Version.V2:
            return reference
        wrapped: Json = {"allOf": [reference]}
        if default is not None:
            wrapped["default"] = default
        return wrapped

    def _special(self, letter: str) -> Json:
        text, _ = self._descriptions.of(letter)
        schema: Json = {"description": text} if text else {}
        if letter in "tu":
            return {**schema, "format": "date-time", "type": "string"}
        if letter in "of":
            return {**schema, "type": "object"}
        if letter not in "qx":
            return schema
        if letter == "x":
            schema["format"] = "int-or-string"
        if self._version is Version.V2:
            return {**schema, "type": "string"}
        return {**schema, "oneOf": [{"type": "string"}, {"type": "number" if letter == "q" else "integer"}]}


def _extensions(field: Field) -> Json:
    """How a field's content merges."""
    found = {
        "x-kubernetes-list-map-keys": list(field.list_keys),
        "x-kubernetes-list-type": field.list_type,
        "x-kubernetes-map-type": field.map_type,
        "x-kubernetes-patch-merge-key": field.patch_key,
        "x-kubernetes-patch-strategy": field.patch_strategy,
    }
    return {key: value for key, value in found.items() if value}


def reference_name(expression: str) -> str:
    """The long name of what an expression refers to."""
    return long_name(expression[1:]) if expression[0] == "@" else SPECIAL[expression]


@lru_cache(1024)
def _referred(expression: str) -> str:
    """The innermost expression when it refers to a named type, else ""."""
    base = base_type(expression)
    if base:
        return "@" + base
    letter = expression[-1]
    return letter if letter in SPECIAL else ""

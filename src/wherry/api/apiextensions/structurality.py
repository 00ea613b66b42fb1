"""Whether a schema is structural: it says once, on its spine, how objects are built, and values are only judged on it.

The rules (KEP "Structural OpenAPI Schemas"): every place has a type; what stands below `allOf`, `anyOf`, `oneOf` and
`not` adds no structure, no description and no default; what is judged there is also on the spine; `metadata` may
only be restricted in its name. Two ways to write an int-or-string are let through.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from wherry.api import Obj
from wherry.api.apiextensions.versions import places
from wherry.api.field import FieldError, forbidden, invalid, required
from wherry.lib.regex import PatternError, compile_pattern


class Level(Enum):
    """Where a schema stands, for what is said of a missing type."""

    ROOT = "must not be empty at the root"
    ITEM = "must not be empty for specified array items"
    FIELD = "must not be empty for specified object fields"


def structural_faults(schema: Obj, path: str) -> list[FieldError]:
    """Why a schema is not structural, in the order of the messages; empty when it is."""
    return sorted([*_spine_faults(schema, Level.ROOT, path), *_completeness(schema, schema, path, path)], key=str)


def unsupported_field(schema: Obj) -> str:
    """A field that no structural schema can have, wherever it is; "" without one.

    Such schemas are judged no further for being structural: upstream cannot even convert them.
    """
    for place in places(schema):
        if place.get("x-kubernetes-preserve-unknown-fields") is False:
            return "x-kubernetes-preserve-unknown-fields"
        if isinstance(place.get("items"), list):
            return "items"
        for name, shown in _UNSUPPORTED.items():
            if place.get(name) not in (None, "", {}):
                return shown
    return ""


_UNSUPPORTED = {
    "id": "id",
    "$schema": "schema",
    "$ref": "$ref",
    "patternProperties": "patternProperties",
    "dependencies": "dependencies",
    "additionalItems": "additionalItems",
    "definitions": "definitions",
}


def _spine_faults(schema: Obj, level: Level, path: str) -> Iterator[FieldError]:
    items, additional = schema.get("items"), schema.get("additionalProperties")
    properties: Obj = schema.get("properties") or {}
    if schema.get("type") == "array" and items is None:
        yield required(f"{path}.items", "must be specified")
    if isinstance(items, dict):
        yield from _spine_faults(items, Level.ITEM, f"{path}.items")
    for name, inner in properties.items():
        yield from _spine_faults(inner, Level.FIELD, f"{path}.properties[{name}]")
    if additional is not None:
        if level is Level.ROOT:
            yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
        if isinstance(additional, dict):
            yield from _spine_faults(additional, Level.FIELD, f"{path}.additionalProperties")
    yield from _extension_faults(schema, path)
    yield from _judgement_faults(schema, level, path, _is_int_or_string(schema.get("anyOf")))
    yield from _type_faults(schema, level, path)
    if level is Level.ROOT or schema.get("x-kubernetes-embedded-resource"):
        yield from _type_meta_faults(properties, path)
    if (metadata := properties.get("metadata")) is not None and level is Level.ROOT and not _is_bare(metadata):
        why = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield forbidden(f"{path}.properties[metadata]", why)


def _type_meta_faults(properties: Obj, path: str) -> Iterator[FieldError]:
    for name, wanted in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        if (inner := properties.get(name)) is not None and (inner.get("type") or "") != wanted:
            yield invalid(f"{path}.properties[{name}].type", inner.get("type") or "", f"must be {wanted}")


def _extension_faults(schema: Obj, path: str) -> Iterator[FieldError]:
    for name in ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"):
        if schema.get("x-kubernetes-int-or-string") and schema.get(name):
            yield invalid(f"{path}.{name}", True, "must be false if x-kubernetes-int-or-string is true")


def _type_faults(schema: Obj, level: Level, path: str) -> Iterator[FieldError]:
    type_ = schema.get("type") or ""
    keeps_unknown = schema.get("x-kubernetes-preserve-unknown-fields")
    if schema.get("x-kubernetes-embedded-resource"):
        why = "must be object if x-kubernetes-embedded-resource is true"
        if not type_:
            yield required(f"{path}.type", why)
        elif type_ != "object":
            yield invalid(f"{path}.type", type_, why)
        if schema.get("additionalProperties") is not None:
            yield forbidden(f"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set")
        if not keeps_unknown and not schema.get("properties"):
            yield required(
                f"{path}.properties",
                "must not be empty if x-kubernetes-embedded-resource is true without "
                "x-kubernetes-preserve-unknown-fields",
            )
    elif not type_ and not schema.get("x-kubernetes-int-or-string") and not keeps_unknown:
        yield required(f"{path}.type", level.value)
    if level is Level.ROOT and type_ not in ("", "object"):
        yield invalid(f"{path}.type", type_, "must be object at the root")


def _is_bare(metadata: Obj) -> bool:
    """Whether a schema for the root's metadata restricts nothing but names."""
    if not set(metadata.get("properties") or ()) <= {"name", "generateName"}:
        return False
    rest = (value for name, value in metadata.items() if name not in ("type", "default", "properties"))
    return all(value is None or value is False or value in ("", [], {}) for value in rest)


_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]


def _is_int_or_string(alternatives: Any) -> bool:
    return [_set(each) for each in alternatives or ()] == _INT_OR_STRING


def _set(schema: Obj) -> Obj:
    return {name: value for name, value in schema.items() if value is not None and value is not False and value != ""}


def _judgement_faults(schema: Obj, level: Level, path: str, skips_any_of: bool) -> Iterator[FieldError]:
    """Of what is asked of values, on the spine or below a junctor."""
    for name in ("anyOf", "allOf", "oneOf"):
        if name == "anyOf" and skips_any_of:
            continue
        for index, inner in enumerate(schema.get(name) or ()):
            skips = name == "allOf" and index == 0 and _is_int_or_string(inner.get("anyOf"))
            yield from _nested_faults(inner, level, f"{path}.{name}[{index}]", skips)
    if isinstance(schema.get("not"), dict):
        yield from _nested_faults(schema["not"], level, f"{path}.not", False)
    if pattern := schema.get("pattern"):
        try:
            compile_pattern(pattern)
        except PatternError as error:
            why = f"must be a valid regular expression, but isn't: {error}"
            yield invalid(f"{path}.pattern", pattern, why)


_NOT_NESTED = (
    ("type", "must be empty to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("default", "must be undefined to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)


def _nested_faults(schema: Obj, level: Level, path: str, skips_any_of: bool) -> Iterator[FieldError]:
    yield from _judgement_faults(schema, level, path, skips_any_of)
    if isinstance(schema.get("items"), dict):
        yield from _nested_faults(schema["items"], level, f"{path}.items", False)
    for name, inner in (schema.get("properties") or {}).items():
        yield from _nested_faults(inner, Level.FIELD, f"{path}.properties[{name}]", False)
    if schema.get("additionalProperties"):
        yield forbidden(f"{path}.additionalProperties", "must be undefined to be structural")
    for name, why in _NOT_NESTED:
        value = schema.get(name)
        if value is not None and value is not False and value != "" and value != []:
            yield forbidden(f"{path}.{name}", why)
    if "metadata" in (schema.get("properties") or {}):
        yield forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")


def _completeness(judged: Obj, spine: Obj | None, spine_path: str, path: str) -> Iterator[FieldError]:
    """What is judged below junctors of `judged` is on the spine."""
    for name in ("not", "allOf", "anyOf", "oneOf"):
        inner = judged.get(name)
        if isinstance(inner, dict):
            yield from _nested_completeness(inner, spine, spine_path, f"{path}.{name}")
        for index, each in enumerate(inner if isinstance(inner, list) else ()):
            yield from _nested_completeness(each, spine, spine_path, f"{path}.{name}[{index}]")


def _nested_completeness(judged: Obj, spine: Obj | None, spine_path: str, path: str) -> Iterator[FieldError]:
    if spine is None:
        yield required(spine_path, f"because it is defined in {path}")
        return
    yield from _completeness(judged, spine, spine_path, path)
    if isinstance(judged.get("items"), dict):
        items = spine.get("items")
        yield from _nested_completeness(
            judged["items"], items if isinstance(items, dict) else None, f"{spine_path}.items", f"{path}.items"
        )
    for name, inner in (judged.get("properties") or {}).items():
        yield from _nested_completeness(
            inner,
            (spine.get("properties") or {}).get(name),
            f"{spine_path}.properties[{name}]",
            f"{path}.properties[{name}]",
        )

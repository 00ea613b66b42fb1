"""Where the parts of a definition's versions stand.

What all versions say alike, upstream holds once, at the top of its internal form of the spec, and that is where its
faults are reported: the schema of a definition with one version is `spec.validation.openAPIV3Schema`, although it was
written in `spec.versions[0].schema`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from wherry.api import Obj


class Part(Struct, frozen=True):
    """A part of one version, or one that all share."""

    value: Any
    path: str
    version: str
    """"" where all share it."""


def schemas(spec: Obj) -> list[Part]:
    """The `schema`s, those that are there."""
    return _parts(spec, "schema", "validation")


def subresources(spec: Obj) -> list[Part]:
    return _parts(spec, "subresources", "subresources")


def printer_columns(spec: Obj) -> list[Part]:
    return _parts(spec, "additionalPrinterColumns", "additionalPrinterColumns")


def selectable_fields(spec: Obj) -> list[Part]:
    return _parts(spec, "selectableFields", "selectableFields")


def has_status(spec: Obj, version: str) -> bool:
    """Whether a version (or any, for "") has the status subresource."""
    return any(
        (each.get("subresources") or {}).get("status") is not None
        for each in spec.get("versions") or ()
        if version in ("", each.get("name"))
    )


def schema_of(spec: Obj, version: str) -> Obj | None:
    """The schema of a version, None without one."""
    for each in spec.get("versions") or ():
        if each.get("name") == version:
            schema: Obj | None = (each.get("schema") or {}).get("openAPIV3Schema")
            return schema
    return None


def storage_version(spec: Obj) -> str:
    """The first version that is marked as the one to keep objects in; "" without one."""
    return next((each.get("name") or "" for each in spec.get("versions") or () if each.get("storage")), "")


def any_schema(spec: Obj, is_such: Callable[[Obj], bool]) -> bool:
    """Whether some place of some version's schema is such."""
    return any(
        is_such(place)
        for each in spec.get("versions") or ()
        if (schema := (each.get("schema") or {}).get("openAPIV3Schema")) is not None
        for place in places(schema)
    )


def places(schema: Any) -> Iterator[Obj]:
    """A schema and every schema within it."""
    waiting = [schema]
    while waiting:
        place = waiting.pop()
        if isinstance(place, list):
            waiting += reversed(place)
        elif isinstance(place, dict):
            yield place
            inner = [place[name] for name in _ONE if place.get(name)]
            inner += [each for name in _NAMED for each in (place.get(name) or {}).values()]
            waiting += reversed(inner)


_ONE = ("items", "allOf", "anyOf", "oneOf", "not", "additionalProperties", "additionalItems")
_NAMED = ("properties", "patternProperties", "definitions", "dependencies")


def _parts(spec: Obj, name: str, shared: str) -> list[Part]:
    versions = spec.get("versions") or []
    values = [version.get(name) or None for version in versions]
    if not values or all(value == values[0] for value in values):
        return [Part(values[0], f"spec.{shared}", "")] if values and values[0] is not None else []
    return [
        Part(value, f"spec.versions[{index}].{name}", version.get("name") or "")
        for index, (version, value) in enumerate(zip(versions, values, strict=True))
        if value is not None
    ]

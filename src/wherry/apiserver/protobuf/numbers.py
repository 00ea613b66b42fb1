"""Which number is which field of which type: the facts that reading and writing share.

`numbers.z` (made by `tools/gen_protobuf.py`) has the numbers and what Go's types say of zeros; what a field's value is
follows from its JSON type in `wherry.api.schema.shapes`. A Go struct that is embedded in another is a message of its
own in protobuf but not in JSON, so its fields stand under its owner's `embedded`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from wherry.api.schema import shapes

_DATA = Path(__file__).parent / "numbers.z"
_OBJECT_META, _LIST_META = "@meta.v1.ObjectMeta", "@meta.v1.ListMeta"
_UNPUBLISHED = {
    "meta.v1.PartialObjectMetadata": {"metadata": _OBJECT_META},
    "meta.v1.PartialObjectMetadataList": {"metadata": _LIST_META, "items": "[@meta.v1.PartialObjectMetadata"},
}
"""Types that no OpenAPI document describes."""
_META_VERSIONS = ("meta.k8s.io/v1", "meta.k8s.io/v1beta1")


class Unknown(LookupError):
    """No such type in protobuf."""


class Field(Struct, frozen=True):
    """One field of a message. `type` is an expression of `wherry.api.schema.shapes`."""

    number: int
    name: str
    type: str
    is_pointer: bool
    """Absence and zero differ: a zero was meant."""
    is_kept: bool
    """JSON shows a zero. Any other zero is what Go sends for nothing."""


class Layout(Struct, frozen=True):
    """One message: its fields, and the messages whose fields stand in the same JSON object."""

    fields: tuple[Field, ...]
    embedded: Mapping[int, Layout]


@cache
def layout(type_name: str) -> Layout:
    """The layout of a type such as `core.v1.PodSpec`; raises Unknown."""
    numbers = _table().get(type_name)
    if numbers is None:
        raise Unknown(f"{type_name} is not known in protobuf")
    return _layout(numbers, _types(type_name))


@lru_cache(4096)
def type_of(api_version: str, kind: str) -> str:
    """The type of a kind, "" without one. Options travel under the version of what they are options of."""
    if api_version in _META_VERSIONS and f"meta.v1.{kind}" in _UNPUBLISHED:
        return f"meta.v1.{kind}"
    for version in (api_version, "v1") if kind.endswith("Options") or kind == "Status" else (api_version,):
        try:
            name = shapes.kind_struct(version, kind).name
        except LookupError:
            continue
        return name if name in _table() else ""
    return ""


def _layout(numbers: Mapping[str, Any], types: Mapping[str, str]) -> Layout:
    fields, embedded = [], {}
    for number, value in sorted(numbers.items(), key=lambda item: int(item[0])):
        if isinstance(value, str):
            name = value.lstrip("*!")
            if name in types:
                fields.append(Field(int(number), name, types[name], value[0] == "*", value[0] == "!"))
        else:
            embedded[int(number)] = _layout(value, types)
    return Layout(tuple(fields), embedded)


def _types(type_name: str) -> Mapping[str, str]:
    if type_name in _UNPUBLISHED:
        return _UNPUBLISHED[type_name]
    return {name: field.type for name, field in shapes.struct(type_name).fields.items()}


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    table: Mapping[str, Mapping[str, Any]] = json.loads(zlib.decompress(_DATA.read_bytes()))
    return table

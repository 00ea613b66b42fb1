"""How a type of the schema reads in Python: names, types and what a missing field is.

Both the classes (`building.py`) and the stubs (`tools/gen_views.py`) are made from `view_fields`, so they agree.
"""

from __future__ import annotations

import keyword
import re
from enum import Enum
from functools import cache

import msgspec

from wherry.api.schema.shapes import Struct, base_type


class Missing(Enum):
    """What an attribute is when the JSON has no such field."""

    NONE = "None"
    ZERO = "zero"


class ViewField(msgspec.Struct, frozen=True):
    """One attribute of a view."""

    name: str
    json_name: str
    type: str
    """Type expression, see `wherry.api.schema.shapes`."""
    missing: Missing


ALWAYS_THERE = frozenset({"metadata", "spec", "status", "template"})
"""Structs that are values, not pointers, upstream, and that code looks into without asking."""

NEVER_NONE = frozenset({"apiVersion", "kind"})

LEFT_OUT = frozenset({("meta.v1.ObjectMeta", "managedFields")})
"""Server-side apply's book-keeping is half of an object's size and no business of a controller."""

TYPE_NAMES = frozenset({"bool", "bytes", "datetime", "float", "int", "str", "tuple"})
"""An attribute of such a name would hide the type from the annotations below it."""

PLAIN_IN_METADATA = frozenset({"name", "generateName", "namespace", "uid", "resourceVersion", "generation"})


_PLURAL = re.compile(r"([A-Z]{2,})s(?=[A-Z]|$)")
"""Of an abbreviation: `IPs`."""
_WORD = re.compile(r"(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z0-9])(?=[A-Z])")
"""Where one begins inside a name."""
_STABLE = re.compile(r"\w+\.v\d+\.\w+")


def is_viewed(name: str) -> bool:
    """Whether a type has a view: those of stable versions do, except lists of objects."""
    return _STABLE.fullmatch(name) is not None and (not name.endswith("List") or name.startswith("meta."))


def module_name(type_name: str) -> str:
    """`core.v1.Pod` and `core.v1` stand in the module `core_v1`."""
    return "_".join(type_name.split(".")[:2])


def view_fields(struct: Struct) -> list[ViewField]:
    """The attributes of a type's view."""
    return [
        ViewField(snake_case(name), name, _viewed_type(field.type), _missing(struct, name, field.type))
        for name, field in struct.fields.items()
        if (struct.name, name) not in LEFT_OUT
    ]


@cache
def snake_case(name: str) -> str:
    """`podIPs` -> `pod_ips`, `clusterIP` -> `cluster_ip`, `x-kubernetes-map-type` -> `x_kubernetes_map_type`."""
    text = name.lstrip("$").replace("-", "_")
    if not text.islower():
        text = _PLURAL.sub(lambda plural: plural[1].capitalize() + "s", text)
        text = _WORD.sub("_", text).lower()
    return text + "_" if keyword.iskeyword(text) or text in TYPE_NAMES else text


def _viewed_type(type: str) -> str:
    """Types of alpha and beta versions, which a few stable ones have a field of, are any JSON."""
    name = base_type(type)
    return type.replace("@" + name, "j") if name and not is_viewed(name) else type


def _missing(struct: Struct, name: str, type: str) -> Missing:
    if type[0] in "[{":
        return Missing.ZERO
    if type[0] == "@":
        return Missing.ZERO if name in struct.required or name in ALWAYS_THERE else Missing.NONE
    if type in "slibdyqx" and (name in struct.required or (type == "s" and name in NEVER_NONE)):
        return Missing.ZERO
    if struct.name == "meta.v1.ObjectMeta" and name in PLAIN_IN_METADATA:
        return Missing.ZERO
    return Missing.NONE

"""Places of a schema as types of the language of rules, with how large their values can be.

What rules cannot speak of is not declared: values without a type, lists and maps of such, and fields whose names no
expression can write. Sizes follow from the schema's limits, and where it has none from the most that one request can
carry; they decide what a rule may cost.
"""

from __future__ import annotations

import re
from dataclasses import replace

from wherry.api.structural.shape import ANYTHING, Shape
from wherry.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Field,
    ListType,
    MapType,
    ObjectType,
    Type,
)
from wherry.lib.once import once

MOST_BYTES = 3 * 1024 * 1024
"""The largest request that rules reckon with."""

_RESERVED = frozenset(
    {
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"),
        *("let", "loop", "package", "namespace", "return", "var", "void", "while"),
    }
)
_WRITABLE = re.compile(r"[a-zA-Z_./-][a-zA-Z0-9_./-]*\Z")
_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_ESCAPED = re.compile(r"__|[-./]")


def escape(name: str) -> str | None:
    """The name that expressions use for a field; None where there is no such name."""
    if name in _RESERVED:
        return f"__{name}__"
    if not _WRITABLE.match(name):
        return None
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], name)


def declare(shape: Shape, name: str, *, is_resource: bool = False) -> Declared | None:
    """The place as rules know it; None where they do not. `name` is its type's, if it needs one."""
    if shape.int_or_string:
        most = _most_bytes(shape.max_length) if shape.max_length is not None else MOST_BYTES - 2
        return Declared(shape, DYN.sized(most), 1)
    if shape.type == "array":
        return _declare_list(shape, name)
    if shape.type == "object":
        if isinstance(shape.additional, Shape) and not is_resource:
            return _declare_map(shape, shape.additional, name)
        return _Object(with_metadata(shape) if is_resource else shape, name)
    found: Declared | None = shape.forms.get("declared")
    if found is None:
        found = shape.forms["declared"] = _declare_scalar(shape)
    return found


def _declare_scalar(shape: Shape) -> Declared | None:
    if shape.type == "string":
        return _declare_string(shape)
    found = _SCALARS.get(shape.type)
    return None if found is None else Declared(shape, *found)


class Declared:
    """A place: its type, with what its values have at most, and how many bytes their JSON has at least."""

    def __init__(self, shape: Shape, type: Type, least_bytes: int, item: Declared | None = None) -> None:
        self.shape = shape
        self.type = type
        self._least_bytes = least_bytes
        self.item = item
        """What a list or map is made of."""

    @property
    def least_bytes(self) -> int:
        return self._least_bytes

    def field(self, key: str) -> Declared | None:
        """A field by its name in JSON; also one that no expression can name."""
        return None


class _Object(Declared):
    """An object with known fields. They are declared when somebody asks: most are never spoken of."""

    def __init__(self, shape: Shape, name: str) -> None:
        super().__init__(shape, ObjectType(name, lambda: self._types), 2)
        self._name = name

    @once
    def _fields(self) -> dict[str, Declared]:
        found = {
            key: declare(inner, f"{self._name}.{key}", is_resource=inner.embedded)
            for key, inner in self.shape.properties.items()
        }
        return {key: inner for key, inner in found.items() if inner is not None}

    @once
    def _types(self) -> dict[str, Field | Type]:
        types: dict[str, Field | Type] = {}
        for key, inner in self._fields.items():
            if (name := escape(key)) is not None:
                nullable = inner.shape.nullable
                types[name] = inner.type if name == key and not nullable else Field(inner.type, key, nullable)
                if key in _RESERVED:  # what can be read as a selection, such as `self.namespace`, means the field too
                    types[key] = types[name]
        return types

    def field(self, key: str) -> Declared | None:
        return self._fields.get(key)

    @once
    def _least(self) -> int:
        """Braces, and every required field that has no default."""
        return 2 + sum(
            len(key.encode()) + inner.least_bytes + 4
            for key, inner in self._fields.items()
            if key in self.shape.required and inner.shape.default is None
        )

    @property
    def least_bytes(self) -> int:
        return self._least


_SCALARS: dict[str, tuple[Type, int]] = {"boolean": (BOOL, 4), "number": (DOUBLE, 1), "integer": (INT, 1)}
_FORMATS: dict[str, tuple[Type, int]] = {
    "duration": (DURATION.sized(32), 3),
    "date": (TIMESTAMP.sized(12), 12),
    "date-time": (TIMESTAMP.sized(32), 21),
}


def _declare_string(shape: Shape) -> Declared:
    if shape.format in _FORMATS:
        return Declared(shape, *_FORMATS[shape.format])
    if shape.format == "byte":
        most = max(shape.max_length, 0) if shape.max_length is not None else MOST_BYTES - 2
        return Declared(shape, BYTES.sized(most), 2)
    if shape.max_length is not None:
        most = _most_bytes(shape.max_length)
    elif shape.enum:
        most = max((len(each.encode()) for each in shape.enum if type(each) is str), default=0)
    else:
        most = MOST_BYTES - 2
    return Declared(shape, STRING.sized(most), 2)


def _most_bytes(characters: int) -> int:
    return max(characters, 0) * 4


def _declare_list(shape: Shape, name: str) -> Declared | None:
    if shape.items is None:
        return None
    item = declare(shape.items, f"{name}.@idx", is_resource=shape.items.embedded)
    if item is None:
        return None
    most = max(shape.max_items, 0) if shape.max_items is not None else (MOST_BYTES - 2) // (item.least_bytes + 1)
    identity = {"set": (), "map": shape.list_keys}.get(shape.list_type)
    return Declared(shape, ListType(item.type, identity=identity, max_size=most), 2, item)


def _declare_map(shape: Shape, values: Shape, name: str) -> Declared | None:
    value = declare(values, f"{name}.@elem", is_resource=values.embedded)
    if value is None:
        return None
    most = shape.max_properties
    most = max(most, 0) if most is not None else (MOST_BYTES - 2) // (value.least_bytes + 6)
    return Declared(shape, MapType(STRING, value.type, max_size=most), 2, value)


_STRING = Shape(type="string", types=("string",), properties={})


def with_metadata(shape: Shape) -> Shape:
    """A resource's shape with the fields that every resource has, of which rules may use the names."""
    properties = dict(shape.properties)
    kind, api_version, metadata = (properties.get(name, ANYTHING) for name in ("kind", "apiVersion", "metadata"))
    names = metadata.properties
    if (
        kind.type == api_version.type == "string"
        and metadata.type == "object"
        and names.get("name", ANYTHING).type == names.get("generateName", ANYTHING).type == "string"
    ):
        return shape
    properties["kind"] = properties["apiVersion"] = _STRING
    capped = {"name": _capped(names.get("name"), 253), "generateName": _capped(names.get("generateName"), 252)}
    properties["metadata"] = Shape(type="object", types=("object",), properties=capped)
    return replace(shape, properties=properties)


def _capped(shape: Shape | None, most: int) -> Shape:
    if shape is not None and shape.max_length is not None:
        most = min(most, shape.max_length)
    return replace(_STRING, max_length=most)

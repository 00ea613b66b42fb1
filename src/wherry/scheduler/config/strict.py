"""Values of a file against shapes: fields that there are not, and types that do not fit, in upstream's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec


class Strict(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A shape. `unknown_fields` finds what is not of it; decoding does not look."""


T = TypeVar("T", bound=Strict)

_STRICT = "strict decoding error: "
_GO_KINDS = {"str": "string", "int": "number", "float": "number", "bool": "bool", "object": "object", "array": "array"}
_GO_TYPES = {"str": "string", "int": "int32", "float": "float32", "bool": "bool"}
_LONG = ("BackoffSeconds", "bindTimeoutSeconds", "resources.weight", "extenders.weight")
"""Fields of 64 bits, by how their paths end."""


def strict_error(faults: list[str]) -> str:
    """Several faults as one."""
    return _STRICT + ", ".join(faults)


def unknown_fields(value: Any, shape: Any, path: str = "") -> Iterator[str]:
    """The paths of fields that the shape does not have, in the order of the alphabet as far as the file has none."""
    if isinstance(value, list):
        of_items = next((one for one in get_args(shape) if one is not Ellipsis), None)
        for number, item in enumerate(value):
            yield from unknown_fields(item, of_items, f"{path}[{number}]")
    struct = next((one for one in (shape, *get_args(shape)) if isinstance(one, type) and issubclass(one, Strict)), None)
    if struct is None or not isinstance(value, dict):
        return
    hints = get_type_hints(struct)
    known = {one.encode_name: hints[one.name] for one in msgspec.structs.fields(struct)}
    for name in sorted(value):
        here = f"{path}.{name}" if path else name
        if name in known:
            yield from unknown_fields(value[name], known[name], here)
        else:
            yield here


def decode(value: Any, shape: type[T], name: str) -> T:
    """Raises ValueError for a type that does not fit, as Go's decoder words it; `name` is Go's of the shape."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise ValueError(_go_words(str(error), name)) from error


def _go_words(text: str, name: str) -> str:
    where = re.search(r" - at `\$\.?(.*)`$", text)
    path = re.sub(r"\[[^\]]*\]", "", where[1]) if where else ""
    types = re.match(r"Expected `(\w+)[^`]*`, got `(\w+)`", text)
    if types is None:
        return f"{path}: {text[: where.start()] if where else text}"
    wanted, found = types.groups()
    kind = "int64" if path.endswith(_LONG) and wanted == "int" else _GO_TYPES.get(wanted, wanted)
    return f"json: cannot unmarshal {_GO_KINDS.get(found, found)} into Go struct field {name}.{path} of type {kind}"

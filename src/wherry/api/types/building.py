"""Makes the classes of the views from the schema, each when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any, ForwardRef

import msgspec

from wherry.api.schema.shapes import names, struct
from wherry.api.types.fields import Missing, ViewField, is_viewed, module_name, view_fields

_SCALARS: dict[str, tuple[Any, Any]] = {
    "s": (str, ""),
    "b": (bool, False),
    "i": (int, 0),
    "l": (int, 0),
    "d": (float, 0.0),
    "y": (bytes, b""),
    "q": (str, "0"),
    "x": (int | str, 0),
    "t": (datetime, None),
    "u": (datetime, None),
}
"""Python type and zero value; every other letter is any JSON."""

_views: dict[str, type[msgspec.Struct]] = {}


def view(name: str) -> type[msgspec.Struct]:
    """The class for a type such as `core.v1.Pod`, the same for all who ask; raises LookupError."""
    return _view(name, frozenset())


def _view(name: str, unfinished: frozenset[str]) -> type[msgspec.Struct]:
    """`unfinished` are the types that this one is made for, which can only be referred to by name."""
    found = _views.get(name)
    if found is None:
        # Two threads may both make it; the first to finish wins.
        found = _views.setdefault(name, _build(name, unfinished | {name}))
        setattr(_module(name), found.__name__, found)  # found without `__getattr__` from now on, also by name
    return found


def attributes(module: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a module of views, which name its types without making them."""
    prefix = module.rpartition(".")[2].replace("_", ".") + "."

    def getattribute(name: str) -> Any:
        if not name.startswith("_") and is_viewed(prefix + name):
            try:
                return view(prefix + name)
            except LookupError:
                pass
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    def directory() -> list[str]:
        return [name.removeprefix(prefix) for name in names() if name.startswith(prefix) and is_viewed(name)]

    return getattribute, directory


def _module(name: str) -> ModuleType:
    return import_module(f"wherry.api.types.{module_name(name)}")


def _build(name: str, unfinished: frozenset[str]) -> type[msgspec.Struct]:
    fields = view_fields(struct(name))
    return msgspec.defstruct(
        name.rpartition(".")[2],
        [(field.name, *_annotation_and_default(field, unfinished)) for field in fields],
        module=_module(name).__name__,
        frozen=True,
        kw_only=True,
        gc=False,
        omit_defaults=True,
        rename={field.name: field.json_name for field in fields if field.name != field.json_name},
    )


def _annotation_and_default(field: ViewField, unfinished: frozenset[str]) -> tuple[Any, Any]:
    first = field.type[0]
    annotation = _annotation(field.type, unfinished)
    if first == "[":
        return annotation, ()
    if first == "{":
        return annotation, msgspec.field(default_factory=dict)
    if first not in "@slibdyqxtu":
        return Any, None
    if field.missing is Missing.NONE:
        return annotation | None, None
    return annotation, annotation() if first == "@" else _SCALARS[field.type][1]


def _annotation(type: str, unfinished: frozenset[str]) -> Any:
    first, rest = type[0], type[1:]
    if first == "@":
        return ForwardRef(rest.rpartition(".")[2]) if rest in unfinished else _view(rest, unfinished)
    if first == "[":
        return tuple[_annotation(rest, unfinished), ...]  # type: ignore[misc]
    if first == "{":
        return dict[str, _annotation(rest, unfinished)]  # type: ignore[misc]
    return _SCALARS[type][0] if type in _SCALARS else Any

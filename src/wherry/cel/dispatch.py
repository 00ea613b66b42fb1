"""Choosing an overload by the values at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.cel.errors import NO_OVERLOAD, EvaluationError
from wherry.cel.functions import Implementation, Overload
from wherry.cel.operations import type_of
from wherry.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    ListType,
    MapType,
    ObjectType,
    OpaqueType,
    OptionalType,
    Type,
    TypeType,
)
from wherry.cel.values import Duration, Optional, Timestamp, TypeValue, Uint

_CLASSES: dict[Type, type] = {
    BOOL: bool,
    INT: int,
    UINT: Uint,
    DOUBLE: float,
    STRING: str,
    BYTES: bytes,
    NULL: type(None),
    TIMESTAMP: Timestamp,
    DURATION: Duration,
}


class Dispatch:
    """A function whose overload is chosen at each call. Remembers the choice for the classes of the arguments."""

    __slots__ = ("_chosen", "_function", "_overloads")

    def __init__(self, function: str, overloads: Sequence[Overload]) -> None:
        self._function = function
        self._overloads = tuple(overloads)
        self._chosen: dict[tuple[type, ...], Implementation] = {}

    def __call__(self, *args: Any) -> Any:
        classes = tuple(map(type, args))
        implementation = self._chosen.get(classes)
        if implementation is None:
            implementation = self._chosen[classes] = self._choose(classes, args)
        return implementation(*args)

    def _choose(self, classes: tuple[type, ...], args: tuple[Any, ...]) -> Implementation:
        for overload in self._overloads:
            if all(map(accepts, overload.args, classes)):
                return overload.implementation
        if self._function[0] in "_@!-":
            raise EvaluationError(NO_OVERLOAD)
        names = ", ".join(type_of(arg).name for arg in args)
        raise EvaluationError(f"{NO_OVERLOAD}: {self._function}({names})")


def accepts(type_: Type, class_: type) -> bool:
    """Values of a Python class may be of this type."""
    wanted = _CLASSES.get(type_)
    if wanted is not None:
        return class_ is wanted
    if isinstance(type_, ListType):
        return class_ is list
    if isinstance(type_, MapType | ObjectType):
        return class_ is dict
    if isinstance(type_, OptionalType):
        return class_ is Optional
    if isinstance(type_, TypeType):
        return class_ is TypeValue
    if isinstance(type_, OpaqueType):
        own = getattr(class_, "cel_type", None)
        return isinstance(own, OpaqueType) and own.name == type_.name
    return True

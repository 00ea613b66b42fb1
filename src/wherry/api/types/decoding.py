"""Between bytes or plain objects and views."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import msgspec

from wherry.api import Obj

T = TypeVar("T")


def decode(view: type[T], data: bytes) -> T:
    """The view of an object's JSON.

    Other servers write nulls where a list or map is empty; ours never does, so only then is the slow way taken. Raises
    msgspec.ValidationError when the JSON is not of that type at all.
    """
    try:
        return decoder(view).decode(data)
    except msgspec.ValidationError:
        return msgspec.convert(without_nulls(msgspec.json.decode(data)), view)


def convert(view: type[T], obj: Obj) -> T:
    """The view of a plain object, which is not changed (maps inside may be shared)."""
    try:
        return msgspec.convert(obj, view)
    except msgspec.ValidationError:
        return msgspec.convert(without_nulls(obj), view)


def to_obj(view: Any) -> Any:
    """The plain JSON of a view (or of a tuple of views): what is missing or empty is left out."""
    return msgspec.json.decode(msgspec.json.encode(view))


def without_nulls(value: Any) -> Any:
    """A copy without null fields; nulls in lists go too."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value if item is not None]
    return value


def decoder(view: type[T]) -> msgspec.json.Decoder[T]:
    """The one decoder of a view: it knows all types inside, which is half as much again as the classes are."""
    found: msgspec.json.Decoder[T] = _decoder(view)  # type: ignore[arg-type]  # a class is hashable, whatever its metaclass
    return found


@cache
def _decoder(view: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(view)

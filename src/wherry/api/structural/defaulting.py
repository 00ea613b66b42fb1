"""Defaults: what an object is taken to say where it says nothing.

Only places that have a default, or lie above one, cost anything. A null counts as nothing where the schema does not
allow nulls. A default may have gaps, which are filled by the defaults below it.

A default of a megabyte for every item of a long list would be more than any memory: there is room for so much and no
more. An object that is filled so far is larger than what can be stored, so it is seen by nobody but the one who is told
that it is too large, or who reads what was stored before the schema was such.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from wherry.api.patch.copying import clone
from wherry.api.structural.shape import Shape

MOST_BYTES = 12 << 20
"""What defaults may add to one object: twice what can be stored."""


class Room(Struct):
    """How many bytes of defaults an object may still be given."""

    left: int = MOST_BYTES

    def take(self, size: int) -> None:
        """Raises NoRoom when that is too much."""
        self.left -= size
        if self.left < 0:
            raise NoRoom


class NoRoom(Exception):
    """The object has grown as large as defaults may make it."""


Default = Callable[[Any, Room], None]
"""Fills in an object or list in place; raises NoRoom."""


def defaulter(shape: Shape) -> Default:
    """The function that fills in defaults below a place."""
    default_fields, default_items = _fields_defaulter(shape), _items_defaulter(shape.items)

    def default(value: Any, room: Room) -> None:
        if type(value) is dict:
            default_fields(value, room)
        elif type(value) is list:
            default_items(value, room)

    return default


def _fields_defaulter(shape: Shape) -> Default:
    own = [
        (key, inner.default, _size(inner.default) + len(key), inner.nullable)
        for key, inner in shape.properties.items()
        if inner.default is not None
    ]
    walks = {key: _lazy(inner) for key, inner in shape.properties.items() if _reaches(inner)}
    rest = _item_defaulter(shape.additional) if isinstance(shape.additional, Shape) else None

    def default(value: Any, room: Room) -> None:
        for key, wanted, size, nullable in own:
            if key not in value or (value[key] is None and not nullable):
                room.take(size)
                value[key] = clone(wanted)
        for key, walk in walks.items():
            if (content := value.get(key)) is not None:
                walk(content, room)
        if rest is not None:
            for key, content in value.items():
                if key not in shape.properties:
                    rest(value, key, content, room)

    return default


def _items_defaulter(shape: Shape | None) -> Default:
    default_item = _item_defaulter(shape)
    if default_item is None:
        return lambda _value, _room: None

    def default(value: Any, room: Room) -> None:
        for index, content in enumerate(value):
            default_item(value, index, content, room)

    return default


def _item_defaulter(shape: Shape | None) -> Callable[[Any, Any, Any, Room], None] | None:
    """(owner, key, value, room) for a value among others of the same shape."""
    if shape is None or not shape.has_defaults:
        return None
    walk, size = _lazy(shape), _size(shape.default)

    def default(owner: Any, key: Any, value: Any, room: Room) -> None:
        if value is None and not shape.nullable and shape.default is not None:
            room.take(size)
            value = owner[key] = clone(shape.default)
        walk(value, room)

    return default


def _size(default: Any) -> int:
    return len(msgspec.json.encode(default))


def _reaches(shape: Shape) -> bool:
    """Whether there is a default below a place, not counting its own."""
    below = [*shape.properties.values(), *([shape.items] if shape.items else ())]
    if isinstance(shape.additional, Shape):
        below.append(shape.additional)
    return any(inner.has_defaults for inner in below)


def _lazy(shape: Shape) -> Default:
    made: list[Default] = []

    def default(value: Any, room: Room) -> None:
        if not made:
            made.append(defaulter(shape))
        made[0](value, room)

    return default

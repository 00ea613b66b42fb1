"""Defaults: what an object is taken to say where it says nothing.

Only places that have a default, or lie above one, cost anything. A null counts as nothing where the schema does not
allow nulls. A default may have gaps, which are filled by the defaults below it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wherry.api.patch.copying import clone
from wherry.api.structural.shape import Shape

Default = Callable[[Any], None]
"""Fills in an object or list in place."""


def defaulter(shape: Shape) -> Default:
    """The function that fills in defaults below a place."""
    default_fields, default_items = _fields_defaulter(shape), _items_defaulter(shape.items)

    def default(value: Any) -> None:
        if type(value) is dict:
            default_fields(value)
        elif type(value) is list:
            default_items(value)

    return default


def _fields_defaulter(shape: Shape) -> Default:
    own = [(key, inner.default, inner.nullable) for key, inner in shape.properties.items() if inner.default is not None]
    walks = {key: _lazy(inner) for key, inner in shape.properties.items() if _reaches(inner)}
    rest = _item_defaulter(shape.additional) if isinstance(shape.additional, Shape) else None

    def default(value: Any) -> None:
        for key, wanted, nullable in own:
            if key not in value or (value[key] is None and not nullable):
                value[key] = clone(wanted)
        for key, walk in walks.items():
            if (content := value.get(key)) is not None:
                walk(content)
        if rest is not None:
            for key, content in value.items():
                if key not in shape.properties:
                    rest(value, key, content)

    return default


def _items_defaulter(shape: Shape | None) -> Default:
    default_item = _item_defaulter(shape)
    if default_item is None:
        return lambda _: None

    def default(value: Any) -> None:
        for index, content in enumerate(value):
            default_item(value, index, content)

    return default


def _item_defaulter(shape: Shape | None) -> Callable[[Any, Any, Any], None] | None:
    """(owner, key, value) for a value among others of the same shape."""
    if shape is None or not shape.has_defaults:
        return None
    walk = _lazy(shape)

    def default(owner: Any, key: Any, value: Any) -> None:
        if value is None and not shape.nullable and shape.default is not None:
            value = owner[key] = clone(shape.default)
        walk(value)

    return default


def _reaches(shape: Shape) -> bool:
    """Whether there is a default below a place, not counting its own."""
    below = [*shape.properties.values(), *([shape.items] if shape.items else ())]
    if isinstance(shape.additional, Shape):
        below.append(shape.additional)
    return any(inner.has_defaults for inner in below)


def _lazy(shape: Shape) -> Default:
    made: list[Default] = []

    def default(value: Any) -> None:
        if not made:
            made.append(defaulter(shape))
        made[0](value)

    return default

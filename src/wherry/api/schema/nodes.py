"""How values merge, by place: what server-side apply asks of a kind's shape.

A `Node` describes one place in an object. Built-in kinds make theirs from `shapes.py` (see `structnodes.py`), custom
ones from their structural schemas; both are made when first looked at and shared from then on. Terms are those of
KEP-555 and of `structured-merge-diff`: an atomic value has one owner as a whole, a granular one has an owner for each
of its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from msgspec import Struct, field


class Sort(Enum):
    """What stands at a place."""

    SCALAR = "scalar"
    MAP = "map"
    """A JSON object, whether its fields are known (a struct) or free (a map)."""
    LIST = "list"
    """An atomic list unless it is a set or has keys."""
    DEDUCED = "deduced"
    """Anything, its sort told from the value: objects are granular maps, lists are atomic, the rest is scalar."""


class Scalar(Enum):
    """Which scalars may be applied to a place."""

    ANY = "any"
    STRING = "string"
    NUMERIC = "numeric"
    BOOLEAN = "boolean"


def _no_child(_: str) -> Node | None:
    return None


def _no_field(_: str) -> bool:
    return False


class Node(Struct, frozen=True, eq=False):
    """One place. Compared by identity, so that tables can be made per node."""

    sort: Sort
    is_atomic: bool = False
    """For maps: owned as a whole. (A list is atomic when it is neither a set nor has keys.)"""
    keys: tuple[str, ...] = ()
    """For lists of objects: the fields that tell items apart (list type `map`)."""
    key_defaults: Mapping[str, Any] = field(default_factory=dict)
    """What a key that an item leaves out stands for: a container port's protocol is TCP."""
    is_set: bool = False
    """For lists of scalars: items are told apart by value (list type `set`)."""
    child: Callable[[str], Node | None] = _no_child
    """For maps: the place of a field or key; None for a field that the shape does not know."""
    item: Node | None = None
    """For lists: the place of any item. None means DEDUCED."""
    is_field: Callable[[str], bool] = _no_field
    """For maps: whether a name is a declared field, and not a key of a free map (nor an unknown field that is kept).

    Who applies a key owns the key itself beside what is in it; a declared field is only owned by what is in it.
    """
    scalar: Scalar = Scalar.ANY
    is_always: bool = False
    """For maps and lists: whether upstream's objects have this field even if nothing is said of it.

    Go writes structs that are no pointers so. Leaving one out is the same as leaving it empty, and nobody ever comes to
    own it by adding it as a whole.
    """


DEDUCED = Node(Sort.DEDUCED)
"""A place of which nothing is known. Its own children are DEDUCED too, whatever `child` says."""

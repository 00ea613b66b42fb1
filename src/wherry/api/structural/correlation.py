"""Which old value a new one stands for, and whether it has changed.

Fields and map values stand for what was under the same name; items of a list only where the list type is `map` and the
keys are the same. All else is new. A value that equals its old one is not judged again (KEP-4008): what was accepted
once, when the schema was more lenient, may stay.
"""

from __future__ import annotations

from typing import Any

from wherry.api.structural.numbers import same
from wherry.api.structural.shape import Shape

_SCALARS = frozenset({bool, int, float, str})


class Correlation:
    """A new value beside the old one that it stands for. Children are found once, and so is the verdict on them."""

    __slots__ = ("_children", "_unchanged", "new", "old", "old_items", "shape")

    def __init__(self, new: Any, old: Any, shape: Shape) -> None:
        self.new = new
        self.old = old
        self.shape = shape
        self.old_items: OldItems | None = None
        self._children: dict[str | int, Correlation | None] = {}
        self._unchanged: bool | None = None

    def key(self, name: str) -> Correlation | None:
        """The field or map value of that name; None unless both sides have it and the shape knows it."""
        if name not in self._children:
            self._children[name] = self._find_key(name)
        return self._children[name]

    def _find_key(self, name: str) -> Correlation | None:
        if type(self.new) is not dict or type(self.old) is not dict or name not in self.new or name not in self.old:
            return None
        shape = self.shape.child(name)
        return None if shape is None else Correlation(self.new[name], self.old[name], shape)

    def index(self, index: int) -> Correlation | None:
        """The item at an index of the new list; None unless its keys tell which old one it stands for."""
        if index not in self._children:
            self._children[index] = self._find_index(index)
        return self._children[index]

    def _find_index(self, index: int) -> Correlation | None:
        if type(self.new) is not list or type(self.old) is not list or self.shape.items is None:
            return None
        if self.old_items is None:
            self.old_items = OldItems(self.shape, self.old)
        old = self.old_items.find(self.new[index])
        return None if old is None else Correlation(self.new[index], old, self.shape.items)

    @property
    def is_unchanged(self) -> bool:
        """Whether the new value equals the old one; lists of type `map` may be in another order."""
        if self._unchanged is None:
            self._unchanged = self._compare()
        return self._unchanged

    def _compare(self) -> bool:
        new, old = self.new, self.old
        if same(new, old):
            return True  # upstream looks no further than it can correlate, and would judge what it does not know anew
        if type(new) is dict and type(old) is dict:
            return len(new) == len(old) and all(_is_unchanged(self.key(name)) for name in new)
        if type(new) is list and type(old) is list and self.shape.list_type == "map":
            return len(new) == len(old) and all(_is_unchanged(self.index(place)) for place in range(len(new)))
        return False


def _is_unchanged(correlation: Correlation | None) -> bool:
    return correlation is not None and correlation.is_unchanged


class OldItems:
    """The items of an old list of type `map`, by their keys. Finds nothing for other lists."""

    __slots__ = ("_by_key", "_keys")

    def __init__(self, shape: Shape, items: Any) -> None:
        self._keys = shape.list_keys if shape.list_type == "map" else ()
        self._by_key: dict[Any, Any] = {}
        if self._keys and type(items) is list:
            for item in items:
                if (key := self._key(item)) is not None:
                    self._by_key.setdefault(key, item)

    def find(self, item: Any) -> Any:
        """The old item with the keys of a new one, or None."""
        if not self._by_key or (key := self._key(item)) is None:
            return None
        return self._by_key.get(key)

    def _key(self, item: Any) -> Any:
        if type(item) is not dict:
            return None
        values = [item.get(name) for name in self._keys]
        if any(type(value) not in _SCALARS for value in values):
            return None
        return tuple((type(value), value) for value in values)

"""The objects of one namespace of one kind: found by name, listed in order of name.

Order is wanted by lists only, so it is made by the first list and mended by the next: sorting a sorted list with a few
newcomers at its end takes a few comparisons each, and writers pay nothing but a note.
"""

from __future__ import annotations

from bisect import bisect_right

from wherry.watchcache.item import Item


class Bucket:
    """Items by name. Read `items` freely; change through `put` and `remove`."""

    __slots__ = ("_added", "_has_removed", "_names", "items")

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self._names: list[str] | None = None
        self._added: list[str] = []
        self._has_removed = False

    def put(self, item: Item) -> Item | None:
        """Set the item of that name; returns the one before."""
        prev = self.items.get(item.name)
        self.items[item.name] = item
        if prev is None and self._names is not None:
            self._added.append(item.name)
        return prev

    def remove(self, name: str) -> Item | None:
        prev = self.items.pop(name, None)
        if prev is not None and self._names is not None:
            self._has_removed = True
        return prev

    def after(self, name: str) -> list[Item]:
        """The items whose names come after `name` ("": all), in order."""
        names = self._sorted()
        items = self.items
        if name:
            names = names[bisect_right(names, name) :]
        return [items[each] for each in names]

    def copy(self) -> Bucket:
        """An independent bucket with the same items."""
        twin = Bucket()
        twin.items = self.items.copy()
        return twin

    def _sorted(self) -> list[str]:
        if self._names is None or self._has_removed:
            # A name may have been removed and added again since, so what is there now is the one source.
            self._names = sorted(self.items)
        elif self._added:
            self._names.extend(self._added)
            self._names.sort()
        if self._added:
            self._added = []
        self._has_removed = False
        return self._names

"""Which numbers of one sort (addresses of a family, node ports) are taken.

By what is stored: counted, because objects that came from elsewhere may share a number, and it is free only when the
last of them is gone. And by writes on their way: a claim is for one writer alone.
"""

from __future__ import annotations

from collections.abc import Iterable


class Pool:
    """Takes no side: who may have which number is the business of `services.py`."""

    __slots__ = ("_claimed", "_stored")

    def __init__(self) -> None:
        self._stored: dict[int, int] = {}
        self._claimed: set[int] = set()

    def __len__(self) -> int:
        return len(self._stored.keys() | self._claimed)

    def __repr__(self) -> str:
        return f"<Pool: {len(self._stored)} stored, {len(self._claimed)} claimed>"

    def is_free(self, number: int) -> bool:
        return number not in self._stored and number not in self._claimed

    def replace(self, before: Iterable[int], after: Iterable[int]) -> None:
        """What one stored object has has changed."""
        stored = self._stored
        for number in after:
            stored[number] = stored.get(number, 0) + 1
        for number in before:
            if stored[number] > 1:
                stored[number] -= 1
            else:
                del stored[number]

    def claim(self, number: int) -> None:
        self._claimed.add(number)

    def release(self, number: int) -> None:
        """The claim's write has been carried out, and what it stored is known; or it never will be."""
        self._claimed.discard(number)

"""Tells a change of a status that a controller made itself from one that wants a look.

What a controller writes comes back to it as a change, and the pass that looks at it finds nothing to do: half of all
passes, in a rollout. A change that leaves all but the status alone, and leaves the status as it was to be written, is
therefore no news. Whatever else anybody does to the object, its status included, is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wherry.api import Obj
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.client import Key
from wherry.controllers.documents import plain
from wherry.controllers.ownership import key_of


class StatusWrites:
    """What is about to be written, by the UID of the object."""

    __slots__ = ("_expected",)

    def __init__(self) -> None:
        self._expected: dict[str, Obj] = {}

    def expect(self, uid: str, status: Obj) -> None:
        """Call before the write: the change may be heard of before the answer."""
        self._expected[uid] = _without_zeros(status)

    def news(self, old: Any | None, new: Any | None) -> Iterable[Key]:
        """The keys to look at for a change of the reconciled object itself."""
        if new is None:
            if old is not None:
                self._expected.pop(old.metadata.uid, None)
                return (key_of(old.metadata),)
            return ()
        if old is not None and _is_same(old.metadata, new.metadata):
            expected = self._expected.get(new.metadata.uid)
            if expected is not None and _without_zeros(plain(new.status)) == expected:
                return ()
        return (key_of(new.metadata),)


def _without_zeros(status: Obj) -> Obj:
    """A view does not tell a required number that is 0 from one that was never written."""
    return {name: value for name, value in status.items() if value != 0 or value is False}


def _is_same(old: ObjectMeta, new: ObjectMeta) -> bool:
    """Whether nothing but the status can have changed."""
    return (
        old.uid == new.uid
        and old.generation == new.generation
        and old.deletion_timestamp == new.deletion_timestamp
        and old.annotations == new.annotations
        and old.labels == new.labels
        and old.owner_references == new.owner_references
        and old.finalizers == new.finalizers
    )

"""Where a control plane keeps its objects: revisioned keys with compare-and-set, and a feed of changes.

- `Write`: one compare-and-set of one key, the only way to change anything
- `Change`: what a write became: the key, its new value, and the revision that orders it among all changes
- `Store`: the protocol that SQLite and memory keep today and that etcd and PostgreSQL can keep

Read `memory.py` first: it is the reference model, and `wherry.testing.storesuite` holds every back end to it. Then
`sqlite.py`, the default: a thread that commits in groups, over `sqllog.py` (the table, the index, what is given up) and
`place.py` (the file: claimed, checked, made). A store knows nothing of Kubernetes: values are bytes, a key is text
whose first segment (up to `/`) names its kind.

Invariants: a revision is handed out once and only grows, across restarts too; a write that was acknowledged survives
kill -9; changes reach `on_changes` in the order of their revisions, without gaps of this store's own making, on the
event loop, and before the write that caused them is acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NewType, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct

Revision = NewType("Revision", int)
"""A point in the history of one store; 0 is before everything, and as an expectation it means "does not exist"."""


class Write(Struct, frozen=True):
    """Set (or, with `value` None, delete) `key`, provided it stands at revision `expected`."""

    key: str
    value: bytes | None
    expected: Revision


class Change(Struct, frozen=True):
    """`key` got `value` (None: it was deleted) at `revision`. `created` tells a new key from an overwritten one."""

    revision: Revision
    key: str
    value: bytes | None
    created: bool


class Held(Protocol):
    """One key's value as somebody keeps it: a `Row`, or what a listener made of a change and can give back."""

    @property
    def revision(self) -> Revision: ...

    @property
    def value(self) -> bytes: ...


Listener: TypeAlias = Callable[[Sequence[Change]], Sequence[Held | None] | None]
"""Is told of changes. It may answer how it holds their values (None: not this one), for a store that keeps values in
memory to refer to instead of having bytes of its own; other stores do not look at the answer.
"""


class StoreError(Exception):
    """What a store can answer besides success; the API server turns each into its own error."""


class KeyExists(StoreError):
    """The key was to be created and exists already."""


class WrongRevision(StoreError):
    """The key does not stand at the expected revision (or does not exist at all)."""


class Compacted(StoreError):
    """The history that was asked for has been given up."""


class StoreUnavailable(StoreError):
    """The back end refused or could not be reached (a full disk, a lost connection); nothing was written."""


class StoreRefused(StoreError):
    """The place where data is kept is in use, foreign or damaged, and was left untouched. The text is for a person."""


class Row(Struct, frozen=True):
    """One key and the value it has at a moment, set at `revision`."""

    key: str
    value: bytes
    revision: Revision


class Commits(Struct):
    """What a durable store counts of itself."""

    groups: int = 0
    writes: int = 0
    seconds: float = 0.0
    """Spent in committing, waits for the disk included."""


@runtime_checkable
class Measured(Protocol):
    """A store that counts its commits and knows its size."""

    @property
    def commits(self) -> Commits: ...

    def size(self) -> int:
        """Bytes on disk."""
        ...


class Store(Protocol):
    """A back end. Methods are called on the event loop's thread."""

    async def open(self, on_changes: Listener) -> tuple[list[Row], list[Change], Revision]:
        """Begin. Returns (the rows as they stood before the history begins, that history, the current revision).

        The history is what is still kept of the newest changes, oldest first: going through it from the rows on leads
        to the present, with the state before each change at hand. From then on `on_changes` receives every change,
        whoever made it. Raises StoreRefused.
        """
        ...

    def write(self, write: Write) -> asyncio.Future[Revision]:
        """Order a compare-and-set; the future's result is the change's revision once it is durable.

        Fails with KeyExists, WrongRevision or StoreUnavailable. Writes are carried out in the order of the calls.
        """
        ...

    @property
    def revision(self) -> Revision:
        """The newest revision that `on_changes` has been given."""
        ...

    async def close(self) -> None:
        """Finish what was ordered, then let go of everything."""
        ...

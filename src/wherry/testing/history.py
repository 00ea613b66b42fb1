"""Who wrote what, and when: every write of a control plane, in the order of revisions.

    history = History(clock)
    ControlPlane(..., settings=Settings(witness=history))
    print(history.entries().where(kind="Deployment", name="web"))

One line a write, as it is asked for: until somebody looks, an entry is references to bytes that the store has as well.
What is kept is bounded; `forgotten` says how many of the oldest writes were let go. Two runs can be laid beside each
other by `difference`.
"""

from __future__ import annotations

import asyncio
import fnmatch
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import overload

from msgspec import Struct

from wherry.api import Obj
from wherry.api.coordination.lease import LEASES
from wherry.api.resource import Resource
from wherry.apiserver.encode import decode
from wherry.apiserver.gate import Writer
from wherry.lib.clock import Clock, format_time
from wherry.reconcile.acting import acting
from wherry.store import Revision, Write
from wherry.testing.fielddiff import FieldChange, field_changes
from wherry.watchcache.item import Item

_MOST_ENTRIES = 20_000
_MOST_BYTES = 32 << 20
_NODE_LEASES = "kube-node-lease"
_MOST_CHANGES = 4
"""Fields that a line of the table names; `Entry.changes` has all."""
_COLUMNS = ("REVISION", "TIME", "WHO", "VERB", "OBJECT", "CHANGE")


class Entry(Struct, frozen=True):
    """One write that was carried out."""

    revision: int
    time: float
    verb: str
    """As `create` or `patch/status`: with the subresource, if it was one."""
    user: str
    manager: str
    controller: str
    """Which of the control plane's controllers wrote; "" for everybody else."""
    kind: str
    resource: str
    """Plural and group, as `deployments.apps`."""
    namespace: str
    name: str
    old: bytes | None
    new: bytes | None

    @property
    def who(self) -> str:
        """The shortest name that tells writers apart."""
        if self.controller:
            return self.controller
        return f"{self.manager} ({self.user})" if self.manager else self.user

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def before(self) -> Obj | None:
        """The object as it was; None where there was none."""
        return None if self.old is None else decode(self.old)

    @property
    def after(self) -> Obj | None:
        """The object as it became; None where it is gone."""
        return None if self.new is None else decode(self.new)

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        """The fields that differ; none for an object that is new or gone."""
        if self.old is None or self.new is None:
            return ()
        return field_changes(decode(self.old), decode(self.new))

    def summary(self) -> str:
        """What happened, in a few words."""
        if self.old is None:
            return "new"
        if self.new is None:
            return "gone"
        changes = self.changes
        shown = [str(change) for change in changes[:_MOST_CHANGES]]
        if len(changes) > _MOST_CHANGES:
            shown.append(f"and {len(changes) - _MOST_CHANGES} more")
        return "; ".join(shown)

    def __str__(self) -> str:
        return "  ".join(self.cells())

    def cells(self) -> tuple[str, ...]:
        """The columns of a table."""
        named = f"{self.kind} {self.key}"
        return str(self.revision), format_time(self.time), self.who, self.verb, named, self.summary()


class Entries(Sequence[Entry]):
    """Writes, oldest first; prints as a table."""

    def __init__(self, entries: Iterable[Entry], forgotten: int = 0) -> None:
        self._entries = tuple(entries)
        self.forgotten = forgotten
        """How many older writes are known no more."""

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Entries: ...
    def __getitem__(self, index: int | slice) -> Entry | Entries:
        return Entries(self._entries[index]) if isinstance(index, slice) else self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def where(
        self,
        *,
        kind: str = "*",
        namespace: str = "*",
        name: str = "*",
        verb: str = "*",
        who: str = "*",
        since: int = 0,
    ) -> Entries:
        """Those that match, with `*` as in file names. `kind` may be a kind or a plural, `who` a user, manager or
        controller, `since` a revision (not itself included), `verb` with or without its subresource."""
        return Entries(
            entry
            for entry in self._entries
            if entry.revision > since
            and _matches(kind, entry.kind, entry.resource, entry.resource.partition(".")[0])
            and _matches(namespace, entry.namespace)
            and _matches(name, entry.name)
            and _matches(verb, entry.verb, entry.verb.partition("/")[0])
            and _matches(who, entry.user, entry.manager, entry.controller)
        )

    def lines(self) -> list[str]:
        """The table's lines."""
        rows = [_COLUMNS, *(entry.cells() for entry in self._entries)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return [*lines[:1], f"... {self.forgotten} older writes", *lines[1:]] if self.forgotten else lines

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        return f"<Entries: {len(self)} writes>"


def difference(one: Entries, other: Entries) -> str:
    """Where two runs part, as a unified diff of their writes; "" if they do not."""
    import difflib

    return "\n".join(difflib.unified_diff([*map(str, one)], [*map(str, other)], "one", "other", lineterm="", n=2))


def is_heartbeat(resource: Resource, before: Item | None, write: Write) -> bool:
    """Whether a write only says that a node is alive, as each does six times a minute."""
    return resource is LEASES and before is not None and before.namespace == _NODE_LEASES and write.value is not None


def _nothing(resource: Resource, before: Item | None, write: Write) -> bool:
    return False


class History:
    """A `Witness` that remembers. It may outlive the control plane that it hears of, and hear of the next one."""

    def __init__(
        self,
        clock: Clock,
        limit: int = _MOST_ENTRIES,
        limit_bytes: int = _MOST_BYTES,
        leaves_out: Callable[[Resource, Item | None, Write], bool] = _nothing,
    ) -> None:
        self.clock = clock
        """What entries are dated by; may be replaced, as when a cluster is restored."""
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._leaves_out = leaves_out
        """What would only push out of memory what somebody may look for."""
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._forgotten = 0

    def ordered(
        self, writer: Writer, resource: Resource, before: Item | None, write: Write, done: asyncio.Future[Revision]
    ) -> None:
        """Remember the write if it is carried out."""
        if self._leaves_out(resource, before, write):
            return
        done.add_done_callback(partial(self._carried_out, writer, resource, before, write, acting()))

    def entries(self) -> Entries:
        """What is remembered, in the order of revisions."""
        return Entries(sorted(self._entries, key=lambda entry: entry.revision), self._forgotten)

    def rewind(self, revision: int) -> None:
        """Forget what came after `revision`: the cluster is as it was then."""
        while self._entries and self._entries[-1].revision > revision:
            self._bytes -= len(self._entries.pop().new or b"")

    def clear(self) -> None:
        """Begin anew: what follows is what a test is about."""
        self._entries.clear()
        self._bytes = self._forgotten = 0

    def _carried_out(
        self,
        writer: Writer,
        resource: Resource,
        before: Item | None,
        write: Write,
        controller: str,
        done: asyncio.Future[Revision],
    ) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        name, namespace = _place(resource, write.key)
        entry = Entry(
            done.result(),
            self.clock.time(),
            f"{writer.verb}/{writer.subresource}" if writer.subresource else writer.verb,
            writer.user.name,
            writer.manager,
            controller,
            resource.kind,
            resource.group_resource,
            namespace,
            name,
            None if before is None else before.data,
            write.value,
        )
        self._entries.append(entry)
        self._bytes += len(write.value or b"")
        while len(self._entries) > self._limit or self._bytes > self._limit_bytes:
            self._bytes -= len(self._entries.popleft().new or b"")
            self._forgotten += 1


def _place(resource: Resource, key: str) -> tuple[str, str]:
    """Name and namespace of a stored key."""
    namespace, _, name = key[len(resource.key_prefix) + 1 :].rpartition("/")
    return name, namespace


def _matches(pattern: str, *values: str) -> bool:
    return pattern == "*" or any(fnmatch.fnmatchcase(value, pattern) for value in values)

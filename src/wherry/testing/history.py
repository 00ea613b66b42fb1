"""Who wrote what, and when: every write of a control plane, in the order of revisions, and who was told no.

    history = History(clock)
    ControlPlane(..., settings=Settings(witness=history))
    print(history.entries().where(kind="Deployment", name="web"))
    print(history.entries(refused=True).where(who="my-operator"))

One line a write, as it is asked for: until somebody looks, an entry is encoded bytes, which it shares with the entry of
the write before. What is kept is bounded; `forgotten` says how many of the oldest writes were let go. Two runs can be
laid beside each other by `difference`.
"""

from __future__ import annotations

import asyncio
import fnmatch
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import overload

from msgspec import Struct

from wherry.api import Obj
from wherry.api.coordination.lease import LEASES
from wherry.api.errors import NotFound
from wherry.api.resource import Resource
from wherry.apiserver.encode import decode
from wherry.apiserver.gate import Refused, Writer
from wherry.lib.clock import Clock, format_time
from wherry.reconcile.acting import acting
from wherry.store import Revision, Write
from wherry.testing.fielddiff import FieldChange, field_changes
from wherry.watchcache.item import Item

_MOST_ENTRIES = 20_000
_MOST_BYTES = 32 << 20
_MOST_REFUSED = 2_000
_LONGEST_MESSAGE = 1_000
_READS = frozenset({"get", "list", "watch"})
_DOORS = frozenset({401, 403})
_NODE_LEASES = "kube-node-lease"
_MOST_CHANGES = 4
"""Fields that a line of the table names; `Entry.changes` has all."""
_COLUMNS = ("REVISION", "TIME", "WHO", "VERB", "OBJECT", "CHANGE")


class Entry(Struct, frozen=True):
    """One write that was carried out, or something that was refused."""

    revision: int
    """What the write made; of what was refused, the cluster's newest then."""
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
    """Of what was refused, the name that was asked for or that the error tells; "" where neither does."""
    old: bytes | None = None
    new: bytes | None = None
    code: int = 0
    """As HTTP has it, of what was refused; 0 for what was carried out."""
    reason: str = ""
    """As `Conflict`, and the message, of what was refused."""
    message: str = ""

    @property
    def is_refused(self) -> bool:
        return self.code != 0

    @property
    def who(self) -> str:
        """The shortest name that tells writers apart."""
        if self.controller:
            return self.controller
        return f"{self.manager} ({self.user})" if self.manager and self.user else self.manager or self.user

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
        if self.is_refused:
            return " ".join(f"REFUSED {self.code} {self.reason}: {self.message}".split())
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
        key = self.key if self.name else f"{self.key}*"
        named = f"{self.kind or self.resource} {key}".strip()
        revision = "-" if self.is_refused else str(self.revision)
        return revision, format_time(self.time), self.who, self.verb, named, self.summary()


class Entries(Sequence[Entry]):
    """Writes, and what was refused if that was asked for, oldest first; prints as a table."""

    def __init__(self, entries: Iterable[Entry], forgotten: int = 0) -> None:
        self._entries = tuple(entries)
        self.forgotten = forgotten
        """How many older writes are known no more."""

    @property
    def refused(self) -> Entries:
        """Those that came to nothing."""
        return Entries(entry for entry in self._entries if entry.is_refused)

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
        controller, `since` a revision (not itself included, but what was refused then), `verb` with or without its
        subresource."""
        return Entries(
            entry
            for entry in self._entries
            if (entry.revision > since or (entry.is_refused and entry.revision == since))
            and _matches(kind, entry.kind, entry.resource, entry.resource.partition(".")[0])
            and _matches(namespace, entry.namespace)
            and _matches(name, entry.name)
            and _matches(verb, entry.verb, entry.verb.partition("/")[0])
            and _matches(who, entry.user, entry.manager, entry.controller)
        )

    def lines(self) -> list[str]:
        """The table's lines. What was refused time after time is one line, for who tries again in vain says it once."""
        rows = [_COLUMNS, *(_row(run) for run in _runs(self._entries))]
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
        limit_refused: int = _MOST_REFUSED,
    ) -> None:
        self.clock = clock
        """What entries are dated by; may be replaced, as when a cluster is restored."""
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._leaves_out = leaves_out
        """What would only push out of memory what somebody may look for."""
        self._entries: deque[Entry] = deque()
        self._refused: deque[Entry] = deque(maxlen=limit_refused)
        """Apart, so that whoever is refused without end pushes out no writes."""
        self._newest: dict[tuple[str, str, str], Entry] = {}
        """Of each object, among `_entries`: what the next entry shares bytes with."""
        self._bytes = 0
        self._forgotten = 0
        self.hears_refused = True
        """Whether refusals are news: a control plane that begins tries to make what is there already."""

    def ordered(
        self, writer: Writer, resource: Resource, before: Item | None, write: Write, done: asyncio.Future[Revision]
    ) -> None:
        """Remember the write if it is carried out."""
        if self._leaves_out(resource, before, write):
            return
        done.add_done_callback(partial(self._carried_out, writer, resource, before, write, acting()))

    def refused(self, refused: Refused, revision: Revision) -> None:
        """Remember who was told no; that there is no such object is an answer to who only asks."""
        error = refused.error
        if not self.hears_refused:
            return
        if refused.verb in _READS and error.http_code == NotFound.code and (error.details or not refused.resource):
            return
        if not refused.resource and error.http_code not in _DOORS:
            return  # Plain paths are tried out by clients that discover what there is.
        self._refused.append(
            Entry(
                revision,
                self.clock.time(),
                f"{refused.verb}/{refused.subresource}" if refused.subresource else refused.verb,
                refused.user,
                refused.manager,
                acting(),
                refused.kind,
                refused.resource,
                refused.namespace,
                refused.name or _named(refused),
                code=error.http_code,
                reason=error.reason,
                message=error.message[:_LONGEST_MESSAGE],
            )
        )

    def entries(self, *, refused: bool = False) -> Entries:
        """What is remembered, in the order of revisions; with what was `refused`, each where it was."""
        entries = (*self._entries, *self._refused) if refused else self._entries
        return Entries(sorted(entries, key=lambda entry: (entry.revision, entry.is_refused)), self._forgotten)

    def rewind(self, revision: int, refused_since: int | None = None) -> None:
        """Forget what came after `revision`: the cluster is as it was then.

        What was refused while that was the newest may have come before or after; it goes too, unless `refused_since`
        names a later revision.
        """
        since = revision if refused_since is None else refused_since
        self._newest.clear()
        while self._entries and self._entries[-1].revision > revision:
            self._bytes -= len(self._entries.pop().new or b"")
        while self._refused and self._refused[-1].revision >= since:
            self._refused.pop()

    def clear(self) -> None:
        """Begin anew: what follows is what a test is about."""
        self._entries.clear()
        self._refused.clear()
        self._newest.clear()
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
            self._bytes_of(before, (resource.group_resource, namespace, name)),
            write.value,
        )
        self._entries.append(entry)
        self._newest[entry.resource, namespace, name] = entry
        self._bytes += len(entry.new or b"")
        while len(self._entries) > self._limit or self._bytes > self._limit_bytes:
            self._forget(self._entries.popleft())

    def _bytes_of(self, before: Item | None, name: tuple[str, str, str]) -> bytes | None:
        if before is None:
            return None
        newest = self._newest.get(name)
        if newest is not None and newest.new is not None and newest.revision == before.revision:
            return newest.new
        return before.value

    def _forget(self, entry: Entry) -> None:
        self._bytes -= len(entry.new or b"")
        self._forgotten += 1
        name = (entry.resource, entry.namespace, entry.name)
        if self._newest.get(name) is entry:
            del self._newest[name]


def _runs(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Each write alone; what was refused in the same way several times in a row, together."""
    for _, run in groupby(entries, _alike):
        yield list(run)


def _alike(entry: Entry) -> int | tuple[str, ...]:
    """Equal for what may stand on one line."""
    return entry.cells()[2:] if entry.is_refused else entry.revision


def _named(refused: Refused) -> str:
    """The name that an error tells of the object that was meant: creations have none in their paths."""
    details = refused.error.details or {}
    is_meant = details.get("kind") in (refused.kind, refused.resource.partition(".")[0])
    return str(details.get("name") or "") if is_meant else ""


def _row(run: list[Entry]) -> tuple[str, ...]:
    *cells, summary = run[0].cells()
    return (*cells, f"{summary} ({len(run)} times)" if len(run) > 1 else summary)


def _place(resource: Resource, key: str) -> tuple[str, str]:
    """Name and namespace of a stored key."""
    namespace, _, name = key[len(resource.key_prefix) + 1 :].rpartition("/")
    return name, namespace


def _matches(pattern: str, *values: str) -> bool:
    return pattern == "*" or any(fnmatch.fnmatchcase(value, pattern) for value in values)

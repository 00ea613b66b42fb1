"""What an ordinary write does to an object's entries.

Whatever the writer changed is the writer's from then on and nobody else's; what it took away is nobody's. The entry of
the writer gets the time of the write whenever the write changed a value, even if the fields were its own before; losing
fields to others does not touch the time. An entry without fields goes.
"""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

from wherry.api import Obj
from wherry.api.managedfields import entries as ledger
from wherry.api.managedfields.comparing import Comparison, compare, made
from wherry.api.managedfields.elements import BadElement
from wherry.api.managedfields.entries import UPDATE, BadEntry, Entry, Identity, capped, fields_of
from wherry.api.managedfields.reconciling import reconcile
from wherry.api.managedfields.sets import EMPTY, Fields, difference, of, union, without_all
from wherry.api.schema.nodes import Node

STRIPPED = of(
    [
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                *("name", "namespace", "creationTimestamp", "selfLink", "uid"),
                *("clusterName", "generation", "managedFields", "resourceVersion"),
            )
        ),
    ]
)
"""What nobody ever owns."""

_UNOWNED_META = frozenset(step[2:] for step in STRIPPED["f:metadata"])


class Versions(Protocol):
    """The versions of a kind, for entries that speak of another one than the request does."""

    def node(self, api_version: str) -> Node | None:
        """The root of the kind in a version; None for a version that is no longer served."""
        ...

    def convert(self, obj: Obj, api_version: str) -> Obj:
        """An object of one version in another."""
        ...


class Kind(Struct, frozen=True):
    """What field management has to know of the kind and path that are written."""

    api_version: str
    node: Node
    versions: Versions
    only: frozenset[str] = frozenset()
    """The top-level fields that a write by this path may change, as steps; none named means all."""
    ignored: Fields = EMPTY
    """What it may not change all the same. All of this is put back afterwards, so nobody comes to own it."""
    is_fixed: bool = False
    """Whether the shape is the same as ever, as that of built-in kinds is: then sets need no reconciling."""

    def ownable(self, fields: Fields) -> Fields:
        """What of a set somebody can come to own by this path."""
        if self.only and fields:
            fields = {step: below for step, below in fields.items() if step in self.only}
        return without_all(fields, self.ignored) if self.ignored else fields


class Writer(Struct, frozen=True):
    """Who writes, and by which path."""

    manager: str
    subresource: str
    time: str


def update(kind: Kind, live: Obj | None, new: Obj, writer: Writer) -> bool:
    """Put the entries into `new` that it has when `writer` makes it of `live` (None: creates it).

    Returns whether it began from entries that the client has sent, and may have made up.
    """
    meta = new["metadata"]
    sent = meta.get("managedFields")
    stored: list[Entry] = (live["metadata"].get("managedFields") or []) if live is not None else []
    before = stored if sent is None or sent == stored else _starting_entries(stored, sent, writer.subresource)
    after: list[Entry] = []
    if before or live is None:  # Whoever forgot all managers is left alone until somebody applies.
        try:
            after = (
                updated(kind, live, new, before, writer) if live is not None or before else created(kind, new, writer)
            )
        except BadElement:
            after = stored
    if after:
        meta["managedFields"] = after
    else:
        meta.pop("managedFields", None)
    return before is not stored


def created(kind: Kind, new: Obj, writer: Writer) -> list[Entry]:
    """The entries of a new object, which has none yet; raises `BadElement`."""
    part = _ownable(kind, new)
    fields = kind.ownable(made(kind.node, {name: part[name] for name in part if name not in _TYPE}, _META))
    return [ledger.make(_identity(kind, writer), kind.api_version, writer.time, fields)] if fields else []


def _identity(kind: Kind, writer: Writer) -> Identity:
    return Identity(writer.manager or "unknown", UPDATE, kind.api_version, writer.subresource)


def updated(kind: Kind, live: Obj | None, new: Obj, before: list[Entry], writer: Writer) -> list[Entry]:
    """The entries after a write; raises `BadElement`. The objects' own `managedFields` do not count."""
    comparison = changes(kind, live, new)
    if not comparison.modified and not comparison.added:
        return taken(kind, live, new, before, comparison)
    who = _identity(kind, writer)
    previous = ledger.find(before, who)
    if previous is None:
        entry = ledger.make(who, kind.api_version, writer.time, comparison.written)
        return ledger.arranged(capped([*taken(kind, live, new, before, comparison), entry]))
    others = [entry for entry in before if entry is not previous]
    fields = reconciled(kind, kind.node, previous)
    if comparison.removed:
        fields = difference(fields, comparison.removed)
    fields = union(union(fields, comparison.modified), comparison.added)
    entry = {**ledger.with_fields(previous, fields), "time": writer.time}
    return ledger.arranged(capped([*taken(kind, live, new, others, comparison), entry]))


def changes(kind: Kind, live: Obj | None, new: Obj) -> Comparison:
    """What a write changes of what can be owned; raises `BadElement`."""
    return _seen(kind, compare(kind.node, _ownable(kind, live or _NOTHING), _ownable(kind, new)))


def taken(kind: Kind, live: Obj | None, new: Obj, before: list[Entry], comparison: Comparison) -> list[Entry]:
    """The entries without what a write changed or removed: the very list when nobody loses anything."""
    after = []
    is_same = True
    for entry in before:
        kept = _kept(kind, live, new, entry, comparison)
        is_same = is_same and kept is entry
        if kept is not None:
            after.append(kept)
    return before if is_same else after


def _kept(kind: Kind, live: Obj | None, new: Obj, entry: Entry, comparison: Comparison) -> Entry | None:
    """One entry without what it loses; None when nothing is left, or its version is no longer served."""
    version = entry["apiVersion"]
    node: Node | None = kind.node
    if version != kind.api_version:
        node = kind.versions.node(version)
        if node is None:
            return None
        comparison = other_changes(kind, node, live, new, version)
    assert node is not None
    fields = reconciled(kind, node, entry)
    for lost in (comparison.modified, comparison.added, comparison.removed):
        if lost:
            fields = difference(fields, lost)
    return ledger.with_fields(entry, fields) if fields else None


def other_changes(kind: Kind, node: Node, live: Obj | None, new: Obj, version: str) -> Comparison:
    """What a write changes as another version of the kind sees it; raises `BadElement`."""
    old_view = _NOTHING if live is None else kind.versions.convert(live, version)
    return _seen(kind, compare(node, _ownable(kind, old_view), _ownable(kind, kind.versions.convert(new, version))))


def _seen(kind: Kind, comparison: Comparison) -> Comparison:
    """What of a comparison concerns the path that is written by."""
    return Comparison(*map(kind.ownable, comparison)) if kind.ignored else comparison


def reconciled(kind: Kind, node: Node, entry: Entry) -> Fields:
    """The fields of an entry, in terms of its kind's shape as it is now."""
    fields = fields_of(entry)
    return fields if kind.is_fixed else reconcile(node, fields)


def _starting_entries(stored: list[Entry], sent: Any, subresource: str) -> list[Entry]:
    """The entries that a write begins from: the client's if it sends any that make sense, else the stored ones."""
    if subresource:
        return stored
    if ledger.is_reset(sent):
        return []
    try:
        return ledger.decode_entries(sent) or stored
    except BadEntry:
        return stored


def _ownable(kind: Kind, obj: Obj) -> Obj:
    """An object without what nobody owns, and without what is not written by the path at hand."""
    if kind.only:
        part = {step[2:]: obj[step[2:]] for step in kind.only if step[2:] in obj}
        if "metadata" not in part:
            return part
    else:
        part = {**obj, "apiVersion": "", "kind": ""}
    meta = obj["metadata"]
    part["metadata"] = {name: value for name, value in meta.items() if name not in _UNOWNED_META}
    return part


_TYPE = frozenset({"apiVersion", "kind"})
_META = frozenset({"metadata"})
_NOTHING: Obj = {"apiVersion": "", "kind": "", "metadata": {}}

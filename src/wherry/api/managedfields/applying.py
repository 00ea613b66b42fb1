"""Server-side apply: an applied configuration laid over the live object, and what that does to the entries.

An applier owns exactly what it applies, from one apply to the next. What it applied before and no longer does goes from
the object, unless somebody else owns it too. What it changes although somebody else owns it is a conflict; forced, it
is taken over. Equal values are owned together.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from wherry.api import Obj
from wherry.api.managedfields import entries as ledger
from wherry.api.managedfields.conflicts import ApplyConflicts, of_owners
from wherry.api.managedfields.covering import covered, named
from wherry.api.managedfields.entries import APPLY, Entry, Identity
from wherry.api.managedfields.merging import merge
from wherry.api.managedfields.removing import remove
from wherry.api.managedfields.sets import EMPTY, Fields, difference, intersection, union
from wherry.api.managedfields.updating import STRIPPED, Kind, Writer, changes, other_changes, reconciled, taken, updated

BEFORE_FIRST_APPLY = "before-first-apply"
"""Who is said to have written an object that nobody was tracked for, when it is first applied."""


class Applied(Struct, frozen=True):
    """`obj` is the merged object, or None when it is just as the live one; `entries` is what it should carry."""

    obj: Obj | None
    entries: list[Entry]


def apply(kind: Kind, live: Obj | None, applied: Obj, writer: Writer, *, force: bool) -> Applied:
    """Lay `applied` over `live` (None: there is nothing yet).

    Both have passed `checking.check`; neither is changed, and the result shares parts with them. Raises
    `ApplyConflicts`, and `BadElement` for a live list that cannot be merged.
    """
    before: list[Entry] = (live["metadata"].get("managedFields") or []) if live is not None else []
    base: Obj = _without_entries(live) if live is not None else {**_head(applied), "metadata": {}}
    if live is not None and not before:
        before = updated(kind, None, base, [], Writer(BEFORE_FIRST_APPLY, writer.subresource, writer.time))
    return _apply(kind, base, applied, before, writer, force=force)


def _apply(kind: Kind, live: Obj, applied: Obj, before: list[Entry], writer: Writer, *, force: bool) -> Applied:
    who = Identity(writer.manager or "unknown", APPLY, "", writer.subresource)
    previous = ledger.find(before, who)
    others = [entry for entry in before if entry is not previous and _is_known(kind, entry)]
    claimed = kind.ownable(covered(kind.node, applied))
    merged = merge(kind.node, live, applied)
    if previous is not None and _is_known(kind, previous):
        merged = _prune(kind, merged, previous, claimed, others)
    others = _settle(kind, live, merged, others, force=force)
    fields = difference(claimed, STRIPPED)
    is_same = merged == live
    entries = others
    if fields:
        time = ledger.time_of(previous) if is_same and previous is not None else "" if is_same else writer.time
        entries = ledger.arranged([*others, _entry(kind, who, previous, fields, time)])
    return Applied(None if is_same else merged, entries)


def _settle(kind: Kind, live: Obj, merged: Obj, others: list[Entry], *, force: bool) -> list[Entry]:
    """Take from the others what changes; raises `ApplyConflicts` unless forced."""
    comparison = changes(kind, live, merged)
    if not force:
        _refuse_conflicts(kind, live, merged, others, comparison.written)
    return taken(kind, live, merged, others, comparison)


def _refuse_conflicts(kind: Kind, live: Obj, merged: Obj, others: list[Entry], written: Fields) -> None:
    lost = []
    for entry in others:
        version = entry["apiVersion"]
        node = _node(kind, version)
        if version != kind.api_version:
            written_there = other_changes(kind, node, live, merged, version).written
        else:
            written_there = written
        if conflict := intersection(reconciled(kind, node, entry), written_there):
            lost.append((ledger.identity(entry), conflict))
    if lost:
        raise ApplyConflicts(of_owners(lost))


def _entry(kind: Kind, who: Identity, previous: Entry | None, fields: Fields, time: str) -> Entry:
    if previous is not None and previous["apiVersion"] == kind.api_version and ledger.time_of(previous) == time:
        found = ledger.fields_of(previous)
        if found == fields:
            return previous
    return ledger.make(who, kind.api_version, time, fields)


def _prune(kind: Kind, merged: Obj, previous: Entry, claimed: Fields, others: list[Entry]) -> Obj:
    """Remove what the applier applied last time, does not apply now, and nobody else owns."""
    version = previous["apiVersion"]
    node = _node(kind, version)
    last = reconciled(kind, node, previous)
    if version == kind.api_version and not difference(last, claimed):
        return merged
    owned = _owned_by_version(kind, claimed, others)
    view = _view(kind, merged, version)
    pruned = remove(node, view, named(node, last))
    # What others own comes back, first in the version that it was removed in: conversion may need it.
    for each in sorted(owned, key=lambda each: each != version):
        pruned = _add_back(kind, _view(kind, merged, each), _view(kind, pruned, each), each, owned[each])
    # So does what had to go with a list item or a struct, but was never the applier's.
    left = named(node, covered(node, _view(kind, pruned, version)))
    gone = intersection(difference(named(node, covered(node, view)), left), named(node, last))
    rest = remove(node, view, gone)
    return _view(kind, rest, kind.api_version) if gone else merged


def _owned_by_version(kind: Kind, claimed: Fields, others: list[Entry]) -> dict[str, Fields]:
    owned = {kind.api_version: claimed}
    for entry in others:
        version = entry["apiVersion"]
        owned[version] = union(owned.get(version, EMPTY), reconciled(kind, _node(kind, version), entry))
    return owned


def _add_back(kind: Kind, merged: Any, pruned: Any, version: str, owned: Fields) -> Any:
    node = _node(kind, version)
    everything = named(node, covered(node, merged))
    kept = union(named(node, covered(node, pruned)), named(node, owned))
    return remove(node, merged, difference(everything, kept))


def _view(kind: Kind, obj: Any, version: str) -> Any:
    """An object in a version; what is left of one after a removal may lack all that conversion goes by."""
    if obj is None or obj.get("apiVersion", version) == version:
        return obj if obj is not None else {}
    return kind.versions.convert(obj, version)


def _node(kind: Kind, version: str) -> Any:
    return kind.node if version == kind.api_version else kind.versions.node(version)


def _is_known(kind: Kind, entry: Entry) -> bool:
    """Whether the version of an entry is still served; entries of others are forgotten."""
    return _node(kind, entry["apiVersion"]) is not None


def _without_entries(live: Obj) -> Obj:
    meta = {name: value for name, value in live["metadata"].items() if name != "managedFields"}
    return {**live, "metadata": meta}


def _head(applied: Obj) -> Obj:
    return {"apiVersion": applied["apiVersion"], "kind": applied["kind"]}

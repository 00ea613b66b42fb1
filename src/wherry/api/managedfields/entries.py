"""The entries of `metadata.managedFields`: which manager owns which fields, and since when.

An entry stays the plain object that it is in JSON, so that what does not change costs nothing. Those of a stored object
are ours and taken at their word; `decode` is for those that a client sends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeAlias, cast

from msgspec import Struct

from wherry.api.managedfields.elements import BadElement
from wherry.api.managedfields.sets import EMPTY, Fields, decode, union_of

Entry: TypeAlias = "dict[str, Any]"

APPLY = "Apply"
UPDATE = "Update"
_FIELDS_TYPE = "FieldsV1"
_ANCIENT = "ancient-changes"
MOST_UPDATERS = 10
"""So many entries of ordinary writers are kept; the oldest beyond are thrown together."""


class BadEntry(ValueError):
    """Something that is no entry."""


class Identity(Struct, frozen=True, order=True):
    """What makes two entries one. An applier is the same in every version of the kind, an updater is not."""

    manager: str
    operation: str
    api_version: str
    subresource: str


def identity(entry: Entry) -> Identity:
    operation = entry.get("operation") or ""
    api_version = "" if operation == APPLY else entry.get("apiVersion") or ""
    return Identity(entry.get("manager") or "", operation, api_version, entry.get("subresource") or "")


def find(entries: Iterable[Entry], who: Identity) -> Entry | None:
    """The entry of an identity."""
    for entry in entries:
        if (entry.get("manager") or "") == who.manager and identity(entry) == who:
            return entry
    return None


def fields_of(entry: Entry) -> Fields:
    return cast("Fields", entry.get("fieldsV1")) or EMPTY


def time_of(entry: Entry) -> str:
    return entry.get("time") or ""


def make(who: Identity, api_version: str, time: str, fields: Fields) -> Entry:
    """An entry as it is written: members in upstream's order, those without a value left out."""
    entry: Entry = {}
    if who.manager:
        entry["manager"] = who.manager
    entry["operation"] = who.operation
    entry["apiVersion"] = api_version
    if time:
        entry["time"] = time
    entry["fieldsType"] = _FIELDS_TYPE
    entry["fieldsV1"] = fields
    if who.subresource:
        entry["subresource"] = who.subresource
    return entry


def with_fields(entry: Entry, fields: Fields) -> Entry:
    """The entry with other fields: the very same one when they are its own."""
    return entry if fields is entry.get("fieldsV1") else {**entry, "fieldsV1": fields}


def decode_entries(raw: Any) -> list[Entry]:
    """The entries that a client sent, one for an identity and the last one wins; raises `BadEntry`."""
    entries: dict[Identity, Entry] = {}
    for position, entry in enumerate(raw or ()):
        entry = entry or {}
        if entry.get("operation") not in (APPLY, UPDATE):
            raise BadEntry("operation must be `Apply` or `Update`")
        if not entry.get("apiVersion"):
            raise BadEntry("apiVersion must not be empty")
        if (fields_type := entry.get("fieldsType") or "") != _FIELDS_TYPE:
            what = f'invalid fieldsType "{fields_type}"' if fields_type else "missing fieldsType"
            raise BadEntry(f"{what} in managed fields entry {position}")
        try:
            fields = decode(entry.get("fieldsV1"))
        except BadElement as error:
            raise BadEntry(f"error decoding set: {error}") from error
        who = identity(entry)
        entries[who] = make(who, entry["apiVersion"], time_of(entry), fields)
    return arranged(entries.values())


def arranged(entries: Collection[Entry]) -> list[Entry]:
    """Entries in the order in which they are shown: appliers first, then by time."""
    return sorted(entries, key=_place) if len(entries) > 1 else list(entries)


def _place(entry: Entry) -> tuple[str, str, str, str, str]:
    return (
        entry["operation"],
        time_of(entry),
        entry.get("manager") or "",
        entry["apiVersion"],
        entry.get("subresource") or "",
    )


def capped(entries: list[Entry]) -> list[Entry]:
    """At most so many updaters: the oldest of one version become one, made when the last of them was.

    The first of a version waits for a second one; when there is a bucket already, it is left alone for good. Where
    upstream would pour the bucket into itself and lose it, ours takes in the first.
    """
    if len(entries) <= MOST_UPDATERS:
        return entries
    updaters = [entry for entry in entries if entry["operation"] == UPDATE]
    excess = len(updaters) - MOST_UPDATERS
    if excess <= 0:
        return entries
    left = {identity(entry): entry for entry in entries}
    first: dict[str, Identity] = {}
    for entry in sorted(updaters, key=lambda entry: (time_of(entry), identity(entry))):
        if excess <= 0:
            break
        who, version = identity(entry), entry["apiVersion"]
        bucket = Identity(_ANCIENT, UPDATE, version, "")
        if (earliest := first.setdefault(version, who)) == who:
            continue
        gone = earliest if who == bucket or bucket not in left else who
        old = left.pop(gone)
        left.pop(who, None)
        fields = union_of([fields_of(each) for each in (old, entry, left.get(bucket)) if each is not None])
        left[bucket] = make(bucket, version, time_of(entry), fields)
        excess -= 1
    return list(left.values())


def is_reset(raw: Any) -> bool:
    """Whether a client asks to forget all entries: by an empty list, or one empty entry."""
    return isinstance(raw, list) and (not raw or (len(raw) == 1 and not raw[0]))


def same_but_times(left: Sequence[Entry], right: Sequence[Entry]) -> bool:
    """Whether two lists of entries differ in nothing but times."""
    return len(left) == len(right) and all(
        ours is theirs or {**ours, "time": ""} == {**theirs, "time": ""}
        for ours, theirs in zip(left, right, strict=True)
    )

"""Which Events become objects, which become a higher count, and which are dropped. Pure.

The three stages are upstream's (client-go `tools/record`), because users know how their Events look:

1. *Spam filter*: per (source, object) a bucket of 25 Events that refills with one in five minutes.
2. *Aggregation*: when more than ten Events that differ only in their message came within ten minutes, further ones
   become one Event whose message begins with "(combined from similar events): ".
3. *Counting*: an Event seen before becomes a patch of its count and last timestamp.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from msgspec import Struct

BURST = 25
REFILL_PER_SECOND = 1 / 300
AGGREGATE_AFTER = 10
AGGREGATE_WINDOW = 600.0
REMEMBERED = 4096
COMBINED = "(combined from similar events): "

V = TypeVar("V")


class Subject(Struct, frozen=True):
    """The object an Event is about, as `involvedObject` names it."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


class Occurrence(Struct, frozen=True):
    """Something that happened, before anyone decided whether to write it down."""

    source: tuple[str, str]
    """(component, host)."""
    subject: Subject
    field_path: str
    type: str
    reason: str
    message: str


class Record(Struct, frozen=True):
    """What stands in the API for occurrences of one sort."""

    namespace: str
    name: str
    count: int


class Verdict(Struct, frozen=True):
    """Write `message`; `key` names the sort. `known` is the object that stands for it already, if any."""

    key: tuple[object, ...]
    message: str
    known: Record | None


class _Recent(Generic[V]):
    """A dictionary that forgets what was not used for longest."""

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items: OrderedDict[tuple[object, ...], V] = OrderedDict()

    def get(self, key: tuple[object, ...]) -> V | None:
        value = self._items.get(key)
        if value is not None:
            self._items.move_to_end(key)
        return value

    def set(self, key: tuple[object, ...], value: V) -> None:
        self._items[key] = value
        self._items.move_to_end(key)
        if len(self._items) > REMEMBERED:
            self._items.popitem(last=False)

    def drop(self, key: tuple[object, ...]) -> None:
        self._items.pop(key, None)


class _Bucket(Struct, frozen=True):
    tokens: float
    at: float


class _Similar(Struct, frozen=True):
    messages: frozenset[str]
    last: float


class Correlator:
    """Remembers recent occurrences of one recorder and judges new ones."""

    __slots__ = ("_buckets", "_records", "_similar")

    def __init__(self) -> None:
        self._buckets: _Recent[_Bucket] = _Recent()
        self._similar: _Recent[_Similar] = _Recent()
        self._records: _Recent[Record] = _Recent()

    def judge(self, seen: Occurrence, now: float) -> Verdict | None:
        """What to write for an occurrence; None when it is dropped as spam."""
        key, message = self._aggregate(seen, now)
        if not self._admits(seen, now):
            return None
        return Verdict(key, message, self._records.get(key))

    def remember(self, key: tuple[object, ...], record: Record) -> None:
        """The API now has `record` for occurrences of this sort."""
        self._records.set(key, record)

    def forget(self, key: tuple[object, ...]) -> None:
        """The object for this sort is gone from the API (Events expire)."""
        self._records.drop(key)

    def _admits(self, seen: Occurrence, now: float) -> bool:
        key = (seen.source, seen.subject)
        bucket = self._buckets.get(key) or _Bucket(BURST, now)
        tokens = min(BURST, bucket.tokens + (now - bucket.at) * REFILL_PER_SECOND)
        admitted = tokens >= 1
        self._buckets.set(key, _Bucket(tokens - 1 if admitted else tokens, now))
        return admitted

    def _aggregate(self, seen: Occurrence, now: float) -> tuple[tuple[object, ...], str]:
        group = (seen.source, seen.subject, seen.type, seen.reason)
        full = (*group, seen.field_path, seen.message)
        similar = self._similar.get(group)
        if similar is None or now - similar.last > AGGREGATE_WINDOW:
            similar = _Similar(frozenset(), now)
        messages = similar.messages
        if len(messages) >= AGGREGATE_AFTER and seen.message not in messages:
            self._similar.set(group, _Similar(messages, now))
            return group, COMBINED + seen.message
        self._similar.set(group, _Similar(messages | {seen.message}, now))
        return full, seen.message

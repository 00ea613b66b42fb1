"""Which Pod is next, and when one that did not fit is tried again.

    add ─► gated ─► active ─pop─► in flight ─┬─ done
             ▲        ▲  ▲                   ├─ refuse ─► waiting ──── a change that may help ──┐
             └ a gate │  └── back-off ends ──┼─ retry ──► backing off ◄─────────────────────────┘
                                             └ (a change came meanwhile: as if it came after)

*Active* is a heap in the order that a plugin gives: by priority, then by how long a Pod has been there. *Waiting* Pods
were refused by certain plugins; each change in the cluster is shown to the hints of those plugins, and five minutes are
a change too. *Backing off* are those whose last failure is fresh (1 s, doubling to 10 s): those that were refused are
taken early when nothing else is left to do, those that met an error wait until the end. Changes that come while a Pod
is in flight are kept for it.
"""

from __future__ import annotations

import heapq
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from itertools import count
from typing import Any

from msgspec import Struct

from wherry.lib.clock import Clock, Timer
from wherry.scheduler.changes import pod_changes
from wherry.scheduler.model import PodInfo
from wherry.scheduler.plugins.prioritysort import by_priority
from wherry.scheduler.profile import Profile
from wherry.scheduler.rules import PENDING_POD, Action, Helps, Order, Queued, Source

log = logging.getLogger(__name__)

LONGEST_WAIT = 300.0
ANYTHING = "*"
"""Instead of a plugin's name: whatever changes may help."""


class Backoff(Struct, frozen=True):
    """How long a Pod waits after its first failure, and at most."""

    first: float = 1.0
    longest: float = 10.0

    def after(self, failures: int) -> float:
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 60)) if failures else 0.0


class Place(Enum):
    """Where a Pod is in the queue."""

    ACTIVE = "active"
    WAITING = "waiting"
    BACKING_OFF = "backing off"
    GATED = "gated"
    IN_FLIGHT = "in flight"
    OUT = "out"


class _Change(Struct, frozen=True):
    source: Source
    action: Action
    old: Any
    new: Any


_Refusers = tuple[str, tuple[str, ...]]
"""(profile, plugins)"""


class _Entry(Struct, eq=False):
    pod: PodInfo
    place: Place = Place.OUT
    order: int = 0
    refusals: int = 0
    errors: int = 0
    failed_at: float = 0.0
    plugins: tuple[str, ...] = ()
    seen: int = 0
    """How many changes there had been when it was taken."""
    key: Any = None
    """By which it was sorted among those that are active."""
    ticket: int = 0
    """Of its place in a heap: older ones there do not count any more."""


class Queue:
    """Pods that want a node. `ready` is called whenever there is something to take."""

    def __init__(
        self,
        clock: Clock,
        ready: Callable[[], None],
        profiles: Iterable[Profile] = (),
        backoff: Backoff | None = None,
        gate: Callable[[PodInfo], str | None] = lambda pod: None,
        *,
        is_eager: bool = True,
    ) -> None:
        self._clock = clock
        self._ready = ready
        self._profiles = {profile.name: profile for profile in profiles}
        orders = [profile.order[1] for profile in self._profiles.values() if profile.order is not None]
        self._order: Order = orders[0] if orders else by_priority
        self._backoff = backoff or Backoff()
        self._own_gate = gate
        self._is_eager = is_eager
        """Whether Pods that back off after a refusal may be taken when there is nothing else to do."""
        self._entries: dict[str, _Entry] = {}
        self._active: list[tuple[Any, int, _Entry]] = []
        self._resting: list[tuple[Any, int, _Entry]] = []
        """Backing off after an error: until the end."""
        self._eager: list[tuple[Any, int, _Entry]] = []
        """Backing off after a refusal: may be taken early."""
        self._waiting: dict[str, _Entry] = {}
        """Those that have waited longest come first."""
        self._refused: dict[_Refusers, dict[str, _Entry]] = {}
        """The same, and those behind gates, by who refused them: most changes concern no member of a group."""
        self._in_flight: dict[str, _Entry] = {}
        self._changes: deque[_Change] = deque()
        self._changes_dropped = 0
        self._tickets = count(1)
        self._timer: Timer | None = None
        self._timer_at = 0.0

    def __len__(self) -> int:
        return len(self._entries)

    def counts(self) -> dict[str, int]:
        """How many Pods are in each place, for metrics."""
        places = (Place.ACTIVE, Place.WAITING, Place.BACKING_OFF, Place.GATED)
        totals = {place.value: 0 for place in places}
        for entry in self._entries.values():
            if entry.place in places:
                totals[entry.place.value] += 1
        return totals

    def place(self, uid: str) -> Place:
        """Where a Pod is."""
        entry = self._entries.get(uid)
        return entry.place if entry is not None else Place.OUT

    def add(self, pod: PodInfo) -> None:
        """A Pod appeared or changed. One that waits is tried again only if its change may help."""
        entry = self._entries.get(pod.uid)
        if entry is None:
            self._entries[pod.uid] = entry = _Entry(pod, order=next(self._tickets))
            self._enter(entry)
            return
        old, entry.pod = entry.pod, pod
        action = pod_changes(old, pod)
        if entry.place is Place.GATED:
            if action:
                self._leave(entry)
                self._enter(entry)
        elif entry.place is Place.WAITING and action and self._helps(entry, _Change(PENDING_POD, action, old, pod)):
            self._requeue(entry)
        elif entry.place is Place.ACTIVE and self._key(entry) != entry.key:
            self._activate(entry)
        elif entry.place is Place.IN_FLIGHT and action:
            self._remember(_Change(PENDING_POD, action, old, pod))

    def remove(self, uid: str) -> None:
        """The Pod is gone, or wants no node any more."""
        if (entry := self._entries.pop(uid, None)) is not None:
            self._leave(entry)

    def pop(self) -> PodInfo | None:
        """Take the next Pod; it stays known until it is removed, or given back by `refuse` or `retry`."""
        entry = self._next(self._active, Place.ACTIVE)
        if entry is None and self._is_eager:
            entry = self._next(self._eager, Place.BACKING_OFF)
        if entry is None:
            return None
        entry.place = Place.IN_FLIGHT
        entry.seen = self._changes_dropped + len(self._changes)
        self._in_flight[entry.pod.uid] = entry
        return entry.pod

    def refuse(self, uid: str, plugins: Iterable[str]) -> None:
        """The Pod fits nowhere, by the word of these plugins, until something changes."""
        entry = self._entries.get(uid)
        if entry is None:
            return
        missed = self._missed(entry)
        self._leave(entry)
        entry.refusals += 1
        entry.errors = 0
        entry.plugins = tuple(sorted(plugins)) or (ANYTHING,)
        self._fail(entry)
        if any(self._helps(entry, change) for change in missed):
            self._requeue(entry)
        else:
            entry.place = Place.WAITING
            self._waiting[uid] = entry
            self._refused.setdefault(_refusers(entry), {})[uid] = entry
            self._set_timer()

    def retry(self, uid: str) -> None:
        """Something went wrong that had nothing to do with the nodes; try again after back-off."""
        entry = self._entries.get(uid)
        if entry is not None:
            self._leave(entry)
            entry.errors += 1
            self._fail(entry)
            self._rest(entry)

    def activate(self, uid: str) -> None:
        """Try a Pod that waits without waiting further."""
        entry = self._entries.get(uid)
        if entry is not None and entry.place in (Place.WAITING, Place.BACKING_OFF, Place.GATED):
            self._leave(entry)
            self._enter(entry)

    def reconsider(self, uid: str) -> None:
        """The gate before a Pod may be open now."""
        entry = self._entries.get(uid)
        if entry is not None and entry.place is Place.GATED:
            self._requeue(entry)

    def changed(self, source: Source, action: Action, old: Any, new: Any, *, but: str = "") -> None:
        """Something changed in the cluster: those whom it may help (but one) are tried again."""
        change = _Change(source, action, old, new)
        self._remember(change)
        for refusers, members in list(self._refused.items()):
            if not self._helpers(refusers, change):
                continue
            for entry in [one for uid, one in members.items() if uid != but and self._helps(one, change)]:
                self._requeue(entry)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for heap in (self._active, self._resting, self._eager, self._changes):
            heap.clear()
        for known in (self._entries, self._waiting, self._refused, self._in_flight):
            known.clear()

    def _enter(self, entry: _Entry) -> None:
        """Into the active heap, unless a gate is closed."""
        refused = self._gate(entry.pod)
        if refused is None:
            self._activate(entry)
        else:
            entry.place, entry.plugins = Place.GATED, tuple(sorted({*entry.plugins, refused}))
            self._refused.setdefault(_refusers(entry), {})[entry.pod.uid] = entry

    def _gate(self, pod: PodInfo) -> str | None:
        profile = self._profiles.get(pod.ask.scheduler_name)
        if profile is not None:
            for plugin, gate in profile.gates:
                if gate(pod) is not None:
                    return plugin
        return self._own_gate(pod)

    def _activate(self, entry: _Entry) -> None:
        entry.place, entry.ticket, entry.key = Place.ACTIVE, next(self._tickets), self._key(entry)
        heapq.heappush(self._active, (entry.key, entry.ticket, entry))
        self._ready()

    def _key(self, entry: _Entry) -> Any:
        return _key(self._order, Queued(entry.pod, entry.order, entry.refusals + entry.errors))

    def _fail(self, entry: _Entry) -> None:
        entry.order = next(self._tickets)
        entry.failed_at = self._clock.monotonic()

    def _requeue(self, entry: _Entry) -> None:
        """Try again, once the back-off of the last failure is over."""
        self._leave(entry)
        refused = self._gate(entry.pod)
        if refused is not None:
            self._enter(entry)
        elif self._end_of_rest(entry) <= self._clock.monotonic():
            self._activate(entry)
        else:
            self._rest(entry)

    def _rest(self, entry: _Entry) -> None:
        entry.place, entry.ticket = Place.BACKING_OFF, next(self._tickets)
        heap = self._resting if entry.errors else self._eager
        heapq.heappush(heap, ((self._end_of_rest(entry), self._key(entry)), entry.ticket, entry))
        self._set_timer()
        if not entry.errors:
            self._ready()

    def _end_of_rest(self, entry: _Entry) -> float:
        return entry.failed_at + self._backoff.after(entry.errors or entry.refusals)

    def _next(self, heap: list[tuple[Any, int, _Entry]], place: Place) -> _Entry | None:
        while heap:
            _, ticket, entry = heapq.heappop(heap)
            if entry.place is place and entry.ticket == ticket:
                return entry
        return None

    def _leave(self, entry: _Entry) -> None:
        """Out of wherever it is; heaps notice by the ticket."""
        uid = entry.pod.uid
        if entry.place in (Place.WAITING, Place.GATED):
            self._waiting.pop(uid, None)
            refusers = _refusers(entry)
            members = self._refused[refusers]
            del members[uid]
            if not members:
                del self._refused[refusers]
        elif entry.place is Place.IN_FLIGHT:
            self._in_flight.pop(uid, None)
            self._drop_changes()
        entry.place, entry.ticket = Place.OUT, 0

    def _helps(self, entry: _Entry, change: _Change) -> bool:
        pod = entry.pod
        if change.source is PENDING_POD and change.new.uid != pod.uid:
            return False
        helpers = self._helpers(_refusers(entry), change)
        try:
            return any(helps is None or helps(pod, change.old, change.new) for helps in helpers)
        except Exception:  # A plugin is not ours to trust; one attempt too many does no harm.
            log.exception("a hint about %s failed", pod.key)
            return True

    def _helpers(self, refusers: _Refusers, change: _Change) -> list[Helps | None]:
        """Who is to be asked whether the change helps; None stands for yes."""
        name, plugins = refusers
        if ANYTHING in plugins:
            return [None]
        profile = self._profiles.get(name)
        if profile is None:
            return []
        return [
            hint.helps
            for plugin in plugins
            for hint in profile.hints.get(plugin, ())
            if hint.source.name == change.source.name and hint.actions & change.action
        ]

    def _remember(self, change: _Change) -> None:
        """For Pods that are being decided on, or bound: they may fail, for what this change puts right."""
        if self._in_flight:
            self._changes.append(change)

    def _missed(self, entry: _Entry) -> Sequence[_Change]:
        if entry.place is not Place.IN_FLIGHT:
            return ()
        skip = entry.seen - self._changes_dropped
        return [change for at, change in enumerate(self._changes) if at >= skip]

    def _drop_changes(self) -> None:
        oldest = next(iter(self._in_flight.values()), None)
        keep_from = oldest.seen if oldest is not None else self._changes_dropped + len(self._changes)
        while self._changes_dropped < keep_from:
            self._changes.popleft()
            self._changes_dropped += 1

    def _set_timer(self) -> None:
        """One timer for whoever's time is up first."""
        due = self._due()
        if due is None or (self._timer is not None and self._timer_at <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        self._timer = self._clock.call_later(due - self._clock.monotonic(), self._on_time)

    def _due(self) -> float | None:
        ends = [heap[0][0][0] for heap in (self._resting, self._eager) if heap]
        if self._waiting:
            ends.append(next(iter(self._waiting.values())).failed_at + LONGEST_WAIT)
        return min(ends, default=None)

    def _on_time(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        for heap in (self._resting, self._eager):
            while heap and heap[0][0][0] <= now:
                _, ticket, entry = heapq.heappop(heap)
                if entry.place is Place.BACKING_OFF and entry.ticket == ticket:
                    self._activate(entry)
        for entry in list(self._waiting.values()):
            if entry.failed_at + LONGEST_WAIT > now:
                break
            self._requeue(entry)
        self._set_timer()


def _key(order: Order, queued: Queued) -> tuple[bool, Any]:
    """What a Pod is sorted by; those that a plugin cannot place come after all others."""
    try:
        return False, order(queued)
    except Exception:  # A plugin is not ours to trust.
        log.exception("sorting %s failed", queued.pod.key)
        return True, queued.turn


def _refusers(entry: _Entry) -> _Refusers:
    return entry.pod.ask.scheduler_name, entry.plugins

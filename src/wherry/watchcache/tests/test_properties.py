"""The cache against a model: what every list, watch and replay must be, whatever was written."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from wherry.api import Obj
from wherry.store import Compacted, Revision, Write
from wherry.store.history import HistoryLimits
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.watchcache.audience import Pin
from wherry.watchcache.cache import WatchCache
from wherry.watchcache.fanout import Subscription
from wherry.watchcache.item import Item
from wherry.watchcache.kindcache import KindCache
from wherry.watchcache.window import Batch, Match, WindowLimits

State = dict[str, tuple[Revision, str]]
"""What a model knows of objects: key -> (revision, label)."""

LABELS = ("", "x", "y")
KEYS = ("a/1", "a/2", "a-b/1", "b/1")
SCOPES = (("", ""), ("a", ""), ("a", "1"), ("", "1"))


def encode(label: str) -> bytes:
    return b'{"metadata":{"labels":{"l":"%b"}}}' % label.encode()


def matcher(label: str) -> Match | None:
    return (lambda item: item.labels["l"] == label) if label else None


def label_of(obj: Obj) -> str:
    return str(obj["metadata"]["labels"]["l"])


def state_of(items: list[Item]) -> State:
    return {item.key: (item.revision, item.labels["l"]) for item in items}


def restrict(state: State, scope: tuple[str, str], label: str) -> State:
    """What someone sees of `state` within a scope and by a label, in the order of the store's keys."""
    found = {}
    for key in sorted(state):
        namespace, name = key.split("/")
        if scope[0] in ("", namespace) and scope[1] in ("", name) and label in ("", state[key][1]):
            found[key] = state[key]
    return found


@dataclass(eq=False)
class Replica:
    """A watcher that keeps what it is told, as an informer would, and checks that it makes sense."""

    scope: tuple[str, str]
    label: str
    state: State
    revision: int
    is_pinned: bool
    subscription: Subscription | None = field(default=None)

    def __call__(self, batch: Batch) -> None:
        for event in batch.events:
            assert event.revision > self.revision
            assert b'"resourceVersion":"%d"' % event.revision in event.item.data
            self.revision = event.revision
            key = event.item.key
            assert (event.type == "ADDED") == (key not in self.state)
            if event.type == "DELETED":
                assert self.state.pop(key)[1] == event.item.labels["l"]
            else:
                self.state[key] = (event.revision, event.item.labels["l"])


class CacheMachine(RuleBasedStateMachine):
    """Writes, lists, watches and restarts in any order."""

    limits = WindowLimits()
    history = HistoryLimits()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = MemoryStore(self.history)
        self.past: dict[int, State] = {0: {}}
        self.replicas: list[Replica] = []
        self.handled: State = {}
        self.open()

    @property
    def kind(self) -> KindCache:
        return self.cache.kind("pods")

    @property
    def now(self) -> State:
        return self.past[self.cache.revision]

    def open(self) -> None:
        self.cache = WatchCache(self.store, ManualClock(), self.limits)
        self.runner.run(self.cache.open())

    @rule(writes=st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from((*LABELS, None))), min_size=1, max_size=4))
    def write(self, writes: list[tuple[str, str | None]]) -> None:
        """One batch: the writes are ordered within one turn of the loop."""

        async def order() -> None:
            state, revision = dict(self.now), self.cache.revision
            futures = []
            for key, label in writes:
                if label is None and key not in state:
                    continue
                expected = state[key][0] if key in state else Revision(0)
                value = None if label is None else encode(label)
                futures.append(self.store.write(Write(f"pods/{key}", value, expected)))
                revision = Revision(revision + 1)
                if label is None:
                    del state[key]
                else:
                    state[key] = (revision, label)
                self.past[revision] = dict(state)
            await asyncio.gather(*futures)

        self.runner.run(order())

    @rule(
        scope=st.sampled_from(SCOPES), label=st.sampled_from(LABELS), back=st.integers(0, 12), is_pinned=st.booleans()
    )
    def list_and_watch(self, scope: tuple[str, str], label: str, back: int, is_pinned: bool) -> None:
        """Whoever lists at a revision and watches from there arrives at the present and stays with it."""
        revision = Revision(max(self.cache.revision - back, 0))
        if revision < self.kind.window.floor:
            with pytest.raises(Compacted):
                self.kind.list(at=revision)
            with pytest.raises(Compacted):
                self.kind.watch("", "", None, revision, lambda _: None)
            return
        state = restrict(self.past[revision], scope, label)
        replica = Replica(scope, label, state, revision, is_pinned and label != "")
        self.runner.run(self.subscribe(replica, revision))

    async def subscribe(self, replica: Replica, revision: Revision) -> None:
        pin = Pin("l", label_of, replica.label) if replica.is_pinned else None
        replica.subscription = self.kind.watch(*replica.scope, matcher(replica.label), revision, replica, pin=pin)
        self.replicas.append(replica)

    @rule(label=st.sampled_from(LABELS), namespace=st.sampled_from(("", "a")), limit=st.integers(1, 3))
    def read_pages(self, label: str, namespace: str, limit: int) -> None:
        """Pages put together are the list, even if others write between them."""
        expected = restrict(self.now, (namespace, ""), label)
        found: list[Item] = []
        page = self.kind.list(namespace, matcher(label), limit=limit)
        while True:
            found += page.items
            assert len(page.items) <= limit
            if label == "":
                assert (page.remaining or 0) == len(expected) - len(found)
            if not page.next_key:
                break
            self.write([("a/2", "x")])
            try:
                page = self.kind.list(namespace, matcher(label), at=page.revision, start_key=page.next_key, limit=limit)
            except Compacted:
                assert page.revision < self.kind.window.floor
                return
        assert list(state_of(found).items()) == list(expected.items())

    @precondition(lambda self: self.replicas)
    @rule(choose=st.integers(0, 100))
    def stop_watching(self, choose: int) -> None:
        replica = self.replicas.pop(choose % len(self.replicas))
        assert replica.subscription is not None
        replica.subscription.close()

    @rule()
    def restart(self) -> None:
        """Watchers come back to a new cache over the same store and go on where they were, or must list anew."""
        self.runner.run(self.settle())
        self.runner.run(self.cache.close())
        self.open()
        replicas, self.replicas = self.replicas, []
        for replica in replicas:
            if replica.revision >= self.kind.window.floor:
                self.runner.run(self.subscribe(replica, Revision(replica.revision)))

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    @invariant()
    def everyone_agrees_with_the_model(self) -> None:
        self.runner.run(self.settle())
        assert list(state_of(self.kind.list().items).items()) == list(restrict(self.now, ("", ""), "").items())
        assert state_of(list(self.kind.items("a"))) == restrict(self.now, ("a", ""), "")
        assert len(self.kind) == len(self.now)
        for replica in self.replicas:
            assert replica.state == restrict(self.now, replica.scope, replica.label)

    @invariant()
    def the_past_stays_readable(self) -> None:
        for revision in range(self.kind.window.floor, self.cache.revision + 1):
            assert state_of(self.kind.list(at=Revision(revision)).items) == self.past[revision]

    def teardown(self) -> None:
        self.runner.run(self.cache.close())
        self.runner.close()


class ForgetfulMachine(CacheMachine):
    """With so short a memory that much is compacted."""

    limits = WindowLimits(count=4)
    history = HistoryLimits(count=3)


@pytest.mark.parametrize("machine", [CacheMachine, ForgetfulMachine], ids=["long memory", "short memory"])
def test_the_cache_agrees_with_the_model(machine: type[CacheMachine]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=60, stateful_step_count=20, deadline=None))

"""The walk through one kind: write, read, list, watch."""

from __future__ import annotations

import asyncio

import pytest

from wherry.api import Obj
from wherry.store import Compacted, Revision, Write
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.watchcache.audience import Pin
from wherry.watchcache.cache import WatchCache
from wherry.watchcache.item import Item
from wherry.watchcache.window import Batch, WindowLimits


class World:
    """A cache over a memory store, with short hands to write by."""

    def __init__(self, limits: WindowLimits | None = None) -> None:
        self.store = MemoryStore()
        self.cache = WatchCache(self.store, ManualClock(), limits)

    async def set(self, key: str, expected: int = 0, **labels: str) -> Revision:
        return await self.store.write(Write(key, encode(key, **labels), Revision(expected)))

    async def delete(self, key: str, expected: int) -> Revision:
        return await self.store.write(Write(key, None, Revision(expected)))


def encode(key: str, **labels: str) -> bytes:
    pairs = ",".join(f'"{name}":"{value}"' for name, value in labels.items())
    return f'{{"kind":"Pod","metadata":{{"name":"{key.split("/")[-1]}","labels":{{{pairs}}}}}}}'.encode()


class Watcher:
    """Notes what it is delivered."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []
        self.batches: list[Batch] = []

    def __call__(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.seen += [(event.type, event.item.key, event.revision) for event in batch.events]


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.cache.open()
    return world


async def test_what_was_written_is_read(world: World) -> None:
    revision = await world.set("pods/default/a")
    item = world.cache.kind("pods").get("default", "a")
    assert item is not None
    assert item.decode()["metadata"] == {"resourceVersion": str(revision), "name": "a", "labels": {}}
    assert world.cache.kind("pods").get("default", "b") is None
    assert world.cache.kind("pods").get("other", "a") is None


async def test_pages_stay_consistent_while_others_write(world: World) -> None:
    pods = world.cache.kind("pods")
    for name in ("a/1", "a/2", "a-b/1", "c/1"):
        await world.set(f"pods/{name}")
    first = pods.list(limit=2)
    assert [item.key for item in first.items] == ["a-b/1", "a/1"]
    assert (first.next_key, first.remaining) == ("a/1", 2)
    await world.delete("pods/a/2", 2)
    await world.set("pods/a/3")
    rest = pods.list(at=first.revision, start_key=first.next_key, limit=5)
    assert [item.key for item in rest.items] == ["a/2", "c/1"]
    assert (rest.next_key, rest.remaining, rest.revision) == ("", None, first.revision)
    assert [item.key for item in pods.list("a").items] == ["a/1", "a/3"]


async def test_a_selector_leaves_the_rest_uncounted(world: World) -> None:
    pods = world.cache.kind("pods")
    for number in range(6):
        await world.set(f"pods/default/p{number}", parity=str(number % 2))
    page = pods.list("default", lambda item: item.labels["parity"] == "0", limit=2)
    assert ([item.name for item in page.items], page.next_key, page.remaining) == (["p0", "p2"], "default/p2", None)
    page = pods.list("default", lambda item: item.labels["parity"] == "0", limit=2, start_key=page.next_key)
    assert ([item.name for item in page.items], page.next_key) == (["p4"], "")


async def test_a_watch_replays_the_past_then_goes_live(world: World) -> None:
    pods = world.cache.kind("pods")
    first = await world.set("pods/x/a")
    second = await world.set("pods/x/a", first)
    watcher = Watcher()
    pods.watch("", "", None, first, watcher)
    assert watcher.seen == []
    third = await world.delete("pods/x/a", second)
    await settle()
    assert watcher.seen == [("MODIFIED", "x/a", second), ("DELETED", "x/a", third)]
    assert b'"resourceVersion":"%d"' % third in watcher.batches[-1].encoded()


async def test_a_watch_from_now_gets_nothing_that_is_listed_already(world: World) -> None:
    watcher = Watcher()
    done = world.store.write(Write("pods/x/a", encode("a"), Revision(0)))
    done.add_done_callback(lambda _: world.cache.kind("pods").watch("", "", None, None, watcher))
    await done
    await settle()
    assert watcher.seen == []


async def test_scopes(world: World) -> None:
    pods = world.cache.kind("pods")
    everything, namespace, one = Watcher(), Watcher(), Watcher()
    pods.watch("", "", None, None, everything)
    subscription = pods.watch("x", "", None, None, namespace)
    pods.watch("x", "b", None, None, one)
    for key in ("pods/x/a", "pods/x/b", "pods/y/b"):
        await world.set(key)
    await settle()
    assert [key for _, key, _ in everything.seen] == ["x/a", "x/b", "y/b"]
    assert [key for _, key, _ in namespace.seen] == ["x/a", "x/b"]
    assert [key for _, key, _ in one.seen] == ["x/b"]
    subscription.close()
    await world.set("pods/x/c")
    await settle()
    assert len(namespace.seen) == 2
    assert pods.watchers == 2


async def test_selector_transitions(world: World) -> None:
    watcher = Watcher()
    world.cache.kind("pods").watch("", "", lambda item: item.labels.get("on") == "1", None, watcher)
    a = await world.set("pods/x/a", on="0")
    b = await world.set("pods/x/a", a, on="1")
    c = await world.set("pods/x/a", b, on="1")
    d = await world.set("pods/x/a", c, on="0")
    await world.delete("pods/x/a", d)
    await settle()
    assert watcher.seen == [("ADDED", "x/a", b), ("MODIFIED", "x/a", c), ("DELETED", "x/a", d)]
    gone = watcher.batches[-1].events[0].item.decode()["metadata"]
    assert gone["labels"] == {"on": "1"}
    assert gone["resourceVersion"] == str(d)


async def test_too_old_is_compacted() -> None:
    world = World(WindowLimits(count=2))
    await world.cache.open()
    pods = world.cache.kind("pods")
    revision = Revision(0)
    for _ in range(5):
        revision = await world.set("pods/x/a", revision)
    assert len(pods.window) == 2
    pods.list(at=Revision(3))
    with pytest.raises(Compacted):
        pods.list(at=Revision(2))
    with pytest.raises(Compacted):
        pods.watch("", "", None, Revision(2), Watcher())
    pods.watch("", "", None, Revision(3), Watcher())


async def test_a_watch_from_the_future_leaves_out_what_comes_before(world: World) -> None:
    watcher = Watcher()
    world.cache.kind("pods").watch("", "", None, Revision(2), watcher)
    await asyncio.gather(*(world.set(f"pods/x/{name}") for name in "abcd"))
    await settle()
    assert [revision for _, _, revision in watcher.seen] == [3, 4]


async def test_a_long_replay_comes_in_parts(world: World) -> None:
    watcher = Watcher()
    for number in range(300):
        await world.set(f"pods/x/{number}")
    world.cache.kind("pods").watch("", "", None, Revision(0), watcher)
    delivered = [world.cache.is_delivered]
    await settle()
    delivered.append(world.cache.is_delivered)
    assert delivered == [False, True]
    assert [revision for _, _, revision in watcher.seen] == list(range(1, 301))
    assert max(len(batch.events) for batch in watcher.batches) < 200


async def test_pinned_watchers_are_asked_only_about_what_concerns_them(world: World) -> None:
    asked: list[str] = []

    def matches(item: Item) -> bool:
        asked.append(item.key)
        return item.labels.get("node") == "n1"

    def node(obj: Obj) -> str:
        return str(obj["metadata"]["labels"].get("node", ""))

    watcher = Watcher()
    subscription = world.cache.kind("pods").watch("x", "", matches, None, watcher, pin=Pin("node", node, "n1"))
    a = await world.set("pods/x/a", node="n2")
    await world.set("pods/y/b", node="n1")
    await settle()
    assert asked == []
    b = await world.set("pods/x/a", a, node="n1")
    c = await world.set("pods/x/a", b, node="n2")
    await settle()
    assert watcher.seen == [("ADDED", "x/a", b), ("DELETED", "x/a", c)]
    subscription.close()
    assert world.cache.kind("pods").watchers == 0

"""Any graph of owners, any deletions: what is there in the end, and what may never be deleted on the way."""

from __future__ import annotations

import asyncio
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.core.configmap import CONFIGMAPS
from wherry.apiserver.api import Api, Settings
from wherry.controllers.tests.plane import Plane, only
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.testing.history import Entries, History

Graph = list[list[tuple[int, bool]]]
"""Of each object: which earlier ones own it, and whether it blocks their deletion in the foreground."""
Deletions = list[tuple[int, str]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 8))
    return [
        draw(st.lists(st.tuples(st.integers(0, number - 1), st.booleans()), max_size=3, unique_by=lambda each: each[0]))
        if number
        else []
        for number in range(size)
    ]


DELETIONS = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from(["Background", "Foreground", "Orphan"])), min_size=1, max_size=3
)


def expected(graph: Graph, deletions: Deletions) -> dict[int, set[int]]:
    """What is left, with its owners."""
    owners = {number: {owner for owner, _ in each} for number, each in enumerate(graph)}
    for gone, policy in deletions:
        if gone not in owners:
            continue
        if policy == "Orphan":
            for each in owners.values():
                each.discard(gone)
        _remove(gone, owners)
    return owners


def _remove(gone: int, owners: dict[int, set[int]]) -> None:
    """An object, and whoever has no other owner than it."""
    del owners[gone]
    for number in sorted(owners):
        if number in owners and gone in owners[number]:
            owners[number].discard(gone)
            if not owners[number]:
                _remove(number, owners)


async def carried_out(graph: Graph, deletions: Deletions) -> tuple[dict[int, set[int]], Entries]:
    clock = ManualClock()
    history = History(clock)
    api = Api(Settings(store=MemoryStore(), clock=clock, random=random.Random(7), witness=history))
    await api.open()
    plane = Plane(api.client(), clock)
    await plane.start(only("garbage-collector-controller"))
    made: list[Obj] = []
    for number, owners in enumerate(graph):
        references = [_reference(made[owner], blocks) for owner, blocks in owners]
        obj = {"metadata": {"name": f"o{number}", "ownerReferences": references}}
        made.append(await plane.apply(CONFIGMAPS, obj))
    present = set(range(len(graph)))
    for gone, policy in deletions:
        if gone in present:
            await plane.client.delete(CONFIGMAPS, f"o{gone}", "default", propagation=policy)
            await plane.pass_time(1)
            present = {int(obj["metadata"]["name"][1:]) for obj in await plane.items(CONFIGMAPS)}
    left = {
        int(obj["metadata"]["name"][1:]): {int(each["name"][1:]) for each in obj["metadata"].get("ownerReferences", ())}
        for obj in await plane.items(CONFIGMAPS)
    }
    await plane.stop()
    await api.close()
    return left, history.entries()


def _reference(owner: Obj, blocks: bool) -> Obj:
    meta = owner["metadata"]
    named = {"apiVersion": "v1", "kind": "ConfigMap", "name": meta["name"], "uid": meta["uid"]}
    return {**named, "blockOwnerDeletion": True} if blocks else named


@settings(max_examples=50, deadline=None)
@given(graphs(), DELETIONS)
def test_what_is_left_is_what_still_has_an_owner_or_never_had_one(graph: Graph, deletions: Deletions) -> None:
    left, history = asyncio.run(carried_out(graph, deletions))
    assert left == expected(graph, deletions)
    asked = {f"o{gone}" for gone, _ in deletions}
    alive: dict[str, Obj] = {}
    for entry in history.where(kind="ConfigMap"):
        if entry.after is not None:
            alive[entry.name] = entry.after
            continue
        last = alive.pop(entry.name)
        owners = [alive.get(each["name"]) for each in last["metadata"].get("ownerReferences", ())]
        solid = [each for each in owners if each is not None and "deletionTimestamp" not in each["metadata"]]
        assert entry.name in asked or not solid, f"deleted although it had an owner: {entry}"

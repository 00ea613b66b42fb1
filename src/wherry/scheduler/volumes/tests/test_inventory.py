"""Whoever reserves and gives back, in whatever order: a volume is promised to one claim, a claim has one volume."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.scheduler.plugins.volumebinding import make
from wherry.scheduler.rules import Hold, Prepared, Refusal
from wherry.scheduler.tests.storage import Storage, class_late, storage, user
from wherry.scheduler.volumes.holding import VolumeHold
from wherry.scheduler.volumes.inventory import Inventory

VOLUMES = (("small", "1Gi", "a"), ("other", "1Gi", "b"), ("large", "5Gi", "a"))
CLAIMS = (("one", "1Gi"), ("two", "1Gi"), ("three", "2Gi"))
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("reserve"),
            st.lists(st.sampled_from([name for name, _ in CLAIMS]), min_size=1, max_size=2, unique=True).map(tuple),
            st.sampled_from(["node-1", "node-2"]),
        ),
        st.tuples(st.just("give back"), st.just(()), st.integers(0, 9).map(str)),
    ),
    min_size=3,
    max_size=14,
)


def reserve(store: Storage, name: str, claims: tuple[str, ...], node: str) -> VolumeHold | None:
    """What a decision would: only where the filter has nothing against it."""
    rule = make({}, store.handle).filter
    assert rule is not None
    answer = rule.prepare(user(name, *claims), store.cluster)
    where = store.cluster.node(node)
    assert isinstance(answer, Prepared) and answer.check is not None and answer.reserve is not None
    assert where is not None
    if answer.check(where) is not None:
        return None
    hold: Hold | Refusal | None = answer.reserve(where)
    assert isinstance(hold, VolumeHold)
    return hold


async def run(steps: Sequence[tuple[str, tuple[str, ...], str]]) -> None:
    async with storage() as store:
        store.nodes("a", "b")
        await store.put(STORAGECLASSES, class_late(provisioner="kubernetes.io/no-provisioner"))
        for name, size, zone in VOLUMES:
            await store.volume(name, size, zone=zone)
        for name, size in CLAIMS:
            await store.claim(name, resources={"requests": {"storage": size}})
        inventory = store.handle.common(Inventory)
        holds: list[tuple[VolumeHold, tuple[str, ...], str]] = []
        for number, (what, claims, where) in enumerate(steps):
            if what == "reserve":
                hold = reserve(store, f"pod-{number}", claims, where)
                if hold is not None:
                    holds.append((hold, claims, where))
            elif holds:
                holds.pop(int(where) % len(holds))[0].unreserve()
            check(inventory, holds)
        for hold, _, _ in holds:
            hold.unreserve()
        assert inventory.promised == {}


def check(inventory: Inventory, holds: Sequence[tuple[VolumeHold, tuple[str, ...], str]]) -> None:
    promised = inventory.promised
    assert len(set(promised.values())) == len(promised)
    wanted = {claim for _, claims, _ in holds for claim in claims}
    assert len(promised) == len(wanted)
    for _, _, where in holds:
        zone = {"node-1": "a", "node-2": "b"}[where]
        assert zone in {one for name, _, one in VOLUMES if name in promised.values()}


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_promises_never_contradict_each_other(steps: Sequence[tuple[str, tuple[str, ...], str]]) -> None:
    asyncio.run(run(steps))

"""Who ends for a critical pod."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.preempting import CRITICAL_PRIORITY, NoVictims, is_critical, victims
from wherry.kubelet.pods.resources import pod_requests
from wherry.kubelet.pods.tests.cases import make_pod


def pod(name: str, cpu: int = 0, memory: int = 0, *, limit: bool = False, priority: int | None = 0) -> Pod:
    requests = {key: value for key, value in (("cpu", f"{cpu}m"), ("memory", str(memory))) if value not in ("0m", "0")}
    resources = {"requests": requests, "limits": requests if limit else {}}
    return make_pod(
        {"containers": [{"name": "app", "resources": resources}], "priority": priority},
        metadata={"uid": name, "name": name},
    )


ME = pod("me", priority=CRITICAL_PRIORITY)


@pytest.mark.parametrize(
    ("others", "missing", "expected"),
    [
        pytest.param([pod("a"), pod("b")], {"pods": 1}, ["b"], id="one best-effort pod for one place"),
        pytest.param([pod("a", 100), pod("b", 300), pod("c", 200)], {"cpu": 150}, ["c"], id="the smallest that does"),
        pytest.param([pod("a", 100), pod("b", 300)], {"cpu": 350}, ["b", "a"], id="both when one does not"),
        pytest.param(
            [pod("a", 200, 100, limit=True), pod("b", 200, 100)], {"cpu": 200}, ["b"], id="guaranteed ones last"
        ),
        pytest.param(
            [pod("a", 100, 100, limit=True), pod("b", 100, 100)], {"cpu": 200}, ["b", "a"], id="but if they must"
        ),
        pytest.param(
            [pod("a", 0, 500), pod("b", 500, 0), pod("c", 500, 500)],
            {"cpu": 400, "memory": 400},
            ["c"],
            id="one that gives both",
        ),
        pytest.param([pod("a", 100, 200), pod("b", 100, 100)], {"cpu": 100}, ["b"], id="the smaller of two alike"),
    ],
)
def test_as_few_as_will_do(others: list[Pod], missing: dict[str, int], expected: list[str]) -> None:
    assert [each.metadata.name for each in victims(ME, others, missing)] == expected


def test_critical_ones_end_only_for_more_critical_ones() -> None:
    equal = pod("equal", 100, priority=CRITICAL_PRIORITY)
    with pytest.raises(NoVictims):
        victims(ME, [equal], {"cpu": 100})
    higher = pod("me", priority=CRITICAL_PRIORITY + 1000)
    assert victims(higher, [equal], {"cpu": 100}) == [equal]
    assert is_critical(higher)
    assert not is_critical(pod("a", priority=None))


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.booleans()), max_size=8),
    st.integers(1, 1500),
    st.integers(1, 1500),
)
def test_there_is_room_when_they_have_ended(sizes: list[tuple[int, int, bool]], cpu: int, memory: int) -> None:
    others = [pod(str(at), *size[:2], limit=size[2]) for at, size in enumerate(sizes)]
    try:
        found = victims(ME, others, {"cpu": cpu, "memory": memory})
    except NoVictims:
        found = others
        assert any(
            sum(pod_requests(each).get(name, 0) for each in others) < amount
            for name, amount in (("cpu", cpu), ("memory", memory))
        )
    else:
        for name, amount in (("cpu", cpu), ("memory", memory)):
            assert sum(pod_requests(each).get(name, 0) for each in found) >= amount

"""What pods take of their node."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.room import Shortage, Taken, active_beside, allocatable_of
from wherry.kubelet.pods.tests.cases import make_pod


def asks(uid: str, cpu: int, port: int = 0) -> Pod:
    ports = [{"containerPort": 80, "hostPort": port}] if port else []
    container = {"name": "app", "resources": {"requests": {"cpu": f"{cpu}m"}}, "ports": ports}
    return make_pod({"containers": [container]}, metadata={"uid": uid})


def test_ended_pods_take_nothing_and_nobody_is_beside_himself() -> None:
    ended = make_pod(metadata={"uid": "ended"}, status={"phase": "Succeeded"})
    other = asks("other", 1)
    assert active_beside(asks("me", 1), [ended, asks("me", 1), other]) == [other]


def test_units() -> None:
    assert allocatable_of({"cpu": "1500m", "memory": "1Gi", "pods": "110"}) == {
        "cpu": 1500,
        "memory": 1 << 30,
        "pods": 110,
    }


def test_what_is_missing() -> None:
    short = Shortage("cpu", 501, 500, 1000)
    assert short.missing == 1
    assert str(short) == "Node didn't have enough resource: cpu, requested: 501, used: 500, capacity: 1000"


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 900)), st.sampled_from([0, 80, 81]))
    )
)
def test_whatever_comes_and_goes_it_is_as_if_it_were_counted_anew(
    steps: list[tuple[str, int | None, int]],
) -> None:
    taken = Taken()
    there: dict[str, Pod] = {}
    for uid, cpu, port in steps:
        if cpu is None:
            taken.remove(uid)
            there.pop(uid, None)
        else:
            there[uid] = asks(uid, cpu, port)
            taken.add(there[uid])
    anew = Taken(there.values())
    allocatable = {"cpu": 1000, "pods": 3}
    wanted = asks("new", 500)
    assert list(taken.shortages(wanted, allocatable)) == list(anew.shortages(wanted, allocatable))
    listening = {each.spec.containers[0].ports[0].host_port for each in there.values() if each.spec.containers[0].ports}
    for number in (80, 81):
        where = ("0.0.0.0", "TCP", number)
        assert taken.is_taken(where) == anew.is_taken(where) == (number in listening)

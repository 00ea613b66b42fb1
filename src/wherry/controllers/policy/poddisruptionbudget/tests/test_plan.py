from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.types.decoding import convert
from wherry.api.types.policy_v1 import PodDisruptionBudget
from wherry.controllers.policy.poddisruptionbudget.members import member
from wherry.controllers.policy.poddisruptionbudget.plan import Demand, assess, demand, failed, stale_in
from wherry.controllers.tests.views import NOW, pod
from wherry.lib.clock import format_time


def budget(spec: Obj, status: Obj | None = None) -> PodDisruptionBudget:
    metadata = {"name": "b", "namespace": "default", "uid": "u", "generation": 2}
    return convert(PodDisruptionBudget, {"metadata": metadata, "spec": spec, "status": status or {}})


DEMANDS = [
    pytest.param({"minAvailable": 2}, Demand(3, 2), id="a number of what is there"),
    pytest.param({"minAvailable": "50%"}, Demand(7, 4), id="a percentage of what is wanted, rounded up"),
    pytest.param({"maxUnavailable": 1}, Demand(7, 6), id="all but one"),
    pytest.param({"maxUnavailable": "30%"}, Demand(7, 4), id="all but a percentage, rounded up"),
    pytest.param({"maxUnavailable": 9}, Demand(7, 0), id="more than there are"),
    pytest.param({}, Demand(0, 0), id="nothing said"),
]


@pytest.mark.parametrize(("spec", "wants"), DEMANDS)
def test_demand(spec: Obj, wants: Demand) -> None:
    assert demand(budget(spec), present=3, wanted=7) == wants


def test_pods_on_their_way_out_are_not_healthy() -> None:
    named = {"gone-soon": format_time(NOW - 60), "stayed": format_time(NOW - 120), "unknown": format_time(NOW)}
    seen = [
        pod("healthy", ready=9),
        pod("unready"),
        pod("going", ready=9, going=True),
        pod("gone-soon", ready=9),
        pod("stayed", ready=9),
    ]
    pods = [member(each) for each in seen]
    found = assess(budget({"minAvailable": 1}, {"disruptedPods": named}), pods, Demand(5, 1), NOW)
    assert (found.status["currentHealthy"], found.status["disruptionsAllowed"]) == (2, 1)
    assert list(found.status["disruptedPods"]) == ["gone-soon"]
    assert found.look_again == 60
    assert list(found.survivors) == ["stayed"]
    verdict = found.status["conditions"][0]
    assert (verdict["status"], verdict["reason"], verdict["observedGeneration"]) == ("True", "SufficientPods", 2)


def test_nothing_may_go_where_nothing_is_expected() -> None:
    found = assess(budget({"maxUnavailable": 1}), [member(pod("a", ready=9))], Demand(0, 0), NOW)
    assert found.status["disruptionsAllowed"] == 0
    assert found.status["conditions"][0]["reason"] == "InsufficientPods"


def test_a_budget_that_cannot_be_counted_allows_nothing_until_it_can() -> None:
    old = {"disruptionsAllowed": 3, "currentHealthy": 4, "observedGeneration": 1}
    status = failed(budget({}, old), "why", NOW)
    assert (status["disruptionsAllowed"], status["currentHealthy"]) == (0, 4)
    assert (status["conditions"][0]["reason"], status["conditions"][0]["message"]) == ("SyncFailed", "why")
    again = assess(budget({"minAvailable": 0}, status), [], Demand(0, 0), NOW + 5)
    assert (again.status["conditions"][0]["reason"], again.status["conditions"][0]["message"]) == (
        "InsufficientPods",
        "",
    )


ANNOUNCED = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": format_time(NOW - 30)}
STALE = [
    pytest.param({"conditions": [{**ANNOUNCED, "reason": "PreemptionByScheduler"}]}, 90.0, id="still believed"),
    pytest.param({"conditions": [{**ANNOUNCED, "lastTransitionTime": format_time(NOW - 121)}]}, 0.0, id="stale"),
    pytest.param({"conditions": [{**ANNOUNCED, "reason": "TerminationByKubelet"}]}, None, id="the kubelet's"),
    pytest.param({"conditions": [{**ANNOUNCED, "status": "False"}]}, None, id="denied already"),
    pytest.param({"conditions": [ANNOUNCED], "going": True}, None, id="going"),
    pytest.param({"conditions": [ANNOUNCED], "phase": "Failed"}, None, id="ended"),
    pytest.param({}, None, id="nothing announced"),
]


@pytest.mark.parametrize(("facts", "left"), STALE)
def test_stale_announcements(facts: dict[str, Any], left: float | None) -> None:
    assert stale_in(pod("a", **facts), NOW) == left


@given(
    ready=st.integers(0, 6),
    unready=st.integers(0, 6),
    spec=st.one_of(
        st.builds(lambda n: {"minAvailable": n}, st.integers(0, 8)),
        st.builds(lambda n: {"minAvailable": f"{n}%"}, st.integers(0, 100)),
        st.builds(lambda n: {"maxUnavailable": n}, st.integers(0, 8)),
        st.builds(lambda n: {"maxUnavailable": f"{n}%"}, st.integers(0, 100)),
    ),
    wanted=st.integers(0, 12),
)
def test_what_may_go_never_leaves_too_few(ready: int, unready: int, spec: Obj, wanted: int) -> None:
    seen = [pod(f"r{i}", ready=1) for i in range(ready)] + [pod(f"u{i}") for i in range(unready)]
    pods = [member(each) for each in seen]
    wants = demand(budget(spec), len(pods), wanted)
    status = assess(budget(spec), pods, wants, NOW).status
    allowed = status["disruptionsAllowed"]
    assert 0 <= allowed <= ready
    assert allowed == 0 or ready - allowed >= wants.healthy

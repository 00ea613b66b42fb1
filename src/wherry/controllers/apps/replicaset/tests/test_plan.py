from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.types.decoding import convert
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.controllers.apps.replicaset.plan import BURST, Failure, Wanted, next_change, next_status, plan_scaling
from wherry.controllers.podstate import is_active
from wherry.controllers.tests.views import NOW, pod

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases.json").read_text())
META = convert(ObjectMeta, {"name": "web", "namespace": "default", "uid": "u", "generation": 7})


def wanted(replicas: int, min_ready: int = 0) -> Wanted:
    return Wanted(META, replicas, min_ready, {"app": "web"})


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_scaling_and_status(case: dict[str, Any]) -> None:
    pods = [pod(name, **facts) for name, facts in case["pods"].items()]
    rules = wanted(case["replicas"], case.get("minReadySeconds", 0))
    scaling = plan_scaling(rules, pods, pods, NOW)
    assert scaling.create == case.get("create", 0)
    assert sorted(p.metadata.name for p in scaling.delete) == sorted(case.get("delete", []))
    status = next_status(rules, {}, pods, None, NOW)
    assert status == {"observedGeneration": 7, **case["status"]}
    assert next_change(rules, pods, NOW) == case.get("next")


def test_a_failure_is_a_condition_until_it_is_over() -> None:
    failed = next_status(wanted(1), {}, [], Failure("FailedCreate", "exceeded quota"), NOW)
    [condition] = failed["conditions"]
    assert (condition["type"], condition["reason"], condition["message"]) == (
        "ReplicaFailure",
        "FailedCreate",
        "exceeded quota",
    )
    again = next_status(wanted(1), failed, [], Failure("FailedCreate", "exceeded quota"), NOW + 60)
    assert again["conditions"] == failed["conditions"]
    assert "conditions" not in next_status(wanted(1), failed, [], None, NOW)


FACTS = st.fixed_dictionaries(
    {"phase": st.sampled_from(["Pending", "Running", "Succeeded", "Failed"]), "going": st.booleans()},
    optional={"ready": st.integers(0, 100), "node": st.sampled_from(["n1", "n2"]), "restarts": st.integers(0, 3)},
)


@given(replicas=st.integers(0, 8), facts=st.lists(FACTS, max_size=10))
def test_no_plan_deletes_more_than_the_surplus_or_creates_more_than_is_missing(
    replicas: int, facts: list[dict[str, Any]]
) -> None:
    pods = [pod(f"p{i}", **fact) for i, fact in enumerate(facts)]
    active = [p for p in pods if is_active(p)]
    scaling = plan_scaling(wanted(replicas), pods, pods, NOW)
    assert scaling.create <= BURST
    assert len(active) + scaling.create - len(scaling.delete) == replicas
    assert {p.metadata.name for p in scaling.delete} <= {p.metadata.name for p in active}

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.types.apps_v1 import Deployment, ReplicaSet
from wherry.api.types.decoding import convert
from wherry.controllers import conditions
from wherry.controllers.apps.deployment.plan import Plan, plan
from wherry.lib.clock import format_time

NOW = 1_700_000_000.0
CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases.json").read_text())
ANNOTATION = "deployment.kubernetes.io/"


def template(version: str) -> Obj:
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": f"web:{version}"}]},
    }


def deployment(case: dict[str, Any], status: Obj | None = None) -> Deployment:
    rolling = {"maxSurge": case.get("surge", "25%"), "maxUnavailable": case.get("unavailable", "25%")}
    strategy: Obj = {"type": case.get("strategy", "RollingUpdate")}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = rolling
    annotations = {ANNOTATION + "revision": case["revision"]} if "revision" in case else {}
    return convert(
        Deployment,
        {
            "metadata": {
                "name": "web",
                "namespace": "default",
                "uid": "d",
                "generation": 1,
                "annotations": annotations,
            },
            "spec": {
                "replicas": case["replicas"],
                "paused": case.get("paused", False),
                "selector": {"matchLabels": {"app": "web"}},
                "template": template("new"),
                "strategy": strategy,
                "revisionHistoryLimit": case.get("limit", 10),
                "progressDeadlineSeconds": 600,
            },
            "status": status or {},
        },
    )


def replica_set(entry: dict[str, Any], replicas: int, surge: int, number: int = 0) -> ReplicaSet:
    desired = entry.get("desired", replicas)
    labelled = template(entry.get("template", "new"))
    labelled["metadata"]["labels"]["pod-template-hash"] = entry["name"]
    return convert(
        ReplicaSet,
        {
            "metadata": {
                "name": entry["name"],
                "generation": 1,
                "creationTimestamp": format_time(NOW - 1000 + number),
                "annotations": {
                    ANNOTATION + "revision": str(entry.get("revision", 1)),
                    ANNOTATION + "desired-replicas": str(desired),
                    ANNOTATION + "max-replicas": str(entry.get("max", desired + surge)),
                },
            },
            "spec": {"replicas": entry["spec"], "template": labelled, "selector": {}},
            "status": {
                "replicas": entry.get("actual", entry["spec"]),
                "readyReplicas": entry.get("ready", 0),
                "availableReplicas": entry.get("available", 0),
                "observedGeneration": 1,
                "terminatingReplicas": 0,
                "conditions": entry.get("conditions", []),
            },
        },
    )


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_plan(case: dict[str, Any]) -> None:
    surge = -(-case["replicas"] // 4)
    sets = [replica_set(entry, case["replicas"], surge, i) for i, entry in enumerate(case["sets"])]
    status: Obj = {}
    if case.get("complete"):
        n = case["replicas"]
        status = {"replicas": n, "updatedReplicas": n, "availableReplicas": n, "observedGeneration": 1}
    decided = plan(deployment(case, status), sets, case.get("old_pods_run", False), NOW)
    want = case["want"]
    assert (decided.create.replicas if decided.create is not None else None) == want["create"]
    assert {r.name: r.replicas for r in decided.resize if r.replicas != r.before} == want["resize"]
    assert list(decided.delete) == want["delete"]
    assert decided.revision == want["revision"]
    if "progressing" in want:
        progressing = conditions.find(decided.status["conditions"], "Progressing")
        assert progressing is not None
        assert progressing["reason"] == want["progressing"]


def test_the_deadline_passes_without_progress() -> None:
    case = {"replicas": 1, "revision": "1"}
    sets = [replica_set({"name": "new", "spec": 1}, 1, 1)]
    started = {
        "type": "Progressing",
        "status": "True",
        "reason": "ReplicaSetUpdated",
        "lastUpdateTime": format_time(NOW - 599),
        "lastTransitionTime": format_time(NOW - 599),
    }
    status: Obj = {"replicas": 1, "updatedReplicas": 1, "conditions": [started]}
    early = plan(deployment(case, status), sets, False, NOW)
    assert early.check_in == pytest.approx(2, abs=1)
    late = plan(deployment(case, status), sets, False, NOW + 2)
    found = conditions.find(late.status["conditions"], "Progressing")
    assert found is not None
    assert (found["status"], found["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert found["message"] == 'ReplicaSet "new" has timed out progressing.'
    assert late.check_in is None


def test_why_a_replica_set_makes_no_pods_is_passed_on_as_it_is() -> None:
    failed = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "no room"}
    failed["lastTransitionTime"] = format_time(NOW - 100)
    older = {**failed, "message": "no room for old ones"}
    old = {"name": "old", "spec": 1, "template": "t", "conditions": [older]}
    case = {"replicas": 1, "revision": "1"}

    def told(*entries: Obj) -> Obj | None:
        sets = [replica_set(entry, 1, 1, number) for number, entry in enumerate(entries)]
        status: Obj = plan(deployment(case), sets, False, NOW).status
        return conditions.find(status["conditions"], "ReplicaFailure")

    assert told({"name": "new", "spec": 1, "conditions": [failed]}, old) == {
        **failed,
        "lastUpdateTime": failed["lastTransitionTime"],
    }
    assert (told({"name": "new", "spec": 1}, old) or {})["message"] == "no room for old ones"
    assert told({"name": "new", "spec": 1}) is None


class Cluster:
    """A deployment with ReplicaSets whose controller and Pods act when the test says so."""

    def __init__(self, replicas: int, surge: int | str, unavailable: int | str, old: list[int]) -> None:
        self.case: dict[str, Any] = {"replicas": replicas, "surge": surge, "unavailable": unavailable, "limit": 0}
        self.sets: list[dict[str, Any]] = [
            {"name": f"old{i}", "spec": n, "actual": n, "ready": n, "available": n, "template": f"t{i}", "revision": i}
            for i, n in enumerate(old)
        ]
        self.status: Obj = {}

    def plan(self) -> Plan:
        sets = [replica_set(s, self.case["replicas"], 0, i) for i, s in enumerate(self.sets)]
        return plan(deployment(self.case, self.status), sets, False, NOW)

    def step(self) -> None:
        decided = self.plan()
        if decided.create is not None:
            size = decided.create.replicas
            self.sets.append({"name": decided.create.name, "spec": size, "actual": 0, "revision": 99})
        for resize in decided.resize:
            next(s for s in self.sets if s["name"] == resize.name)["spec"] = resize.replicas
        self.status = decided.status

    def pods(self, index: int) -> None:
        """The ReplicaSet's controller brings its Pods to what is asked, and reports; new ones are not available yet."""
        one = self.sets[index % len(self.sets)]
        one["actual"] = one["spec"]
        one["available"] = one["ready"] = min(one.get("available", 0), one["spec"])

    def ready(self, index: int) -> None:
        one = self.sets[index % len(self.sets)]
        one["available"] = one["ready"] = one["actual"]

    @property
    def asked(self) -> int:
        return sum(int(one["spec"]) for one in self.sets)

    @property
    def surely_available(self) -> int:
        return sum(min(int(one.get("available", 0)), int(one["spec"])) for one in self.sets)


@settings(max_examples=150, deadline=None)
@given(
    replicas=st.integers(1, 12),
    surge=st.one_of(st.integers(0, 5), st.sampled_from(["25%", "50%", "100%"])),
    unavailable=st.one_of(st.integers(0, 5), st.sampled_from(["25%", "50%"])),
    moves=st.lists(st.tuples(st.sampled_from(["pods", "ready", "step"]), st.integers(0, 3)), max_size=40),
    split=st.booleans(),
)
def test_a_rollout_keeps_its_limits_and_ends(
    replicas: int, surge: int | str, unavailable: int | str, moves: list[tuple[str, int]], split: bool
) -> None:
    old = [replicas // 2, replicas - replicas // 2] if split else [replicas]
    cluster = Cluster(replicas, surge, unavailable, old)
    most = replicas + percent(surge, replicas, up=True)
    drop = percent(unavailable, replicas, up=False)
    if drop == 0 and percent(surge, replicas, up=True) == 0:
        drop = 1
    least = replicas - min(drop, replicas)

    def check() -> None:
        assert cluster.asked <= most
        assert cluster.surely_available >= least

    for move, index in moves:
        cluster.step() if move == "step" else getattr(cluster, move)(index)
        check()
    for _ in range(40):
        cluster.step()
        check()
        for index in range(len(cluster.sets)):
            cluster.pods(index)
            cluster.ready(index)
    assert [one["spec"] for one in cluster.sets if one["spec"]] == [replicas]


def percent(value: int | str, total: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    share = int(value.rstrip("%")) * total
    return -(-share // 100) if up else share // 100

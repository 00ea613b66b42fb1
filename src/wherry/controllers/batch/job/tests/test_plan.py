from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.types.batch_v1 import Job
from wherry.api.types.decoding import convert
from wherry.controllers import conditions
from wherry.controllers.batch.job.backoff import Record
from wherry.controllers.batch.job.counting import TRACKING
from wherry.controllers.batch.job.indexes import INDEX
from wherry.controllers.batch.job.plan import NewPod, conclude, is_finished, plan
from wherry.controllers.tests.views import NOW, pod
from wherry.lib.clock import format_time

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases.json").read_text())


def job(spec: Obj, status: Obj | None = None, *, going: bool = False) -> Job:
    whole: Obj = {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"spec": {"restartPolicy": "Never", "containers": []}},
        **spec,
    }
    metadata = {"name": "j", "namespace": "default", "uid": "u"}
    if going:
        metadata["deletionTimestamp"] = format_time(NOW)
    return convert(Job, {"metadata": metadata, "spec": whole, "status": status or {}})


def job_pod(name: str, facts: dict[str, Any]) -> Any:
    given = {"finalizers": [TRACKING], **facts}
    if "index" in facts:
        given["annotations"] = {INDEX: str(facts["index"]), **facts.get("annotations", {})}
    return pod(name, **given)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_plan(case: dict[str, Any]) -> None:
    pods = [job_pod(name, facts) for name, facts in case.get("pods", {}).items()]
    of = job(case["spec"], case.get("status"), going=case.get("going", False))
    decided = plan(of, pods, NOW, may_scale=True)
    want = case["want"]
    assert len(decided.create) == want.get("create", 0)
    if "indexes" in want:
        assert [new.index for new in decided.create] == want["indexes"]
    if "failures" in want:
        assert [new.failures for new in decided.create] == want["failures"]
    for name in ("delete", "remove", "settle"):
        assert sorted(p.metadata.name for p in getattr(decided, name)) == want.get(name, []), name
    status = decided.status if decided.settle else conclude(job(case["spec"]), decided, frozenset(), NOW)[0]
    for name, value in want.get("status", {}).items():
        assert status.get(name) == value, name
    found = {c["type"]: c["reason"] for c in status.get("conditions", []) if c["status"] == "True"}
    assert found == want.get("conditions", {})
    assert decided.look_again == want.get("again")


INDEXED = {"completionMode": "Indexed"}
WORDS = {"R": "Running", "P": "Pending", "S": "Succeeded", "F": "Failed", "T": "Running"}


def described(text: str) -> list[Any]:
    """`R` is a Pod that runs, `r` one that is ready, `T` one on its way out; `S3` one of index 3, `S-` one of none."""
    pods = []
    for number, word in enumerate(text.split()):
        facts: dict[str, Any] = {"phase": WORDS[word[0].upper()], "going": word[0] == "T"}
        if word[0] == "r":
            facts["ready"] = 10
        if word[0] in "SF":
            facts.update(exit=int(word[0] == "F"), ended=1000)
        if word[1:] not in ("", "-"):
            facts["index"] = word[1:]
        pods.append(job_pod(f"p{number}", facts))
    return pods


def told(spec: Obj, pods: str, status: Obj | None = None, **how: Any) -> str:
    """What one pass makes of a Job: what is made and deleted, then the counts that are not 0, then why it is over."""
    of = job({"backoffLimit": 6, **spec}, status, going=how.get("going", False))
    decided = plan(of, described(pods), NOW, may_scale=how.get("may_scale", True))
    after = conclude(of, decided, {pod.metadata.uid for pod in decided.settle}, NOW)[0]
    done = [f"+{len(decided.create)}"] if decided.create else []
    done += [f"-{len(decided.delete) + len(decided.remove)}"] if decided.delete or decided.remove else []
    names = ("active", "ready", "succeeded", "failed", "terminating", "completedIndexes")
    counts = [f"{name}={after[name]}" for name in names if after.get(name)]
    return " ".join([*done, *counts, *(c["type"] for c in after.get("conditions", ()) if c["status"] == "True")])


@pytest.mark.parametrize(
    ("shape", "pods", "expected"),
    [
        ("2/5", "", "+2 active=2"),
        ("2/-", "", "+2 active=2"),
        ("2/-", "R", "+1 active=2"),
        ("2/5", "R R", "active=2"),
        ("2/5", "R", "+1 active=2"),
        ("2/5", "R S", "+1 active=2 succeeded=1"),
        ("2/5", "R R R", "-1 active=2 terminating=1"),
        ("2/5", "r r r", "-1 active=2 ready=2 terminating=1"),
        ("2/5", "R S F", "+1 active=2 succeeded=1 failed=1"),
        ("2/5", "R F", "+1 active=2 failed=1"),
        ("2/5", "S S S S S", "succeeded=5 SuccessCriteriaMet Complete"),
        ("2/-", "R S", "active=1 succeeded=1"),
        ("2/-", "S S", "succeeded=2 SuccessCriteriaMet Complete"),
        ("2/-", "S F", "succeeded=1 failed=1 SuccessCriteriaMet Complete"),
        ("2/5", "R R R R R R R R R R", "-8 active=2 terminating=8"),
        ("3/4", "R R R S S", "-1 active=2 succeeded=2 terminating=1"),
        ("2/5", "R R S S", "active=2 succeeded=2"),
        ("2/5i", "", "+2 active=2"),
        ("2/3i", "S0 F1 S1 S2", "succeeded=3 failed=1 completedIndexes=0-2 SuccessCriteriaMet Complete"),
        ("2/3i", "S0 S1 S1", "+1 active=1 succeeded=2 completedIndexes=0,1"),
        ("8/20i", "R0 S2 P3 S4 S5 S7 S8 S9", "+6 active=8 succeeded=6 completedIndexes=2,4,5,7-9"),
        ("3/4i", "F0 P1 F2", "+2 active=3 failed=2"),
        ("2/5i", "R- S- F- P- R S0 R1 R2", "-3 active=2 succeeded=1 terminating=3 completedIndexes=0"),
        ("5/5i", "R- S- F- S0 R1 R2 P2", "-2 active=2 succeeded=1 terminating=2 completedIndexes=0"),
        ("2/5i", "S0 R5 S6 P7 F8", "-2 succeeded=1 terminating=2 completedIndexes=0"),
        ("2/3i", "S0 R0 R1", "active=2 succeeded=1 completedIndexes=0"),
    ],
)
def test_the_table_that_upstream_holds_its_own_jobs_to(shape: str, pods: str, expected: str) -> None:
    """`2/5` is a Job of 5 completions, 2 at a time, `2/-` one without completions, `2/5i` one with indexes."""
    parallelism, completions = shape.rstrip("i").split("/")
    spec: Obj = {"parallelism": int(parallelism), "completions": None if completions == "-" else int(completions)}
    assert told({**spec, **(INDEXED if shape.endswith("i") else {})}, pods) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(
            {"onExitCodes": {"operator": "NotIn", "values": [7]}},
            "Container main for pod default/p failed with exit code 5 matching FailJob rule at index 1",
            id="exit code",
        ),
        pytest.param(
            {"onPodConditions": [{"type": "B", "status": "True"}, {"type": "A", "status": "Unknown"}]},
            "Pod default/p has condition A matching FailJob rule at index 1",
            id="the first condition of the Pod that fits, not of the rule",
        ),
        pytest.param({"onExitCodes": {"containerName": "other", "operator": "In", "values": [5]}}, None, id="other"),
        pytest.param({"onExitCodes": {"operator": "NotIn", "values": [5]}}, None, id="not in"),
        pytest.param({"onPodConditions": [{"type": "A", "status": "True"}]}, None, id="of another status"),
    ],
)
def test_what_a_failure_policy_says(rule: Obj, expected: str | None) -> None:
    """Another rule stands before it, and one that counts comes after."""
    states = [{"type": "A", "status": "Unknown"}, {"type": "B", "status": "True"}]
    failed = job_pod("p", {"phase": "Failed", "exit": 5, "ended": 1000, "conditions": states})
    before = {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1, 2]}}
    after = {"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [1]}}
    rules = [before, {"action": "FailJob", **rule}, after]
    decided = plan(job({"podFailurePolicy": {"rules": rules}}), [failed], NOW, may_scale=True)
    assert (decided.end or {}).get("message") == expected


STARTED = {"startTime": "2023-11-14T00:00:00Z"}


@pytest.mark.parametrize(
    ("spec", "pods", "how", "expected"),
    [
        pytest.param({"completions": 5}, "P R S", {"going": True}, "active=2 succeeded=1", id="on its way out"),
        pytest.param(
            {"completions": 5, "backoffLimit": 0},
            "F",
            {"going": True},
            "failed=1 FailureTarget Failed",
            id="on its way out, and failed too often",
        ),
        pytest.param(
            {"completions": 5, "backoffLimit": 0}, "F", {"may_scale": False}, "failed=1", id="failed, while writes lag"
        ),
        pytest.param({"suspend": True}, "r r", {}, "-2 terminating=2 Suspended", id="suspended"),
        pytest.param({"suspend": True}, "r r r", {"may_scale": False}, "active=3 ready=3", id="but writes lag"),
        pytest.param({"suspend": True}, "R R", {"going": True}, "active=2", id="suspended on its way out"),
        pytest.param(
            {"backoffLimit": 0, "completions": 3, **INDEXED},
            "S0 F1 R2",
            {},
            "-1 succeeded=1 failed=2 terminating=1 completedIndexes=0 FailureTarget",
            id="one has failed too often, one runs",
        ),
        pytest.param(
            {"completions": 5, "podReplacementPolicy": "Failed", **INDEXED},
            "T4",
            {},
            "+1 active=1 terminating=1",
            id="one on its way out holds its place",
        ),
    ],
)
def test_jobs_in_special_states(spec: Obj, pods: str, how: Obj, expected: str) -> None:
    assert told({"parallelism": 2, "completions": 4, **spec}, pods, **how) == expected


@pytest.mark.parametrize("type", ["FailureTarget", "SuccessCriteriaMet", "Failed"])
def test_conditions_that_are_not_true_decide_nothing(type: str) -> None:
    found = {"type": type, "status": "False", "reason": "Testing"}
    assert told({}, "r", {**STARTED, "conditions": [found]}) == "active=1 ready=1"


def test_conditions_become_true_where_they_stand() -> None:
    found = [{"type": name, "status": "False", "reason": "Testing"} for name in ("Failed", "FailureTarget")]
    of = job({"activeDeadlineSeconds": 10}, {**STARTED, "conditions": found})
    after = conclude(of, plan(of, [], NOW, may_scale=True), frozenset(), NOW)[0]["conditions"]
    assert [(c["type"], c["status"], c["reason"]) for c in after] == [
        ("Failed", "True", "DeadlineExceeded"),
        ("FailureTarget", "True", "DeadlineExceeded"),
    ]


class Killed(Exception):
    """The controller died."""


class World:
    """A Job whose plan is carried out, and Pods that do what the test says."""

    def __init__(self, spec: Obj) -> None:
        self.spec = spec
        self.status: Obj = {}
        self.pods: dict[str, dict[str, Any]] = {}
        self.ended: dict[str, str] = {}
        """How each Pod ended that the Job has to count."""
        self.made = 0
        self.now = NOW
        self.record: Record | None = None
        self.steps_left = 1_000_000
        """After so many writes the controller dies."""

    def step(self, dies_after: int = 1_000_000) -> None:
        current = job(self.spec, self.status)
        if is_finished(current):
            return
        self.steps_left = dies_after
        try:
            self._carry_out(current)
        except Killed:
            self.record = None

    def _carry_out(self, current: Job) -> None:
        pods = [job_pod(n, f) for n, f in self.pods.items()]
        decided = plan(current, pods, self.now, may_scale=True, known=self.record)
        for gone in decided.remove:
            self._write()
            self.pods[gone.metadata.name]["finalizers"] = []
            self._write()
            self.pods[gone.metadata.name]["going"] = True
        for gone in decided.delete:
            self._write()
            self.pods[gone.metadata.name]["going"] = True
            self.ended.setdefault(gone.metadata.name, "Failed")
        for new in decided.create:
            self._write()
            self._make(new)
        freed: set[str] = set()
        if decided.settle:
            self._write()
            self.status = decided.status
            for settled in decided.settle:
                self._write()
                self.pods[settled.metadata.name]["finalizers"] = []
                freed.add(settled.metadata.uid)
        status, _ = conclude(current, decided, freed, self.now)
        self._write()
        self.status = status
        self.record = decided.record

    def _write(self) -> None:
        if self.steps_left == 0:
            raise Killed
        self.steps_left -= 1

    def _make(self, new: NewPod) -> None:
        self.made += 1
        facts: dict[str, Any] = {"phase": "Running", "created": NOW - self.now}
        if new.index is not None:
            facts["index"] = new.index
            if new.failures is not None:
                facts["annotations"] = {"batch.kubernetes.io/job-index-failure-count": str(new.failures)}
        self.pods[f"p{self.made}"] = facts

    def end(self, number: int, phase: str) -> None:
        running = [(n, f) for n, f in self.pods.items() if f["phase"] == "Running" and not f.get("going")]
        if running:
            name, one = running[number % len(running)]
            one.update(phase=phase, exit=0 if phase == "Succeeded" else 1, ended=NOW - self.now)
            self.ended[name] = phase

    def collect(self) -> None:
        """The kubelet ends what is deleted; what has no finalizer is gone then."""
        self.pods = {n: f for n, f in self.pods.items() if not (f.get("going") and f.get("finalizers") == [])}

    @property
    def running(self) -> list[dict[str, Any]]:
        return [f for f in self.pods.values() if f["phase"] == "Running" and not f.get("going")]


@settings(max_examples=100, deadline=None)
@given(
    parallelism=st.integers(1, 4),
    completions=st.integers(1, 6),
    indexed=st.booleans(),
    moves=st.lists(
        st.tuples(st.sampled_from(["Succeeded", "Failed", "step", "step", "die", "die"]), st.integers(0, 6)),
        max_size=30,
    ),
)
def test_a_job_never_runs_more_than_its_parallelism_and_counts_every_pod_once_across_deaths(
    parallelism: int, completions: int, indexed: bool, moves: list[tuple[str, int]]
) -> None:
    world = World(
        {
            "parallelism": parallelism,
            "completions": completions,
            "completionMode": "Indexed" if indexed else "NonIndexed",
            "backoffLimit": 1000,
        }
    )

    def step(dies_after: int = 1_000_000) -> None:
        world.step(dies_after)
        world.now += 700  # longer than any back-off
        world.collect()
        held = [f.get("index") for f in world.running]
        assert not indexed or len(held) == len(set(held)), "an index runs twice"
        assert len(world.running) <= parallelism

    for move, number in moves:
        if move == "step":
            step()
        elif move == "die":
            step(number)
        else:
            world.end(number, move)
    for _ in range(60):
        step()
        world.end(0, "Succeeded")
    found = world.status["conditions"]
    assert conditions.is_true(found, "Complete")
    assert world.status["succeeded"] == completions
    assert world.status.get("failed", 0) == sum(1 for phase in world.ended.values() if phase == "Failed")
    assert world.status["uncountedTerminatedPods"] == {}
    assert all(f["finalizers"] == [] for f in world.pods.values())
    if indexed:
        assert len(world.status["completedIndexes"]) > 0


@settings(max_examples=60, deadline=None)
@given(limit=st.integers(0, 4), parallelism=st.integers(1, 3))
def test_a_job_that_always_fails_stops_at_its_limit(limit: int, parallelism: int) -> None:
    world = World({"parallelism": parallelism, "completions": 5, "backoffLimit": limit})
    for _ in range(40):
        world.step()
        world.now += 700
        world.end(0, "Failed")
        world.collect()
    found = {c["type"]: c["reason"] for c in world.status["conditions"]}
    assert found == {"FailureTarget": "BackoffLimitExceeded", "Failed": "BackoffLimitExceeded"}
    assert limit < world.status["failed"] <= limit + parallelism + 1
    assert world.running == []


def test_a_deadline_ends_the_job() -> None:
    spec = {"activeDeadlineSeconds": 60}
    started = {"startTime": format_time(NOW - 30)}
    pods = [job_pod("a", {"phase": "Running"})]
    assert plan(job(spec, started), pods, NOW, may_scale=True).look_again == 30
    late = plan(job(spec, started), pods, NOW + 31, may_scale=True)
    assert [p.metadata.name for p in late.delete] == ["a"]
    assert conditions.is_true(late.status["conditions"], "FailureTarget")
    assert not conditions.is_true(late.status["conditions"], "Failed")

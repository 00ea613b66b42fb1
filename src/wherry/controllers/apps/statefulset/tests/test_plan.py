"""Pods by ordinal in, actions out. `0:old` is an available Pod of the last revision, `1:new-` one that is not ready."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.types.apps_v1 import StatefulSet
from wherry.api.types.core_v1 import PersistentVolumeClaim, Pod
from wherry.api.types.decoding import convert
from wherry.controllers.apps.statefulset.identity import identity_labels, is_in_range, parent_and_ordinal
from wherry.controllers.apps.statefulset.plan import Plan, Scene, Verb, plan
from wherry.controllers.tests.views import NOW
from wherry.controllers.tests.views import pod as view_of

HASH = "controller-revision-hash"


def stateful_set(**spec: Any) -> StatefulSet:
    rolling = {name: spec.pop(name) for name in ("partition", "maxUnavailable") if name in spec}
    strategy: Obj = {"type": spec.pop("strategy", "RollingUpdate")}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"partition": 0, **rolling}
    whole = {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"spec": {"containers": []}},
        "updateStrategy": strategy,
        **spec,
    }
    metadata = {"name": "web", "namespace": "default", "uid": "u", "generation": 2}
    return convert(StatefulSet, {"metadata": metadata, "spec": whole})


def pod(text: str) -> Pod:
    """`ordinal:revision` and a mark: `-` not ready, `+` ready since just now, `!` going, `?` failed."""
    ordinal, _, rest = text.partition(":")
    kind, mark = rest.rstrip("-+!?"), rest[-1]
    name = f"web-{ordinal}"
    facts: dict[str, Any] = {"labels": {"app": "web", HASH: kind, **identity_labels(name, int(ordinal))}}
    match mark:
        case "-":
            facts["phase"] = "Running"
        case "+":
            facts["ready"] = 1
        case "?":
            facts["phase"] = "Failed"
        case _:
            facts.update(ready=1000, going=mark == "!")
    return view_of(name, **facts)


def decide(owner: StatefulSet, pods: str, claims: dict[str, PersistentVolumeClaim] | None = None) -> Plan:
    views = [pod(text) for text in pods.split()]
    scene = Scene(owner, views, (claims or {}).get, "old", "new", 0, NOW)
    return plan(scene, may_scale=True)


def said(decided: Plan) -> str:
    """The plan as a line: `+1:new` creates, `-2` deletes, `~0` mends, phases set apart by bars."""

    def word(action: Any) -> str:
        match action.verb:
            case Verb.CREATE:
                return f"+{action.member.ordinal}:{action.revision}"
            case Verb.DELETE:
                return f"-{action.member.ordinal}"
            case _:
                return f"{action.verb.value} {action.member.ordinal}"

    return " | ".join(" ".join(map(word, phase)) for phase in decided.phases)


@pytest.mark.parametrize(
    ("spec", "pods", "expected"),
    [
        pytest.param({"replicas": 3}, "", "+0:new", id="the first"),
        pytest.param({"replicas": 3}, "0:new", "+1:new", id="the next"),
        pytest.param({"replicas": 3}, "0:new-", "", id="not while one is not ready"),
        pytest.param({"replicas": 3}, "0:new!", "", id="not while one is going"),
        pytest.param({"replicas": 3, "minReadySeconds": 9}, "0:new+", "", id="not while one is not available"),
        pytest.param({"replicas": 3}, "1:new 2:new", "+0:new", id="a gap"),
        pytest.param({"replicas": 2}, "0:new 1:new?", "-1", id="a failed one"),
        pytest.param({"replicas": 1}, "0:new 1:new 2:new", "-2", id="the highest goes first"),
        pytest.param({"replicas": 1}, "0:new 1:new 2:new!", "", id="and is waited for"),
        pytest.param({"replicas": 1}, "0:new- 1:new 2:new", "", id="not while a lower one is not ready"),
        pytest.param({"replicas": 1}, "0:new 1:new- 2:new", "-2", id="a good one beyond the range goes"),
        pytest.param({"replicas": 1}, "0:new 1:new- 2:new-", "", id="the first bad one beyond the range comes first"),
        pytest.param({"replicas": 1}, "0:new 1:new 2:new-", "-2", id="the only bad one goes"),
        pytest.param(
            {"replicas": 1, "minReadySeconds": 9}, "0:new 1:new+ 2:new-", "-2", id="a bad one before a young one"
        ),
        pytest.param({"replicas": 1, "minReadySeconds": 9}, "0:new 1:new+", "", id="a young one is waited for"),
        pytest.param({"replicas": 2, "ordinals": {"start": 3}}, "3:new", "+4:new", id="from another ordinal"),
        pytest.param({"replicas": 1, "ordinals": {"start": 3}}, "3:new 0:new", "-0", id="below the first ordinal"),
        pytest.param({"replicas": 2, "ordinals": {"start": 3}}, "0:new 1:new", "+3:new", id="moved: new ones first"),
        pytest.param(
            {"replicas": 2, "ordinals": {"start": 1}}, "0:new 1:new 2:new", "-0", id="moved by one: the lowest goes"
        ),
        pytest.param(
            {"replicas": 2, "ordinals": {"start": 3}, "partition": 1},
            "4:new",
            "+3:old",
            id="moved: below the partition",
        ),
        pytest.param({"replicas": 3}, "0:old 1:old 2:old", "-2", id="rolls from the top"),
        pytest.param({"replicas": 3}, "0:old 1:old 2:new-", "", id="one at a time"),
        pytest.param({"replicas": 3, "partition": 2}, "0:old 1:old 2:new", "", id="down to the partition"),
        pytest.param({"replicas": 3, "partition": 2}, "0:old 2:new", "+1:old", id="below it as before"),
        pytest.param({"replicas": 3, "partition": 1}, "0:old", "+1:new", id="above it anew"),
        pytest.param({"replicas": 3, "strategy": "OnDelete"}, "0:old 1:old 2:old", "", id="on delete"),
        pytest.param({"replicas": 4, "maxUnavailable": 2}, "0:old 1:old 2:old 3:old", "-3 -2", id="two at a time"),
        pytest.param({"replicas": 10, "maxUnavailable": "5%"}, " ".join(f"{i}:old" for i in range(10)), "-9", id="5%"),
    ],
)
def test_in_order(spec: dict[str, Any], pods: str, expected: str) -> None:
    assert said(decide(stateful_set(**spec), pods)) == expected


def test_one_at_a_time_while_the_feature_is_off() -> None:
    views = [pod(text) for text in ["0:old", "1:old", "2:old", "3:old"]]
    owner = stateful_set(replicas=4, maxUnavailable=2)
    scene = Scene(owner, views, dict[str, PersistentVolumeClaim]().get, "old", "new", 0, NOW, has_max_unavailable=False)
    assert said(plan(scene, may_scale=True)) == "-3"


@pytest.mark.parametrize(
    ("spec", "pods", "expected"),
    [
        pytest.param({"replicas": 3}, "", "+0:new +1:new +2:new", id="all at once"),
        pytest.param({"replicas": 3}, "0:new? 1:new-", "-0 +2:new", id="whatever the others do"),
        pytest.param({"replicas": 1}, "0:new- 1:new 2:new! 3:new-", "-3 -1", id="all that are beyond the range"),
        pytest.param({"replicas": 2}, "0:old 1:old 2:old", "-2 | -1", id="scales and rolls in one pass"),
        # Upstream's own table for old Pods that are unavailable already (issue 137409).
        pytest.param({"replicas": 1}, "0:old-", "-0", id="single, unavailable"),
        pytest.param({"replicas": 3}, "0:old 1:old 2:old-", "-2", id="highest unavailable"),
        pytest.param(
            {"replicas": 5, "maxUnavailable": 2}, "0:old 1:old 2:old 3:old- 4:old-", "-4 -3", id="two of five"
        ),
        pytest.param({"replicas": 3}, "0:old 1:old 2:old!", "", id="highest going"),
        pytest.param(
            {"replicas": 5, "maxUnavailable": 3}, "0:old 1:old 2:old 3:old- 4:old!", "-3 -2", id="going and unavailable"
        ),
        pytest.param(
            {"replicas": 3, "minReadySeconds": 30}, "0:old 1:old 2:old+", "-2", id="not ready for long enough"
        ),
        pytest.param({"replicas": 5, "partition": 2}, "0:old 1:old 2:old 3:old 4:old-", "-4", id="above the partition"),
        pytest.param({"replicas": 5, "partition": 2}, "0:old 1:old 2:old- 3:old 4:old", "-2", id="at the partition"),
        pytest.param({"replicas": 5, "partition": 2}, "0:old 1:old- 2:old 3:old 4:old", "", id="below the partition"),
        pytest.param(
            {"replicas": 5, "partition": 3, "maxUnavailable": 2},
            "0:old 1:old- 2:old 3:old 4:old-",
            "-4",
            id="below and above the partition",
        ),
        pytest.param({"replicas": 4, "maxUnavailable": 2}, "0:old- 1:old- 2:old 3:old", "-1 -0", id="lower ones only"),
        pytest.param(
            {"replicas": 5, "maxUnavailable": 3}, "0:old- 1:old- 2:old 3:old 4:old", "-1 -0 -4", id="lower ones first"
        ),
    ],
)
def test_in_parallel(spec: dict[str, Any], pods: str, expected: str) -> None:
    assert said(decide(stateful_set(podManagementPolicy="Parallel", **spec), pods)) == expected


def test_a_rollout_is_over_when_all_pods_are_new_and_ready() -> None:
    status = decide(stateful_set(replicas=2), "0:new 1:new").status
    assert (status["currentRevision"], status["currentReplicas"], status["updatedReplicas"]) == ("new", 2, 2)
    status = decide(stateful_set(replicas=2), "0:old 1:new").status
    assert (status["currentRevision"], status.get("currentReplicas"), status["updatedReplicas"]) == ("old", None, 1)
    status = decide(stateful_set(replicas=2, partition=1), "0:old 1:new").status
    assert (status["currentRevision"], status["currentReplicas"], status["updatedReplicas"]) == ("old", 1, 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("web-0", ("web", 0)), ("a-b-12", ("a-b", 12)), ("web", ("", -1)), ("w-99999999999", ("w", -1))],
)
def test_names(name: str, expected: tuple[str, int]) -> None:
    assert parent_and_ordinal(name) == expected


MARKS = st.sampled_from(["", "-", "+", "!", "?"])
PODS = st.dictionaries(st.integers(0, 7), st.tuples(st.sampled_from(["old", "new"]), MARKS))
SPECS = st.fixed_dictionaries(
    {"replicas": st.integers(0, 6), "maxUnavailable": st.integers(1, 3), "partition": st.integers(0, 3)}
)


@given(spec=SPECS, pods=PODS, policy=st.sampled_from(["OrderedReady", "Parallel"]), wait=st.sampled_from([0, 30]))
def test_what_no_plan_does(spec: dict[str, Any], pods: dict[int, tuple[str, str]], policy: str, wait: int) -> None:
    owner = stateful_set(podManagementPolicy=policy, minReadySeconds=wait, **spec)
    decided = decide(owner, " ".join(f"{ordinal}:{kind}{mark}" for ordinal, (kind, mark) in pods.items()))
    actions = list(itertools.chain.from_iterable(decided.phases))
    created = [action.member.ordinal for action in actions if action.verb is Verb.CREATE]
    deleted = [action.member.ordinal for action in actions if action.verb is Verb.DELETE]
    good = {ordinal for ordinal, (_, mark) in pods.items() if mark == "" or (mark == "+" and wait == 0)}
    assert all(ordinal not in pods and is_in_range(owner, ordinal) for ordinal in created)
    assert all(pods[ordinal][1] != "!" for ordinal in deleted)
    assert len(set(deleted)) == len(deleted)
    wanted = {ordinal for ordinal in deleted if is_in_range(owner, ordinal)}
    rolled = {ordinal for ordinal in wanted if pods[ordinal][1] != "?"}
    assert all(pods[ordinal][0] == "old" and ordinal >= spec["partition"] for ordinal in rolled)
    left = len([o for o in good if is_in_range(owner, o) and o not in wanted])
    before = len([o for o in good if is_in_range(owner, o)])
    assert left >= min(before, spec["replicas"] - spec["maxUnavailable"])
    if policy == "OrderedReady" and created:
        assert len(actions) == 1
        assert set(range(created[0])) <= good
    if policy == "OrderedReady" and any(o >= spec["replicas"] for o in deleted):
        assert len(deleted) == 1
        assert set(range(spec["replicas"])) <= good


class Model:
    """What a pass does, told once more: one Pod after the other, as upstream's controller goes through them."""

    def __init__(self, spec: dict[str, Any], pods: dict[int, tuple[str, str]], *, parallel: bool) -> None:
        self.spec = spec
        self.pods = pods
        self.parallel = parallel
        self.said: list[str] = []
        replicas: int = spec["replicas"]
        self.wanted = range(replicas)
        self.beyond = sorted((ordinal for ordinal in pods if ordinal >= replicas), reverse=True)

    def is_well(self, ordinal: int) -> bool:
        return ordinal in self.pods and self.pods[ordinal][1] in ("", "+")

    def is_available(self, ordinal: int) -> bool:
        mark = self.pods[ordinal][1] if ordinal in self.pods else "-"
        return mark in ("", "!") or (mark == "+" and not self.spec["minReadySeconds"])

    def is_missing(self, ordinal: int) -> bool:
        return not self.is_available(ordinal) or self.pods[ordinal][1] == "!"

    def is_outdated(self, ordinal: int) -> bool:
        return ordinal in self.pods and self.pods[ordinal][0] == "old" and self.pods[ordinal][1] not in ("!", "?")

    def run(self) -> list[str]:
        if (self.fill() or self.shrink()) and not self.parallel:
            return self.said
        self.roll()
        return self.said

    def fill(self) -> bool:
        for ordinal in self.wanted:
            if ordinal not in self.pods:
                kind = "old" if ordinal < self.spec["partition"] else "new"
                self.said.append(f"+{ordinal}:{kind}")
            elif self.pods[ordinal][1] == "?":
                self.said.append(f"-{ordinal}")
            elif not self.is_missing(ordinal):
                continue
            if not self.parallel:
                return True
        return False

    def shrink(self) -> bool:
        everyone = [*self.wanted, *reversed(self.beyond)]
        first_bad = next((ordinal for ordinal in everyone if not self.is_well(ordinal)), None)
        for ordinal in self.beyond:
            is_going = self.pods[ordinal][1] == "!"
            has_to_wait = is_going or (self.is_missing(ordinal) and ordinal != first_bad)
            if not (is_going if self.parallel else has_to_wait):
                self.said.append(f"-{ordinal}")
            if not self.parallel:
                return True
        return False

    def roll(self) -> None:
        room = self.spec["maxUnavailable"] - sum(self.is_missing(ordinal) for ordinal in self.wanted)
        old = [ordinal for ordinal in reversed(self.wanted) if ordinal >= self.spec["partition"]]
        old = [ordinal for ordinal in old if self.is_outdated(ordinal)]
        useless = [ordinal for ordinal in old if self.parallel and not self.is_available(ordinal)]
        others = [ordinal for ordinal in old if ordinal not in useless]
        self.said += [f"-{ordinal}" for ordinal in (*useless, *others[: max(0, room)])]


@given(spec=SPECS, pods=PODS, policy=st.sampled_from(["OrderedReady", "Parallel"]), wait=st.sampled_from([0, 30]))
def test_the_plan_is_what_going_through_the_pods_one_by_one_comes_to(
    spec: dict[str, Any], pods: dict[int, tuple[str, str]], policy: str, wait: int
) -> None:
    whole = {**spec, "minReadySeconds": wait}
    owner = stateful_set(podManagementPolicy=policy, **whole)
    told = said(decide(owner, " ".join(f"{ordinal}:{kind}{mark}" for ordinal, (kind, mark) in pods.items())))
    expected = Model(whole, pods, parallel=policy == "Parallel").run()
    assert sorted(told.replace("|", " ").split()) == sorted(expected)

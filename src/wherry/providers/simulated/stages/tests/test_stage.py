from __future__ import annotations

import random
from typing import Any

import pytest

from wherry.api import Obj
from wherry.client import Patch
from wherry.providers.simulated.stages.stage import Stage, StageError, choose, parse_stage


def stage(name: str = "s", **spec: Any) -> Stage:
    body = {"resourceRef": {"apiGroup": "v1", "kind": "Pod"}, "selector": {}, "next": {}, **spec}
    meta = {"name": name}
    made = parse_stage({"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": meta, "spec": body})
    assert made is not None
    return made


def expression(key: str, operator: str, *values: str) -> Obj:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


POD: Obj = {
    "metadata": {"labels": {"app": "web"}, "annotations": {"delay": "3s", "at": "2023-11-14T22:13:25Z"}},
    "status": {"phase": "Running"},
}
NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "db"}}, False),
        ({"matchAnnotations": {"delay": "3s"}}, True),
        ({"matchAnnotations": {"none": ""}}, False),
        (expression(".status.phase", "In", "Running", "Failed"), True),
        (expression(".status.phase", "NotIn", "Running"), False),
        (expression(".status.podIP", "NotIn", "x"), True),
        (expression(".status.phase", "Exists"), True),
        (expression(".metadata.deletionTimestamp", "DoesNotExist"), True),
        ({"matchExpressions": [{"jq": {"key": ".status.phase", "operator": "DoesNotExist"}}]}, False),
    ],
)
def test_what_a_stage_is_for(selector: Obj, expected: bool) -> None:
    assert stage(selector=selector).matches(POD) is expected


@pytest.mark.parametrize(
    ("delay", "least", "most"),
    [
        (None, 0, 0),
        ({"durationMilliseconds": 1500}, 1.5, 1.5),
        ({"durationMilliseconds": 1000, "jitterDurationMilliseconds": 5000}, 1, 5),
        ({"durationMilliseconds": 5000, "jitterDurationMilliseconds": 1000}, 1, 1),
        ({"durationFrom": {"expressionFrom": ".metadata.annotations.delay"}}, 3, 3),
        ({"durationMilliseconds": 9000, "durationFrom": {"expressionFrom": ".metadata.annotations.at"}}, 5, 5),
        ({"durationMilliseconds": 7000, "durationFrom": {"jq": {"expression": ".metadata.none"}}}, 7, 7),
    ],
)
def test_how_long_a_stage_takes(delay: Obj | None, least: float, most: float) -> None:
    made, chance = stage(delay=delay), random.Random(1)
    found = [made.seconds(POD, NOW, chance) for _ in range(50)]
    assert least <= min(found) <= max(found) <= most
    if least < most:
        assert len(set(found)) > 1


def test_stages_are_chosen_by_their_weights() -> None:
    chance = random.Random(1)
    rare, usual, never = stage("rare", weight=1), stage("usual", weight=9), stage("never")
    chosen = [choose((rare, usual, never), POD, chance) for _ in range(1000)]
    assert 50 < chosen.count(rare) < 200
    assert never not in chosen
    assert {choose((never, stage("too")), POD, chance) is never for _ in range(50)} == {True, False}
    assert choose((stage(selector={"matchLabels": {"app": "db"}}),), POD, chance) is None


def test_what_comes_of_a_stage() -> None:
    patches = [{"type": "merge", "root": "status", "subresource": "status", "template": "phase: Running"}]
    made = stage(next={"patches": patches, "finalizers": {"add": [{"value": "a"}], "remove": [{"value": "b"}]}})
    assert (made.changes[0].type, made.changes[0].root) == (Patch.MERGE, "status")
    assert made.finalizers is not None
    assert made.finalizers.apply(["b", "c"]) == ["c", "a"]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"resourceRef": {"kind": "Service"}}, "played for Pod and Node alone"),
        ({"selector": {"matchExpressions": [{"cel": {"expression": "true"}}]}}, "CEL is not supported"),
        ({"selector": expression(".a", "Near")}, "operator 'Near' is none of"),
        ({"selector": expression("a b", "Exists")}, "nothing is known of"),
        ({"next": {"exec": {}}}, "spec.next.exec is not supported"),
        ({"steps": []}, "spec.steps is not supported"),
        ({"next": {"statusTemplate": "{{ env }}"}}, "there is no function 'env'"),
        ({"next": {"patches": [{"type": "apply"}]}}, "none of merge, strategic, json"),
    ],
)
def test_what_is_refused(spec: Obj, why: str) -> None:
    with pytest.raises(StageError, match=f"stage 's': .*{why}"):
        stage(**spec)


def test_other_kinds_are_no_stages() -> None:
    with pytest.raises(StageError, match="is no Stage"):
        parse_stage({"apiVersion": "v1", "kind": "Pod"})

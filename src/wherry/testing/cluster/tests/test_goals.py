from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wherry.api import Obj
from wherry.testing.cluster.goals import describe, parse_goal


def thing(status: Obj | None = None, generation: int = 1) -> Obj:
    return {"metadata": {"name": "x", "generation": generation}, "status": status or {}}


READY: Obj = {"type": "Ready", "status": "True"}
CASES: dict[str, tuple[str | Callable[[Obj], Any], Obj | None, bool]] = {
    "a condition that holds": ("Ready", thing({"conditions": [READY]}), True),
    "its name in other letters": ("condition=ready", thing({"conditions": [READY]}), True),
    "a condition that is not there": ("Available", thing({"conditions": [READY]}), False),
    "no object": ("Ready", None, False),
    "another value": ("Ready=False", thing({"conditions": [READY]}), False),
    "said of the spec as it is": ("Ready", thing({"conditions": [READY], "observedGeneration": 2}, 2), True),
    "said of an older spec": ("Ready", thing({"conditions": [READY], "observedGeneration": 1}, 2), False),
    "said of an older spec by the condition": (
        "Ready",
        thing({"conditions": [{**READY, "observedGeneration": 1}]}, 2),
        False,
    ),
    "gone": ("delete", None, True),
    "not gone": ("delete", thing(), False),
    "there": ("create", thing(), True),
    "a value at a path": ("jsonpath={.status.phase}=Running", thing({"phase": "Running"}), True),
    "another value at a path": ("jsonpath={.status.phase}=Running", thing({"phase": "Pending"}), False),
    "a number in quotes": ("jsonpath='{.status.ready}'=3", thing({"ready": 3}), True),
    "a truth": ("jsonpath={.status.up}=true", thing({"up": True}), True),
    "anything at a path": ("jsonpath={.status.phase}", thing({"phase": "x"}), True),
    "nothing at a path": ("jsonpath={.status.phase}", thing(), False),
    "a function": (lambda obj: obj["status"].get("n") == 1, thing({"n": 1}), True),
    "a function of nothing": (lambda obj: True, None, False),
}


@pytest.mark.parametrize(("goal", "obj", "expected"), CASES.values(), ids=CASES)
def test_goals(goal: str | Callable[[Obj], Any], obj: Obj | None, expected: bool) -> None:
    assert parse_goal(goal).is_reached(obj) is expected


@pytest.mark.parametrize("goal", ["jsonpath=.status", "jsonpath={.a[}=1"])
def test_a_path_that_cannot_be_read(goal: str) -> None:
    with pytest.raises(ValueError, match="has no path that can be read"):
        parse_goal(goal)


def test_a_description_has_what_a_person_looks_for() -> None:
    condition = {"type": "Available", "status": "False", "reason": "Why", "message": "Because."}
    text = describe(thing({"phase": "Odd", "conditions": [condition]}))
    assert text == "phase: Odd; Available=False (Why) (Because.)"
    assert describe(None) == "it does not exist"
    assert describe(thing()) == "it has no status"

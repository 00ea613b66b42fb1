"""Since when a taint holds."""

from __future__ import annotations

import pytest

from wherry.api import Obj
from wherry.api.dra.devicetaintrule import stamp

NOW, BEFORE = "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"


def _rule(effect: str, time: str | None) -> Obj:
    taint = {"key": "a", "effect": effect, **({} if time is None else {"timeAdded": time})}
    return {"spec": {"taint": taint}}


@pytest.mark.parametrize(
    ("new", "old", "wanted"),
    [
        pytest.param(_rule("NoExecute", None), None, NOW, id="a new one holds from now on"),
        pytest.param(_rule("NoExecute", BEFORE), None, BEFORE, id="unless it says otherwise"),
        pytest.param(_rule("NoExecute", BEFORE), _rule("NoExecute", BEFORE), BEFORE, id="what has not changed"),
        pytest.param(_rule("NoSchedule", BEFORE), _rule("NoExecute", BEFORE), NOW, id="another effect"),
        pytest.param(_rule("NoSchedule", NOW), _rule("NoExecute", BEFORE), NOW, id="another effect that says when"),
    ],
)
def test_times(new: Obj, old: Obj | None, wanted: str) -> None:
    stamp(new, old, NOW)
    assert new["spec"]["taint"]["timeAdded"] == wanted


def test_a_rule_without_a_taint_gets_none() -> None:
    rule: Obj = {"spec": {}}
    stamp(rule, None, NOW)
    assert rule == {"spec": {}}

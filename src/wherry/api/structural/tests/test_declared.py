"""What rules about declared values cost, case by case as upstream expects: `cases/costs.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from wherry.api.structural.declared import Declared, declare
from wherry.api.structural.shape import parse
from wherry.cel.cost import CHARGES, estimate, sizes_below
from wherry.cel.environment import Environment
from wherry.cel.library.kubernetes import KUBERNETES

CASES: Mapping[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "cases/costs.yaml").read_text())

DIFFERENT = {
    # After an error within a loop upstream charges for the operators that hand it on.
    "self.listMap.exists(m, m.v2 == 'z')": 22,
    "!self.listMap.all(m, m.v2 != 'z')": 20,
}


def _declare(case: Mapping[str, Any]) -> Declared:
    found = declare(parse(case["schema"]), "self", is_resource=case.get("is_resource", False))
    assert found is not None
    return found


def _environment(declared: Declared) -> Environment:
    variables = {"self": declared.type, "oldSelf": declared.type}
    return Environment(variables, libraries=KUBERNETES, is_homogeneous=True, is_strict=True, charges=CHARGES)


@pytest.mark.parametrize("case", CASES["estimates"], ids=lambda case: f"{case['name']}: {case['cost']}")
def test_estimates(case: Mapping[str, Any]) -> None:
    declared = _declare(case)
    checked = _environment(declared).check(case["rule"])
    assert estimate(checked, sizes_below(declared.type)).most == case["cost"]


@pytest.mark.parametrize(
    ("case", "rule", "cost"),
    [
        pytest.param(case, rule, cost, id=f"{case['name']}: {rule}")
        for case in CASES["charges"]
        for rule, cost in case["costs"].items()
    ],
)
def test_charges(case: Mapping[str, Any], rule: str, cost: int) -> None:
    value = case["value"]
    for name, length in case.get("ranges", {}).items():
        value = {**value, name: list(range(length))}
    found, charged = _environment(_declare(case)).compile(rule).run({"self": value})
    assert found is True
    assert charged == DIFFERENT.get(rule, cost)

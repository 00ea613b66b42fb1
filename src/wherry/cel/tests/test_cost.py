"""Costs are upstream's to the unit: expressions with the estimates and charges that cel-go and Kubernetes expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml

from wherry.cel import types
from wherry.cel.cost import CHARGES, UNBOUNDED, Range, Sizes, estimate, sizes_below
from wherry.cel.cost_estimate import Path
from wherry.cel.environment import Environment
from wherry.cel.errors import CostExceededError
from wherry.cel.functions import Library
from wherry.cel.library.kubernetes import KUBERNETES
from wherry.cel.types import BYTES, INT, STRING, ListType, MapType, ObjectType, Type

CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load((FilePath(__file__).parent / "data/costs.yaml").read_text())

OBJECT = ObjectType("object", {"single_int32": INT, "nestedAttr": STRING})


def _type(text: str) -> Type:
    """`map(string, list(int))` as a type."""
    if text.startswith("list("):
        return ListType(_type(text[5:-1]))
    if text.startswith("map("):
        return MapType(STRING, _type(text[4:-1].partition(", ")[2]))
    if text == "object":
        return OBJECT
    found = getattr(types, text.upper())
    assert isinstance(found, Type)
    return found


def _hinted(case: Mapping[str, Any]) -> Sizes:
    hints = case.get("hints", {})

    def sizes(path: Path, type_: Type) -> Range | None:
        hint = hints.get(".".join(path))
        return None if hint is None else Range(0, hint)

    return sizes


def _short_texts(case: Mapping[str, Any]) -> Sizes:
    return lambda path, type_: Range(0, 12) if type_ in (STRING, BYTES) else None


SIZES: Mapping[str, Callable[[Mapping[str, Any]], Sizes]] = {"kubernetes libraries": _short_texts}

OLD_RULES = ("cel-go checker", "cel-go interpreter")
LIBRARIES: Mapping[str, tuple[Library, ...]] = dict.fromkeys(OLD_RULES, ())


def _environment(section: str, case: Mapping[str, Any]) -> Environment:
    variables = {name: _type(text) for name, text in case.get("variables", {}).items()}
    return Environment(variables, libraries=LIBRARIES.get(section, KUBERNETES), charges=CHARGES, is_folding=False)


def _values(case: Mapping[str, Any]) -> dict[str, Any]:
    """The variables; `lengths` are those of texts whose content does not matter."""
    values = dict(case.get("values", {}))
    for name, length in case.get("lengths", {}).items():
        values[name] = b"x" * length if case["variables"].get(name) == "bytes" else "x" * length
    return values


CHARGED_SINCE = {
    # cel-go 0.29, which Kubernetes 1.37 has, goes through the argument where 0.28 went through the receiver.
    "input.startsWith(arg1)": 52,
    "input.endsWith(arg1)": 52,
}
DIFFERENT = {
    # Of the overloads that fit a value of unknown type, cel-go's checker keeps the first, ours the dearest too.
    "x.sortBy(m, m['x']) == [{'x':3}, {'x':4}]": [106, 229],
}


def _cases(key: str) -> list[Any]:
    return [
        pytest.param(section, case, id=f"{section}: {case['expr']}")
        for section, cases in CASES.items()
        for case in cases
        if key in case
    ]


@pytest.mark.parametrize(("section", "case"), _cases("estimate"))
def test_estimates(section: str, case: Mapping[str, Any]) -> None:
    checked = _environment(section, case).check(case["expr"])
    found = estimate(checked, SIZES.get(section, _hinted)(case))
    assert [found.least, found.most] == DIFFERENT.get(case["expr"], case["estimate"])


@pytest.mark.parametrize(("section", "case"), _cases("cost"))
def test_charges(section: str, case: Mapping[str, Any]) -> None:
    program = _environment(section, case).compile(case["expr"])
    _, cost = program.run(_values(case))
    assert cost == CHARGED_SINCE.get(case["expr"], case["cost"])


def test_a_budget_stops_what_would_cost_more() -> None:
    program = Environment({"self": ListType(INT)}, charges=CHARGES).compile("self.all(x, self.exists(y, x == y))")
    items = list(range(300))
    _, cost = program.run({"self": items})
    assert cost > 90_000
    assert program.run({"self": items}, cost) == (True, cost)
    with pytest.raises(CostExceededError, match="operation cancelled: actual cost limit exceeded"):
        program.run({"self": items}, cost - 1)


SELF = ObjectType(
    "self",
    {
        "name": STRING.sized(10),
        "any": STRING,
        "replicas": INT,
        "pods": ListType(ObjectType("pod", {"name": STRING.sized(63)}), max_size=5),
        "labels": MapType(STRING, STRING.sized(20), max_size=8),
    },
)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("self.replicas == 1", [2, 2]),
        ("self.name.startsWith('a')", [3, 3]),
        ("self.name == oldSelf.name", [5, 5]),
        ("self.name.contains(self.name)", [4, 5]),
        ("self.any == oldSelf.any", [5, 1844674407370955268]),
        ("self.pods.all(p, p.name.startsWith('web'))", [3, 33]),
        ("self.labels.all(k, self.labels[k].size() < 3)", [3, 75]),
        ("self.labels.all(k, k.startsWith('x'))", [3, 43]),
    ],
)
def test_estimates_from_the_hints_of_types(text: str, cost: list[int]) -> None:
    checked = Environment({"self": SELF, "oldSelf": SELF}, libraries=KUBERNETES).check(text)
    found = estimate(checked, sizes_below(SELF))
    assert [found.least, found.most] == cost


def test_the_end_of_numbers() -> None:
    limit = Range(UNBOUNDED, UNBOUNDED)
    assert limit + limit == limit.times(limit) == limit.scaled(1) == limit.scaled(30) == limit
    assert Range(0, UNBOUNDED).times(Range(5, 0)) == Range(0, 0)

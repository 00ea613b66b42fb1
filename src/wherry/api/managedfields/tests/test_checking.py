from __future__ import annotations

from typing import Any

import pytest

from wherry.api.managedfields.checking import check
from wherry.api.managedfields.tests.kinds import SPEC


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        pytest.param({}, "", id="nothing"),
        pytest.param({"text": "a", "number": 1.5, "flag": True, "any": 7, "deduced": {"a": [{}]}}, "", id="all well"),
        pytest.param({"text": None, "data": None, "items": None}, "", id="null fits anywhere"),
        pytest.param({"text": 1}, ".text: expected string, got &value.valueUnstructured{Value:1}", id="no text"),
        pytest.param(
            {"text": {"b": [1], "a": None}},
            '.text: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":interface {}(nil), '
            '"b":[]interface {}{1}}}',
            id="an object for a text",
        ),
        pytest.param({"number": "1"}, ".number: expected numeric (int or float), got string", id="no number"),
        pytest.param(
            {"number": [1]}, ".number: expected numeric (int or float), got []interface {}", id="a list for a number"
        ),
        pytest.param({"flag": "yes"}, ".flag: expected boolean, got &{yes}", id="no boolean"),
        pytest.param({"any": {"a": 1}}, ".any: expected any scalar, got &{map[a:1]}", id="no scalar"),
        pytest.param({"data": "x"}, ".data: expected map, got &{x}", id="no map"),
        pytest.param({"items": {"a": 1}}, ".items: expected list, got &{map[a:1]}", id="no list"),
        pytest.param(
            {"args": ["a", 2]}, ".args[1]: expected string, got &value.valueUnstructured{Value:2}", id="in a list"
        ),
        pytest.param(
            {"items": [{"name": "a", "value": "x"}]},
            '.items[name="a"].value: expected numeric (int or float), got string',
            id="in an item",
        ),
        pytest.param({"bogus": 1}, ".bogus: field not declared in schema", id="an unknown field"),
        pytest.param({"inner": {"x": 1}}, ".inner.x: field not declared in schema", id="an unknown field further down"),
        pytest.param({"deduced": {"anything": {"goes": 1}}}, "", id="what is deduced knows all"),
        pytest.param({"set": ["a", "a"]}, '.set: duplicate entries for key [="a"]', id="repeated in a set"),
        pytest.param(
            {"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]},
            '.ports: duplicate entries for key [port=1,protocol="TCP"]',
            id="repeated keys",
        ),
        pytest.param(
            {"items": [{"name": "a"}, {"value": 1}]},
            '.items: element 1: associative list with keys has an element that omits all key fields ["name"] '
            "(and doesn't have default values for any key fields)",
            id="an item without its key",
        ),
        pytest.param(
            {"text": 1, "flag": 2},
            "errors:\n  .text: expected string, got &value.valueUnstructured{Value:1}\n"
            "  .flag: expected boolean, got &{2}",
            id="several",
        ),
    ],
)
def test_what_is_wrong(spec: dict[str, Any], fault: str) -> None:
    assert check(SPEC, spec) == fault


def test_a_live_object_may_repeat_itself() -> None:
    assert check(SPEC, {"set": ["a", "a"]}, allow_duplicates=True) == ""

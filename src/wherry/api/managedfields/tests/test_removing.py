from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from wherry.api.managedfields import sets
from wherry.api.managedfields.covering import covered, named
from wherry.api.managedfields.removing import remove
from wherry.api.managedfields.tests.kinds import SPEC
from wherry.api.managedfields.tests.test_comparing import specs
from wherry.api.managedfields.tests.test_merging import distinct

A = 'k:{"name":"a"}'


@pytest.mark.parametrize(
    ("spec", "path", "rest"),
    [
        pytest.param({"text": "a", "number": 1}, ("f:text",), {"number": 1}, id="a scalar"),
        pytest.param({"data": {"a": "1", "b": "2"}}, ("f:data", "f:a"), {"data": {"b": "2"}}, id="a key"),
        pytest.param({"data": {"a": "1"}}, ("f:data", "f:a"), {"data": None}, id="the last key"),
        pytest.param({"data": {"a": "1"}}, ("f:data", "f:b"), {"data": {"a": "1"}}, id="what is not there"),
        pytest.param({"whole": {"a": 1}, "text": "x"}, ("f:whole",), {"text": "x"}, id="an atomic struct"),
        pytest.param({"set": ["a", "b"]}, ("f:set", 'v:"a"'), {"set": ["b"]}, id="an item of a set"),
        pytest.param(
            {"items": [{"name": "a"}, {"name": "b"}]}, ("f:items", A), {"items": [{"name": "b"}]}, id="an item"
        ),
        pytest.param(
            {"items": [{"name": "a", "value": 1}]},
            ("f:items", A, "f:value"),
            {"items": [{"name": "a"}]},
            id="a field of one",
        ),
        pytest.param(
            {"deduced": {"a": {"b": 1, "c": 2}}},
            ("f:deduced", "f:a", "f:b"),
            {"deduced": {"a": {"c": 2}}},
            id="deduced",
        ),
        pytest.param({"text": "a"}, ("f:text", "f:below"), {"text": "a"}, id="nothing is below a scalar"),
    ],
)
def test_removed(spec: dict[str, Any], path: tuple[str, ...], rest: dict[str, Any]) -> None:
    before = deepcopy(spec)
    assert remove(SPEC, spec, sets.of([path])) == rest
    assert spec == before


@given(specs)
def test_all_that_is_covered_can_be_removed(spec: dict[str, Any]) -> None:
    spec = {name: value for name, value in distinct(spec).items() if value not in ([], {})}
    left = remove(SPEC, spec, named(SPEC, covered(SPEC, spec)))
    assert not left

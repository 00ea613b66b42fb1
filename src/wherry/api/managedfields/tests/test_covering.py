from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from wherry.api.managedfields import sets
from wherry.api.managedfields.conflicts import show
from wherry.api.managedfields.covering import covered, named
from wherry.api.managedfields.elements import BadElement
from wherry.api.managedfields.tests.kinds import SPEC
from wherry.api.managedfields.tests.test_comparing import specs


@pytest.mark.parametrize(
    ("spec", "paths"),
    [
        pytest.param({"text": "a", "number": 1}, [".number", ".text"], id="scalars"),
        pytest.param({"data": {"a": "1"}}, [".data.a"], id="a map is owned by its keys"),
        pytest.param({"data": {}}, [".data"], id="an empty one by itself"),
        pytest.param({"data": None}, [".data"], id="and so is null"),
        pytest.param({"nested": {"k": {"a": 1}}}, [".nested.k", ".nested.k.a"], id="a key is owned beside its content"),
        pytest.param({"inner": {"a": 1}}, [".inner.a"], id="a field is not"),
        pytest.param({"whole": {"a": 1}}, [".whole"], id="an atomic struct"),
        pytest.param({"args": ["a"]}, [".args"], id="an atomic list"),
        pytest.param({"args": []}, [".args"], id="an empty atomic list"),
        pytest.param({"set": ["a"]}, ['.set[="a"]'], id="a set is owned by its items"),
        pytest.param({"set": []}, [], id="an empty set by nobody"),
        pytest.param({"inner": {"a": 1}, "items": []}, [".inner.a"], id="nor an empty list of items"),
        pytest.param({"items": [{"name": "a"}]}, ['.items[name="a"]', '.items[name="a"].name'], id="items"),
        pytest.param({"deduced": {"a": {"b": 1}}}, [".deduced.a", ".deduced.a.b"], id="deduced"),
        pytest.param({"set": ["a", "b", "a"]}, ['.set[="a"]', '.set[="b"]'], id="repeated items are owned as one"),
    ],
)
def test_what_is_covered(spec: dict[str, Any], paths: list[str]) -> None:
    assert [show(path) for path in sets.paths(covered(SPEC, spec))] == paths


def test_items_that_cannot_be_told_apart() -> None:
    with pytest.raises(BadElement):
        covered(SPEC, {"items": [{}]})


@given(specs)
def test_named_adds_declared_fields_and_nothing_else(spec: dict[str, Any]) -> None:
    fields = covered(SPEC, spec)
    more = set(sets.paths(named(SPEC, fields)))
    assert more >= set(sets.paths(fields))
    assert all(path[-1][0] == "f" for path in more - set(sets.paths(fields)))
    assert {path for path in more if len(path) == 1} == {(step,) for step in fields}

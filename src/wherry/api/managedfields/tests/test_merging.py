from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from wherry.api.managedfields.merging import merge
from wherry.api.managedfields.tests.kinds import SPEC
from wherry.api.managedfields.tests.test_comparing import specs

Obj = dict[str, Any]


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        pytest.param({"text": "a"}, {"number": 1}, {"text": "a", "number": 1}, id="scalars"),
        pytest.param({"text": "a"}, {"text": "b"}, {"text": "b"}, id="the applied one stands"),
        pytest.param({"text": "a"}, {"text": None}, {"text": None}, id="even when it is null"),
        pytest.param({"data": {"a": "1"}}, {"data": {"b": "2"}}, {"data": {"a": "1", "b": "2"}}, id="maps"),
        pytest.param({"data": {"a": "1"}}, {"data": {}}, {"data": {"a": "1"}}, id="an empty map takes nothing away"),
        pytest.param({"data": {"a": "1"}}, {"data": None}, {"data": {"a": "1"}}, id="nor does null"),
        pytest.param({"data": None}, {"data": {"a": "1"}}, {"data": {"a": "1"}}, id="null is filled"),
        pytest.param({"whole": {"a": 1}}, {"whole": {"b": 2}}, {"whole": {"b": 2}}, id="an atomic struct"),
        pytest.param({"whole": {"a": 1}}, {"whole": None}, {"whole": None}, id="an atomic struct and null"),
        pytest.param({"args": ["a"]}, {"args": ["b"]}, {"args": ["b"]}, id="an atomic list"),
        pytest.param({"args": ["a"]}, {"args": []}, {"args": []}, id="an empty atomic list"),
        pytest.param({"set": ["a"]}, {"set": []}, {"set": ["a"]}, id="an empty set takes nothing away"),
        pytest.param(
            {"items": [{"name": "a", "value": 1}]},
            {"items": [{"name": "a", "labels": {"x": "y"}}]},
            {"items": [{"name": "a", "value": 1, "labels": {"x": "y"}}]},
            id="items by key",
        ),
        pytest.param({"deduced": {"a": 1}}, {"deduced": {"b": [1]}}, {"deduced": {"a": 1, "b": [1]}}, id="deduced"),
        pytest.param({"deduced": {"a": 1}}, {"deduced": "x"}, {"deduced": "x"}, id="another sort"),
        pytest.param(
            {"items": [{"name": "a", "value": 1}, {"name": "a", "value": 2}]},
            {"items": [{"name": "a", "labels": {}}]},
            {"items": [{"name": "a", "labels": {}}]},
            id="repeated items are replaced",
        ),
        pytest.param(
            {"items": [{"name": "a", "value": 1}, {"name": "a", "value": 2}]},
            {"items": [{"name": "b"}]},
            {"items": [{"name": "a", "value": 1}, {"name": "a", "value": 2}, {"name": "b"}]},
            id="or stay as they are",
        ),
    ],
)
def test_merged(live: Obj, applied: Obj, merged: Obj) -> None:
    assert merge(SPEC, live, applied) == merged


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("", "abc", "abc"),
        ("abc", "abc", "abc"),
        ("abc", "d", "abcd"),
        ("abc", "b", "abc"),
        ("abc", "cba", "cba"),
        ("abc", "ba", "bca"),
        ("abcde", "db", "acdeb"),
        ("abc", "dabc", "dabc"),
        ("abc", "adbc", "adbc"),
        ("abc", "axcy", "abxcy"),
        ("abc", "xyz", "abcxyz"),
        ("aba", "a", "a" + "b"),
        ("aabb", "c", "aabbc"),
    ],
)
def test_order(live: str, applied: str, merged: str) -> None:
    assert "".join(merge(SPEC, {"set": list(live)}, {"set": list(applied)})["set"]) == merged


def distinct(spec: Obj) -> Obj:
    """A spec as it may be applied: lists that do not repeat themselves."""
    result = dict(spec)
    if "set" in result:
        result["set"] = list(dict.fromkeys(result["set"]))
    if "items" in result:
        result["items"] = list({item["name"]: item for item in result["items"]}.values())
    return result


@given(specs, specs)
def test_a_merge_is_final(live: Obj, applied: Obj) -> None:
    applied = distinct(applied)
    before = deepcopy((live, applied))
    merged = merge(SPEC, live, applied)
    assert merge(SPEC, merged, applied) == merged
    assert (live, applied) == before
    assert merge(SPEC, live, {}) == live
    assert merge(SPEC, {}, applied) == applied


@given(specs, specs)
def test_a_merge_has_the_items_of_both(live: Obj, applied: Obj) -> None:
    applied = distinct(applied)
    merged = merge(SPEC, live, applied)
    assert set(merged.get("set") or ()) == {*(live.get("set") or ()), *(applied.get("set") or ())}
    shared = [item for item in merged.get("set") or () if item in applied.get("set", ())]
    assert shared == (applied.get("set") or [])

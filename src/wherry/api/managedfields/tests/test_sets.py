from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.managedfields import sets
from wherry.api.managedfields.elements import BadElement, sort_key
from wherry.api.managedfields.sets import Fields

Paths = set[tuple[str, ...]]

steps = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'k:{"name":"y"}', "v:1", "v:2"])
all_paths = st.sets(st.lists(steps, min_size=1, max_size=4).map(tuple), max_size=12)


def model(fields: Fields) -> Paths:
    return set(sets.paths(fields))


@given(all_paths)
def test_a_set_has_what_it_was_made_of(paths: Paths) -> None:
    fields = sets.of(paths)
    assert model(fields) == paths
    assert len(list(sets.paths(fields))) == len(paths)
    assert all(sets.has(fields, path) for path in paths)


@given(all_paths, all_paths)
def test_the_algebra_is_that_of_sets(left: Paths, right: Paths) -> None:
    ours, theirs = sets.of(left), sets.of(right)
    kept = copy.deepcopy((ours, theirs))
    assert model(sets.union(ours, theirs)) == left | right
    assert model(sets.difference(ours, theirs)) == left - right
    assert model(sets.intersection(ours, theirs)) == left & right
    beyond = {path for path in left if not any(path[:end] in right for end in range(1, len(path) + 1))}
    assert model(sets.without_all(ours, theirs)) == beyond
    assert (ours, theirs) == kept, "sets are values"


@given(st.lists(all_paths, max_size=5))
def test_the_union_of_many(many: list[Paths]) -> None:
    assert model(sets.union_of([sets.of(paths) for paths in many])) == set().union(*many)


@given(all_paths, all_paths)
def test_there_is_one_form_of_a_set(left: Paths, right: Paths) -> None:
    ours, theirs = sets.of(left), sets.of(right)
    for made, paths in (
        (sets.union(ours, theirs), left | right),
        (sets.difference(ours, theirs), left - right),
        (sets.intersection(ours, theirs), left & right),
    ):
        assert made == sets.of(paths)
        assert sets.decode(copy.deepcopy(made)) == made


@given(all_paths, all_paths)
def test_what_changes_nothing_is_the_same_value(left: Paths, right: Paths) -> None:
    ours = sets.of(left)
    assert sets.union(ours, sets.of(left & right)) is ours
    assert sets.difference(ours, sets.of(right - left)) is ours


@given(all_paths, all_paths)
def test_written_in_order(left: Paths, right: Paths) -> None:
    def is_ordered(below: Fields) -> bool:
        found = list(below)
        return found == sorted(found, key=sort_key) and all(map(is_ordered, below.values()))

    ours, theirs = sets.of(left), sets.of(right)
    assert is_ordered(sets.union(ours, theirs))
    assert is_ordered(sets.difference(ours, theirs))
    assert is_ordered(sets.intersection(ours, theirs))
    assert is_ordered(sets.without_all(ours, theirs))
    assert is_ordered(sets.decode(json.loads(json.dumps(ours))))


def test_members_come_before_what_is_below_them() -> None:
    fields = sets.of([("f:b", "f:x"), ("f:b",), ("f:c",), ("f:a", "f:y")])
    assert list(sets.paths(fields)) == [("f:b",), ("f:c",), ("f:a", "f:y"), ("f:b", "f:x")]


def test_the_root_is_no_member() -> None:
    assert not sets.has(sets.EMPTY, ())
    assert not sets.has(sets.of([("f:a",)]), ())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, {}, id="nothing"),
        pytest.param({}, {}, id="empty"),
        pytest.param({".": {}}, {}, id="the root itself"),
        pytest.param({"f:a": {".": {}}}, {"f:a": {}}, id="a leaf said twice"),
        pytest.param({"f:a": None}, {"f:a": {}}, id="null for a leaf"),
        pytest.param({"z:new": {"f:a": {}}, "f:b": {}}, {"f:b": {}}, id="what is not known yet"),
        pytest.param({"f:a": {"z:new": {}}}, {"f:a": {}}, id="nothing known below"),
        pytest.param(
            {'k:{"b":1,"a":2}': {"f:x": {}}, 'k:{"a":2, "b":1}': {"f:y": {}}},
            {'k:{"a":2,"b":1}': {"f:x": {}, "f:y": {}}},
            id="two texts of one step",
        ),
    ],
)
def test_from_outside(value: Any, expected: Fields) -> None:
    assert sets.decode(value) == expected


@pytest.mark.parametrize("value", [1, [], "f:a", {"f:a": 1}, {"f:a": []}, {"bad": {}}, {"k:{": {}}])
def test_what_is_no_set(value: Any) -> None:
    with pytest.raises(BadElement):
        sets.decode(value)


def test_depth_is_bounded() -> None:
    deep: Any = {}
    for _ in range(500):
        deep = {"f:a": deep}
    with pytest.raises(BadElement, match="depth"):
        sets.decode(deep)

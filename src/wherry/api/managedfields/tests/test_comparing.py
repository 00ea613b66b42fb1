from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.managedfields import comparing, sets
from wherry.api.managedfields.comparing import compare, made
from wherry.api.managedfields.conflicts import show
from wherry.api.managedfields.tests.kinds import SPEC
from wherry.api.schema.structnodes import struct_node

Obj = dict[str, Any]


def shown(fields: sets.Fields) -> list[str]:
    return [show(path) for path in sets.paths(fields)]


@pytest.mark.parametrize(
    ("old", "new", "added", "modified", "removed"),
    [
        pytest.param({"text": "a"}, {"text": "a"}, [], [], [], id="nothing"),
        pytest.param({"text": "a"}, {"text": "b"}, [], [".text"], [], id="a scalar"),
        pytest.param({}, {"number": 1, "flag": True}, [".flag", ".number"], [], [], id="new scalars"),
        pytest.param({"number": 1}, {}, [], [], [".number"], id="a scalar less"),
        pytest.param({}, {"data": {"a": "1"}}, [".data", ".data.a"], [], [], id="a new map with what is in it"),
        pytest.param({"data": {}}, {"data": {"a": "1"}}, [".data.a"], [], [], id="an empty map is filled"),
        pytest.param({"data": None}, {"data": {"a": "1"}}, [".data.a"], [], [], id="and so is none"),
        pytest.param({"data": {"a": "1"}}, {"data": {}}, [], [], [".data.a"], id="a map is emptied"),
        pytest.param({"data": {"a": "1"}}, {"data": None}, [], [], [".data.a"], id="a map becomes null"),
        pytest.param({"data": {}}, {"data": None}, [], [".data"], [], id="empty is not null"),
        pytest.param({}, {"data": {}}, [".data"], [], [], id="a new empty map"),
        pytest.param({}, {"inner": {"a": 1}}, [".inner", ".inner.a"], [], [], id="a new struct counts itself"),
        pytest.param({"inner": {"a": 1}}, {"inner": {"b": 1}}, [".inner.b"], [], [".inner.a"], id="fields of a struct"),
        pytest.param({"whole": {"a": 1}}, {"whole": {"a": 2}}, [], [".whole"], [], id="an atomic struct"),
        pytest.param({"whole": {"a": 1}}, {}, [], [], [".whole"], id="an atomic struct less"),
        pytest.param({"args": ["a"]}, {"args": ["b"]}, [], [".args"], [], id="an atomic list"),
        pytest.param({"args": ["a"]}, {"args": []}, [], [".args"], [], id="an atomic list is emptied"),
        pytest.param({"set": ["a", "b"]}, {"set": ["c", "b"]}, ['.set[="c"]'], [], ['.set[="a"]'], id="a set"),
        pytest.param({"set": ["a", "b"]}, {"set": ["b", "a"]}, [], [], [], id="a set has no order"),
        pytest.param({}, {"set": ["a"]}, [".set", '.set[="a"]'], [], [], id="a new set"),
        pytest.param(
            {"items": [{"name": "a", "value": 1}]},
            {"items": [{"name": "b"}, {"name": "a", "value": 2}]},
            ['.items[name="b"]', '.items[name="b"].name'],
            ['.items[name="a"].value'],
            [],
            id="items by key",
        ),
        pytest.param(
            {"ports": [{"port": 1}]},
            {"ports": [{"port": 1, "protocol": "TCP"}]},
            ['.ports[port=1,protocol="TCP"].protocol'],
            [],
            [],
            id="a key by default is the same key",
        ),
        pytest.param({"any": {"a": 1}}, {"any": {"a": 2}}, [], [".any"], [], id="an object where a scalar belongs"),
        pytest.param(
            {"deduced": {"a": 1}}, {"deduced": {"a": 2}}, [], [".deduced.a"], [], id="deduced maps are granular"
        ),
        pytest.param({"deduced": [1]}, {"deduced": [2]}, [], [".deduced"], [], id="deduced lists are atomic"),
        pytest.param(
            {"deduced": 1}, {"deduced": {"a": 1}}, [".deduced.a"], [".deduced"], [], id="a scalar becomes a map"
        ),
        pytest.param(
            {"deduced": {"a": 1}}, {"deduced": "x"}, [], [".deduced"], [".deduced.a"], id="a map becomes a scalar"
        ),
        pytest.param({"deduced": [1]}, {"deduced": {}}, [], [".deduced"], [], id="a list becomes an empty map"),
        pytest.param({"deduced": None}, {"deduced": {"a": 1}}, [".deduced.a"], [], [], id="null becomes a map"),
        pytest.param({"deduced": None}, {"deduced": 1}, [], [".deduced"], [], id="null becomes a scalar"),
        pytest.param({"bogus": {"a": 1}}, {"bogus": {"a": 2}}, [], [".bogus.a"], [], id="what the shape does not know"),
        pytest.param(
            {"set": ["a", "a"]}, {"set": ["a", "a", "a"]}, [], ['.set[="a"]'], [], id="repeated items are one value"
        ),
        pytest.param({"set": ["a", "a"]}, {"set": ["a", "a"]}, [], [], [], id="which may stay"),
        pytest.param({"set": ["a", "a"]}, {"set": ["a"]}, ['.set[="a"]'], [], ['.set[="a"]'], id="no longer repeated"),
        pytest.param({"set": ["a"]}, {"set": ["a", "a"]}, ['.set[="a"]'], [], ['.set[="a"]'], id="newly repeated"),
        pytest.param(
            {},
            {"items": [{"name": "a", "value": 1}, {"name": "a", "value": 2}]},
            [".items", '.items[name="a"]'],
            [],
            [],
            id="a new list that repeats itself",
        ),
    ],
)
def test_what_changed(old: Obj, new: Obj, added: list[str], modified: list[str], removed: list[str]) -> None:
    found = compare(SPEC, old, new)
    assert (shown(found.added), shown(found.modified), shown(found.removed)) == (added, modified, removed)


names = st.sampled_from(["a", "b", "c"])
numbers = st.integers(0, 2)
items = st.lists(st.fixed_dictionaries({"name": names}, optional={"value": numbers}), max_size=3)
specs = st.fixed_dictionaries(
    {},
    optional={
        "text": names,
        "data": st.dictionaries(names, names, max_size=2),
        "whole": st.dictionaries(names, numbers, max_size=2),
        "args": st.lists(names, max_size=2),
        "set": st.lists(names, max_size=3),
        "items": items,
        "deduced": st.recursive(numbers | st.none(), lambda inner: st.dictionaries(names, inner, max_size=2)),
    },
)


@given(specs, specs)
def test_there_and_back_again(old: Obj, new: Obj) -> None:
    there, back = compare(SPEC, old, new), compare(SPEC, new, old)
    assert json.dumps(there.added) == json.dumps(back.removed), "in the same order, too"
    assert there.modified == back.modified
    assert compare(SPEC, old, old) == ({}, {}, {})


@given(specs)
def test_of_nothing_comes_everything(new: Obj) -> None:
    added, modified, removed = compare(SPEC, {}, new)
    assert not modified
    assert not removed
    assert set(added) == {f"f:{name}" for name in new}


@given(specs, st.sets(st.sampled_from(["data", "nested", "inner", "items", "set", "whole", "deduced"])))
def test_what_is_made_is_what_is_written_where_nothing_was(new: Obj, filled: set[str]) -> None:
    old = {name: type(new[name])() for name in filled if type(new.get(name)) in (dict, list)}
    assert json.dumps(made(SPEC, new, old)) == json.dumps(compare(SPEC, old, new).written), "in the same order, too"


@pytest.mark.parametrize(
    "new",
    [
        pytest.param({"metadata": {}}, id="nothing"),
        pytest.param({"metadata": {}, "spec": {}, "status": {}}, id="what is always there, and empty"),
        pytest.param({"metadata": {"labels": {"a": "b"}}, "spec": {"nodeName": "n1"}}, id="labels"),
        pytest.param(
            {"metadata": {}, "spec": {"containers": [{"name": "a"}]}, "status": {"conditions": []}}, id="containers"
        ),
    ],
)
def test_what_is_made_of_a_built_in_kind(new: Obj) -> None:
    node = struct_node("core.v1.Pod")
    assert json.dumps(made(node, new, {"metadata"})) == json.dumps(compare(node, NOTHING, new).written)


NOTHING: Obj = {"metadata": {}}


def pod(*names: str, image: str = "web") -> Obj:
    """What nobody owns of a Pod is left out."""
    return {"metadata": {}, "spec": {"containers": [{"name": name, "image": image} for name in names]}}


def test_what_siblings_bring_is_found_once_and_never_changed() -> None:
    node, before = struct_node("core.v1.Pod"), NOTHING
    first = pod("a", "b")
    found = compare(node, before, first).added
    expected = json.dumps(found)
    assert compare(node, before, pod("a", "b")).added["f:spec"] is found["f:spec"]
    first["spec"]["containers"].pop()
    assert '[name="b"]' not in "".join(shown(compare(node, before, first).added))
    assert json.dumps(compare(node, before, pod("a", "b")).added) == expected


def test_the_same_content_is_something_else_in_another_kind() -> None:
    content = {"metadata": {}, "spec": {"containers": [{"name": "a"}]}}
    in_pod = compare(struct_node("core.v1.Pod"), {"metadata": {}}, content).added
    elsewhere = compare(struct_node("apps.v1.Deployment"), {"metadata": {}}, content).added
    assert in_pod == {"f:spec": {"f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}}}}}
    assert elsewhere == {"f:spec": {"f:containers": {}}}


def test_what_comes_once_only_is_forgotten() -> None:
    node, before = struct_node("core.v1.Pod"), NOTHING
    found = compare(node, before, pod("first")).added["f:spec"]
    for number in range(comparing._MOST_KNOWN + 1):
        compare(node, before, pod("first", image=str(number)))
    again = compare(node, before, pod("first")).added["f:spec"]
    assert again == found and again is not found
    assert len(comparing._known) <= comparing._MOST_KNOWN

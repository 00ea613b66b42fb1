from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.managedfields import sets
from wherry.api.managedfields.applying import apply
from wherry.api.managedfields.conflicts import ApplyConflicts, show
from wherry.api.managedfields.covering import covered
from wherry.api.managedfields.tests.kinds import KIND, KIND_2, THING, thing, writer
from wherry.api.managedfields.tests.test_comparing import specs
from wherry.api.managedfields.tests.test_merging import distinct
from wherry.api.managedfields.tests.test_updating import TRACKED, owners, written
from wherry.api.managedfields.updating import Kind, Writer

A, B = 'k:{"name":"a"}', 'k:{"name":"b"}'


def applied(live: Obj | None, config: Obj, by: Writer, kind: Kind = KIND, *, force: bool = False) -> Obj:
    """The object after an apply, nulls dropped as decoding by the kind's schema would."""
    before = deepcopy((live, config))
    result = apply(kind, live, config, by, force=force)
    assert (live, config) == before
    obj = deepcopy(result.obj if result.obj is not None else live)
    assert obj is not None
    obj["metadata"].pop("managedFields", None)
    if result.entries:
        obj["metadata"]["managedFields"] = result.entries
    if "spec" in obj:
        obj["spec"] = {name: value for name, value in (obj["spec"] or {}).items() if value is not None}
    return obj


def conflicts(live: Obj, config: Obj, by: Writer) -> list[tuple[str, str]]:
    with pytest.raises(ApplyConflicts) as caught:
        apply(KIND, live, config, by, force=False)
    return [(conflict.owner.manager, show(conflict.path)) for conflict in caught.value.conflicts]


def test_an_applier_owns_what_it_applies() -> None:
    made = applied(None, thing({"labels": {"a": "b"}}, text="x", items=[{"name": "a"}]), writer("one"))
    assert made["spec"] == {"text": "x", "items": [{"name": "a"}]}
    assert made["metadata"]["managedFields"] == [
        {
            "manager": "one",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": "2026-01-01T00:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:labels": {"f:a": {}}},
                "f:spec": {"f:items": {A: {".": {}, "f:name": {}}}, "f:text": {}},
            },
        }
    ]


def test_applying_again_changes_nothing() -> None:
    made = applied(None, thing(text="x"), writer("one", 1))
    result = apply(KIND, made, thing(text="x"), writer("one", 2), force=False)
    assert result.obj is None
    assert result.entries == made["metadata"]["managedFields"]


def test_what_is_no_longer_applied_goes() -> None:
    made = applied(None, thing(text="x", number=1, data={"a": "1", "b": "2"}), writer("one"))
    less = applied(made, thing(text="x", data={"a": "1"}), writer("one", 1))
    assert less["spec"] == {"text": "x", "data": {"a": "1"}}
    assert owners(less) == {"one": {"f:spec": {"f:data": {"f:a": {}}, "f:text": {}}}}


def test_all_of_it() -> None:
    made = applied(None, thing(text="x"), writer("one"))
    none = applied(made, thing(), writer("one", 1))
    assert none.get("spec", {}) == {}
    assert owners(none) == {}


def test_an_item_goes_with_what_others_did_not_add_to_it() -> None:
    made = applied(None, thing(items=[{"name": "a", "value": 1}, {"name": "b"}]), writer("one"))
    made["spec"]["items"][0]["args"] = ["defaulted"]  # nobody's
    less = applied(made, thing(items=[{"name": "b"}]), writer("one", 1))
    assert less["spec"] == {"items": [{"name": "b"}]}


def test_an_item_stays_if_another_has_added_to_it() -> None:
    made = applied(None, thing(items=[{"name": "a", "value": 1}]), writer("one"))
    more = applied(made, thing(items=[{"name": "a", "labels": {"x": "y"}}]), writer("two"))
    less = applied(more, thing(), writer("one", 1))
    assert less["spec"] == {"items": [{"name": "a", "labels": {"x": "y"}}]}
    assert list(owners(less)) == ["two"]


def test_equal_values_are_owned_together() -> None:
    one = applied(None, thing(text="x"), writer("one"))
    both = applied(one, thing(text="x"), writer("two", 1))
    assert set(owners(both)) == {"one", "two"}
    left = applied(both, thing(), writer("one", 2))
    assert left["spec"] == {"text": "x"}
    assert list(owners(left)) == ["two"]


def test_a_new_owner_of_what_is_there_gets_no_time() -> None:
    one = applied(None, thing(text="x"), writer("one"))
    both = applied(one, thing(text="x"), writer("two", 1))
    assert ["time" in entry for entry in both["metadata"]["managedFields"]] == [False, True]


def test_what_others_own_is_a_conflict() -> None:
    live = written(None, thing(text="x", number=1), writer("editor"))
    assert conflicts(live, thing(text="y"), writer("one")) == [("editor", ".spec.text")]
    one = applied(live, thing(number=1), writer("one"))
    assert conflicts(one, thing(number=2, text="z"), writer("two")) == [
        ("one", ".spec.number"),
        ("editor", ".spec.number"),
        ("editor", ".spec.text"),
    ]


def test_force_takes_over() -> None:
    one = applied(None, thing(text="x", number=1), writer("one"))
    two = applied(one, thing(text="y"), writer("two", 1), force=True)
    assert two["spec"] == {"text": "y", "number": 1}
    assert owners(two) == {"one": {"f:spec": {"f:number": {}}}, "two": {"f:spec": {"f:text": {}}}}
    assert conflicts(two, thing(text="x", number=1), writer("one", 2)) == [("two", ".spec.text")]


def test_removal_is_no_conflict() -> None:
    one = applied(None, thing(data={"a": "1"}), writer("one"))
    edited = written(one, {**thing(), "spec": {"data": {"a": "2"}}}, writer("editor"))
    less = applied(edited, thing(), writer("one", 2))
    assert less["spec"] == {"data": {"a": "2"}}
    assert list(owners(less)) == ["editor"]


def test_an_object_that_nobody_is_tracked_for() -> None:
    live = thing({"uid": "u"}, text="x", number=1)
    assert conflicts(live, thing(text="y"), writer("one")) == [("before-first-apply", ".spec.text")]
    taken = applied(live, thing(text="y"), writer("one"), force=True)
    assert owners(taken) == {
        "before-first-apply": {"f:spec": {".": {}, "f:number": {}}},
        "one": {"f:spec": {"f:text": {}}},
    }


def test_atomic_values_are_taken_as_a_whole() -> None:
    one = applied(None, thing(whole={"a": 1}, args=["a"]), writer("one"))
    assert owners(one) == {"one": {"f:spec": {"f:args": {}, "f:whole": {}}}}
    assert conflicts(one, thing(whole={"b": 1}), writer("two")) == [("one", ".spec.whole")]
    two = applied(one, thing(whole={"b": 1}), writer("two"), force=True)
    assert two["spec"]["whole"] == {"b": 1}


def test_sets_and_keys_with_defaults() -> None:
    one = applied(None, thing(set=["a", "b"], ports=[{"port": 1}]), writer("one"))
    two = applied(one, thing(set=["c"], ports=[{"port": 1, "protocol": "UDP"}]), writer("two", 1))
    assert two["spec"] == {"set": ["a", "b", "c"], "ports": [{"port": 1}, {"port": 1, "protocol": "UDP"}]}
    less = applied(two, thing(set=["b"], ports=[]), writer("one", 2))
    assert less["spec"] == {"set": ["b", "c"], "ports": [{"port": 1, "protocol": "UDP"}]}


def test_an_applier_may_change_the_version() -> None:
    one = applied(None, thing(number=1, text="x"), writer("one"))
    view = one | {"apiVersion": "v2", "spec": {"count": 1, "text": "x"}}
    two = applied(view, thing(text="x", version="v2"), writer("one", 1), KIND_2)
    assert two["spec"] == {"text": "x"}
    assert [entry["apiVersion"] for entry in two["metadata"]["managedFields"]] == ["v2"]
    kept = applied(view, thing(count=1, version="v2"), writer("one", 1), KIND_2)
    assert kept["spec"] == {"count": 1}


def test_conflicts_with_another_version() -> None:
    one = applied(None, thing(number=1), writer("one"))
    view = one | {"apiVersion": "v2", "spec": {"count": 1}}
    with pytest.raises(ApplyConflicts) as caught:
        apply(KIND_2, view, thing(count=2, version="v2"), writer("two"), force=False)
    assert [show(conflict.path) for conflict in caught.value.conflicts] == [".spec.number"]
    taken = applied(view, thing(count=2, version="v2"), writer("two"), KIND_2, force=True)
    assert owners(taken) == {"two": {"f:spec": {"f:count": {}}}}


def test_what_another_version_owns_stays() -> None:
    one = applied(None, thing(number=1), writer("one"))
    view = one | {"apiVersion": "v2", "spec": {"count": 1}}
    both = applied(view, thing(count=1, version="v2"), writer("two"), KIND_2)
    less = applied(both, thing(version="v2"), writer("two"), KIND_2)
    assert less["spec"] == {"count": 1}


def test_a_version_that_is_gone_owns_nothing() -> None:
    one = applied(None, thing(text="x"), writer("one"))
    one["metadata"]["managedFields"][0]["apiVersion"] = "v0"
    two = applied(one, thing(text="y"), writer("two"))
    assert list(owners(two)) == ["two"]
    again = applied(one, thing(number=1), writer("one"))
    assert again["spec"] == {"text": "x", "number": 1}


def test_an_atomic_list_that_became_granular() -> None:
    one = applied(None, thing(set=["a"]), writer("one"))
    one["metadata"]["managedFields"][0]["fieldsV1"] = {"f:spec": {"f:set": {}}}
    again = applied(one, thing(set=["a", "b"]), writer("one"))
    assert again["spec"] == {"set": ["a", "b"]}


managers = st.sampled_from(["one", "two", "three"])


def _full(value: Any) -> Any:
    """A value without anything empty in it: what is emptied by a removal becomes null, as upstream has it."""
    if isinstance(value, dict):
        inner = {name: _full(member) for name, member in value.items()}
        return {name: member for name, member in inner.items() if member not in (None, {}, [])}
    return [_full(item) for item in value] if isinstance(value, list) else value


full: st.SearchStrategy[Obj] = specs.map(distinct).map(_full)


@given(st.lists(st.tuples(managers, full), min_size=1, max_size=6))
def test_owners_find_what_they_applied(applies: list[tuple[str, Obj]]) -> None:
    obj: Obj | None = None
    last: dict[str, Obj] = {}
    for time, (manager, spec) in enumerate(applies):
        config = thing(TRACKED, **spec)
        obj = applied(obj, config, writer(manager, time), force=True)
        last[manager] = config
        again = applied(obj, config, writer(manager, 59))
        assert again["metadata"] == obj["metadata"], "applying twice is applying once"
        assert again.get("spec") == obj.get("spec")
    assert obj is not None
    for manager, fields in owners(obj).items():
        config = last[manager]
        assert set(sets.paths(fields)) <= set(sets.paths(covered(THING, config))), "an applier owns what it applied"
        for path in sets.paths(fields):
            found, wanted = _at(obj, path), _at(config, path)
            assert isinstance(wanted, (dict, list)) or found == wanted, "and finds it as it was applied"


@given(managers, full, full)
def test_what_nobody_owns_any_more_is_gone(manager: str, first: Obj, second: Obj) -> None:
    obj = applied(None, thing(**first), writer(manager))
    obj = applied(obj, thing(**second), writer(manager, 1))
    assert set(_leaves(obj)) == set(_leaves(thing(**second)))


def _at(obj: Any, path: tuple[str, ...]) -> Any:
    """The value at a path, whose items are found by what they say."""
    for step in path:
        if step[0] == "f":
            obj = obj[step[2:]]
        elif step[0] == "k":
            keys = json.loads(step[2:])
            obj = next(item for item in obj if keys.items() <= {"protocol": "TCP", **item}.items())
        else:
            obj = next(item for item in obj if item == json.loads(step[2:]))
    return obj


def _leaves(obj: Obj) -> list[tuple[str, ...]]:
    fields = covered(THING, obj)
    return [path for path in sets.paths(fields) if path[0] == "f:spec" and path[-1][0] == "f"]

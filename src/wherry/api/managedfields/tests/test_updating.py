from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.managedfields import sets
from wherry.api.managedfields.comparing import compare
from wherry.api.managedfields.entries import APPLY, UPDATE, Identity, identity
from wherry.api.managedfields.tests.kinds import KIND, KIND_2, THING, VERSIONS, thing, writer
from wherry.api.managedfields.tests.test_comparing import specs
from wherry.api.managedfields.updating import Kind, Writer, update

TRACKED = {"labels": {"tracked": ""}}
"""Something to own from the start: of whom nothing is known nothing is tracked."""


def owners(obj: Obj) -> dict[str, Any]:
    """Manager -> what it owns, as JSON."""
    return {entry.get("manager", ""): entry["fieldsV1"] for entry in obj["metadata"].get("managedFields") or ()}


def times(obj: Obj) -> dict[str, str]:
    return {entry["manager"]: entry["time"][-3:-1] for entry in obj["metadata"]["managedFields"]}


def written(old: Obj | None, new: Obj, by: Writer, kind: Kind = KIND) -> Obj:
    """The object after a write; `new` is taken as it is."""
    new = deepcopy(new)
    before = deepcopy(old)
    update(kind, old, new, by)
    assert old == before
    return new


def test_a_creator_owns_everything_but_what_is_the_systems() -> None:
    meta = {"namespace": "n", "uid": "u", "resourceVersion": "1", "labels": {"a": "b"}}
    made = written(None, thing(meta, text="x"), writer("one"))
    assert made["metadata"]["managedFields"] == [
        {
            "manager": "one",
            "operation": "Update",
            "apiVersion": "v1",
            "time": "2026-01-01T00:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
                "f:spec": {".": {}, "f:text": {}},
            },
        }
    ]


def test_nothing_to_own() -> None:
    assert owners(written(None, thing(), writer("one"))) == {}


def test_what_is_changed_changes_hands() -> None:
    one = written(None, thing(text="x", number=1), writer("one", 1))
    two = written(one, thing(text="y", number=1, flag=True), writer("two", 2))
    assert owners(two) == {
        "one": {"f:spec": {".": {}, "f:number": {}}},
        "two": {"f:spec": {"f:flag": {}, "f:text": {}}},
    }
    assert times(two) == {"one": "01", "two": "02"}


def test_what_is_removed_is_nobodys() -> None:
    one = written(None, thing(data={"a": "1", "b": "2"}), writer("one", 1))
    two = written(one, thing(data={"a": "1"}), writer("two", 2))
    assert owners(two) == {"one": {"f:spec": {".": {}, "f:data": {".": {}, "f:a": {}}}}}
    assert times(two) == {"one": "01"}


def test_an_entry_without_fields_goes() -> None:
    one = written(None, thing(data={}), writer("one", 1))
    two = written(one, thing(data={"a": "1"}), writer("two", 2))
    three = written(two, thing(data={}), writer("three", 3))
    assert owners(three) == {"one": {"f:spec": {".": {}, "f:data": {}}}}


def test_time_follows_values_and_not_fields() -> None:
    one = written(None, thing(text="x", data={"a": "1"}), writer("one", 1))
    again = written(one, thing(text="y", data={"a": "1"}), writer("one", 2))
    assert owners(again) == owners(one)
    assert times(again) == {"one": "02"}
    less = written(again, thing(text="y", data={}), writer("one", 3))
    assert owners(less) == {"one": {"f:spec": {".": {}, "f:data": {}, "f:text": {}}}}
    assert times(less) == {"one": "02"}
    same = written(less, thing(text="y", data={}), writer("one", 4))
    assert same["metadata"]["managedFields"] == less["metadata"]["managedFields"]


def test_versions_and_subresources_are_owned_apart() -> None:
    one = written(None, thing(text="x"), writer("one", 1))
    other = written(one, thing(text="x", number=1), writer("one", 2, "status"))
    newer = written(
        VERSIONS.convert(other, "v2") | {"metadata": other["metadata"]},
        thing(text="z", count=1, version="v2"),
        writer("one", 3),
        KIND_2,
    )
    found = {identity(entry): entry["fieldsV1"] for entry in newer["metadata"]["managedFields"]}
    assert found == {
        Identity("one", UPDATE, "v1", ""): {"f:spec": {}},
        Identity("one", UPDATE, "v1", "status"): {"f:spec": {"f:number": {}}},
        Identity("one", UPDATE, "v2", ""): {"f:spec": {"f:text": {}}},
    }


def test_other_versions_see_a_change_in_their_own_terms() -> None:
    one = written(None, thing(number=1), writer("one", 1))
    newer = written(
        one | {"apiVersion": "v2", "spec": {"count": 1}}, thing(count=2, version="v2"), writer("two"), KIND_2
    )
    assert owners(newer) == {"one": {"f:spec": {}}, "two": {"f:spec": {"f:count": {}}}}


def test_versions_that_are_no_longer_served_are_forgotten() -> None:
    one = written(None, thing(text="x"), writer("one"))
    one["metadata"]["managedFields"][0]["apiVersion"] = "v0"
    two = written(one, thing(text="x", number=1), writer("two"))
    assert owners(two) == {"two": {"f:spec": {"f:number": {}}}}


def test_what_a_path_does_not_write_is_not_owned() -> None:
    main = Kind("v1", THING, VERSIONS, ignored=sets.of([("f:status",)]))
    status = Kind("v1", THING, VERSIONS, only=frozenset({"f:status"}))
    obj = {**thing(text="x"), "status": {"number": 1}}
    one = written(None, obj, writer("one"), main)
    assert owners(one) == {"one": {"f:spec": {".": {}, "f:text": {}}}}
    changed = {**thing({"labels": {"a": "b"}}, text="y"), "status": {"number": 2}}
    two = written(one, changed, writer("two", 1, "status"), status)
    assert owners(two) == {"one": {"f:spec": {".": {}, "f:text": {}}}, "two": {"f:status": {"f:number": {}}}}


@pytest.mark.parametrize("sent", [[], [{}]])
def test_forgetting_all_managers(sent: list[Any]) -> None:
    one = written(None, thing(text="x"), writer("one"))
    forgotten = written(one, thing({"managedFields": sent}, text="y"), writer("two"))
    assert "managedFields" not in forgotten["metadata"]
    left_alone = written(forgotten, thing(text="z"), writer("three"))
    assert "managedFields" not in left_alone["metadata"]


def test_a_client_may_write_the_entries_itself() -> None:
    one = written(None, thing(text="x"), writer("one"))
    [entry] = deepcopy(one["metadata"]["managedFields"])
    entry["manager"] = "renamed"
    two = written(one, thing({"managedFields": [entry]}, text="x"), writer("two"))
    assert owners(two) == {"renamed": {"f:spec": {".": {}, "f:text": {}}}}
    by_status = written(one, thing({"managedFields": [entry]}, text="x"), writer("two", 0, "status"))
    assert owners(by_status) == owners(one)


@pytest.mark.parametrize("sent", [None, [{"operation": "Nonsense"}], [{"manager": "m", "operation": "Update"}]])
def test_entries_that_make_no_sense_are_not_taken(sent: Any) -> None:
    one = written(None, thing(text="x"), writer("one"))
    two = written(one, thing({"managedFields": sent}, text="x"), writer("two"))
    assert owners(two) == owners(one)


def test_lists_that_cannot_be_compared_leave_the_entries_as_they_are() -> None:
    one = written(None, thing(text="x"), writer("one"))
    two = written(one, thing(text="y", items=[{}]), writer("two"))
    assert owners(two) == owners(one)
    assert owners(written(None, thing(items=[{}]), writer("one"))) == {}


def test_appliers_lose_what_others_change() -> None:
    one = written(None, thing(text="x", number=1), writer("one"))
    one["metadata"]["managedFields"][0]["operation"] = APPLY
    two = written(one, thing(text="x", number=2), writer("two"))
    assert owners(two) == {"one": {"f:spec": {".": {}, "f:text": {}}}, "two": {"f:spec": {"f:number": {}}}}


def test_a_writer_without_a_name() -> None:
    assert list(owners(written(None, thing(text="x"), writer("")))) == ["unknown"]


@given(st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), specs), min_size=1, max_size=5))
def test_every_value_has_the_owner_who_wrote_it_last(writes: list[tuple[str, Obj]]) -> None:
    obj: Obj | None = None
    for time, (manager, spec) in enumerate(writes):
        new = thing(TRACKED, **spec)
        obj = written(obj, new, writer(manager, time))
    assert obj is not None
    entries = obj["metadata"].get("managedFields") or []
    owned = [set(sets.paths(entry["fieldsV1"])) for entry in entries]
    assert sum(map(len, owned)) == len(set().union(*owned)), "nothing has two owners"
    assert all(owned), "an entry owns something"
    everything = set(sets.paths(_whole(obj)))
    assert set().union(*owned) == everything, "everything has an owner"


def _whole(obj: Obj) -> sets.Fields:
    bare = {"spec": obj["spec"]} if "spec" in obj else {}
    return compare(THING, {}, bare).added | {"f:metadata": {"f:labels": {".": {}, "f:tracked": {}}}}

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.managedfields import sets
from wherry.api.managedfields.entries import (
    APPLY,
    MOST_UPDATERS,
    UPDATE,
    BadEntry,
    Entry,
    Identity,
    arranged,
    capped,
    decode_entries,
    identity,
    is_reset,
    make,
    same_but_times,
    with_fields,
)


def entry(manager: str, time: int = 0, *, operation: str = UPDATE, version: str = "v1", fields: str = "f:a") -> Entry:
    who = Identity(manager, operation, version, "")
    return make(who, version, f"2026-01-01T00:00:{time:02d}Z", sets.of([(fields,)]))


def test_members_stand_in_upstreams_order() -> None:
    made = make(Identity("m", UPDATE, "v1", "status"), "v1", "2026-01-01T00:00:00Z", sets.of([("f:b",), ("f:a",)]))
    assert list(made) == ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"]
    assert list(made["fieldsV1"]) == ["f:a", "f:b"]
    assert "time" not in make(Identity("m", APPLY, "", ""), "v1", "", sets.EMPTY)


def test_an_applier_is_one_in_all_versions() -> None:
    assert identity(entry("m", operation=APPLY)) == identity(entry("m", operation=APPLY, version="v2"))
    assert identity(entry("m")) != identity(entry("m", version="v2"))
    assert identity(entry("m")) != identity(entry("m", operation=APPLY))


def test_order() -> None:
    entries = [
        entry("z", 5, operation=APPLY),
        entry("a", 7, operation=APPLY),
        entry("b", 1),
        entry("a", 2, version="v1"),
        entry("a", 2, version="v2"),
    ]
    assert arranged(entries[::-1]) == entries


def test_the_same_fields_are_the_same_entry() -> None:
    one = entry("m")
    assert with_fields(one, one["fieldsV1"]) is one
    assert with_fields(one, sets.of([("f:b",)]))["fieldsV1"] == {"f:b": {}}


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ([{}], "operation must be `Apply` or `Update`"),
        ([{"operation": "Patch"}], "operation must be `Apply` or `Update`"),
        ([{"operation": UPDATE}], "apiVersion must not be empty"),
        ([{"operation": UPDATE, "apiVersion": "v1"}], "missing fieldsType in managed fields entry 0"),
        (
            [{"operation": UPDATE, "apiVersion": "v1", "fieldsType": "V2"}],
            'invalid fieldsType "V2" in managed fields entry 0',
        ),
        (
            [{"operation": UPDATE, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"x": {}}}],
            "error decoding set: key must be 2 characters long:",
        ),
    ],
)
def test_what_is_no_entry(raw: list[Any], why: str) -> None:
    with pytest.raises(BadEntry) as caught:
        decode_entries(raw)
    assert str(caught.value) == why


def test_what_a_client_sends_is_brought_into_form() -> None:
    raw = [
        {"fieldsV1": {"f:b": {}, "f:a": {".": {}}}, "fieldsType": "FieldsV1", "operation": UPDATE, "apiVersion": "v1"},
        {"manager": "m", "operation": APPLY, "apiVersion": "v1", "fieldsType": "FieldsV1"},
    ]
    assert decode_entries(raw) == [
        {"manager": "m", "operation": APPLY, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}},
        {"operation": UPDATE, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:a": {}, "f:b": {}}},
    ]
    assert decode_entries(None) == []


def test_the_oldest_updaters_become_one() -> None:
    entries = [entry(f"m{count:02d}", count, fields=f"f:{count}") for count in range(12)]
    applier = entry("applier", 0, operation=APPLY)
    left = capped([*entries, applier])
    by_name = {found["manager"]: found for found in left}
    assert len(left) == MOST_UPDATERS + 1
    assert by_name["ancient-changes"]["time"] == "2026-01-01T00:00:02Z"
    assert by_name["ancient-changes"]["fieldsV1"] == {"f:0": {}, "f:1": {}, "f:2": {}}
    assert set(by_name) == {"ancient-changes", "applier", *(f"m{count:02d}" for count in range(3, 12))}


def test_of_one_second_the_first_by_name_become_one() -> None:
    left = capped([entry(f"m{count:02d}", fields=f"f:{count}") for count in reversed(range(12))])
    ancient = next(found for found in left if found["manager"] == "ancient-changes")
    assert ancient["fieldsV1"] == {"f:0": {}, "f:1": {}, "f:2": {}}


def test_each_version_has_its_own() -> None:
    entries = [entry(f"m{count:02d}", count, version=f"v{count % 2}", fields=f"f:{count}") for count in range(13)]
    left = capped(entries)
    ancient = {found["apiVersion"]: found["fieldsV1"] for found in left if found["manager"] == "ancient-changes"}
    assert len(left) == MOST_UPDATERS
    assert ancient == {"v0": {"f:0": {}, "f:2": {}, "f:4": {}}, "v1": {"f:1": {}, "f:3": {}}}


def test_the_bucket_takes_in_the_next_one() -> None:
    entries = [entry(f"m{count:02d}", count, fields=f"f:{count}") for count in range(11)]
    left = capped([*capped(entries), entry("new", 20, fields="f:20")])
    assert len(left) == MOST_UPDATERS
    ancient = next(found for found in left if found["manager"] == "ancient-changes")
    assert ancient["fieldsV1"] == {"f:0": {}, "f:1": {}, "f:2": {}}


def test_what_is_older_than_the_bucket_stays_beside_it() -> None:
    bucket = entry("ancient-changes", 5, fields="f:old")
    left = capped([bucket, entry("first", 1), *(entry(f"m{count:02d}", 10 + count) for count in range(10))])
    by_name = {found["manager"]: found for found in left}
    assert len(left) == MOST_UPDATERS
    assert "first" not in by_name
    assert by_name["ancient-changes"]["fieldsV1"] == {"f:a": {}, "f:old": {}}


def test_the_first_is_left_alone_where_a_younger_bucket_takes_in_the_second() -> None:
    bucket = entry("ancient-changes", 50, fields="f:old")
    left = capped([bucket, *(entry(f"m{count:02d}", count, fields=f"f:{count}") for count in range(10))])
    by_name = {found["manager"]: found for found in left}
    assert set(by_name) == {"ancient-changes", "m00", *(f"m{count:02d}" for count in range(2, 10))}
    assert by_name["ancient-changes"]["fieldsV1"] == {"f:1": {}, "f:old": {}}
    assert by_name["ancient-changes"]["time"] == "2026-01-01T00:00:01Z"


def test_few_updaters_stay_as_they_are() -> None:
    entries = [entry(f"m{count}") for count in range(MOST_UPDATERS)]
    assert capped(entries) is entries


@pytest.mark.parametrize(("raw", "expected"), [([], True), ([{}], True), (None, False), ([{"manager": "m"}], False)])
def test_a_client_may_ask_to_forget(raw: Any, expected: bool) -> None:
    assert is_reset(raw) is expected


def test_times_alone() -> None:
    assert same_but_times([entry("m", 1)], [entry("m", 2)])
    assert not same_but_times([entry("m", 1)], [entry("n", 1)])
    assert not same_but_times([entry("m")], [])

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.store import Revision
from wherry.watchcache.item import Item, restamp, stamp, unstamp

_TEXT = st.text(max_size=20)
_OBJECTS = st.builds(
    lambda metadata, spec: {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec},
    st.dictionaries(_TEXT.filter(lambda name: name != "resourceVersion"), _TEXT, max_size=3),
    # What tries to look like metadata stands behind it.
    st.dictionaries(_TEXT, st.sampled_from(['"metadata":{', '"resourceVersion":"7"', "☃", ""]), max_size=3),
)
_REVISIONS = st.integers(1, 2**62).map(Revision)


@given(_OBJECTS, _REVISIONS, _REVISIONS)
def test_stamping(obj: Obj, revision: Revision, later: Revision) -> None:
    value = msgspec.json.encode(obj)
    data = stamp(value, revision)
    assert msgspec.json.decode(data) == {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(revision)}}
    assert unstamp(data, revision) == value
    assert restamp(data, revision, later) == stamp(value, later)


def item(encoded: str) -> Item:
    return Item("default", "web", Revision(7), stamp(encoded.encode(), Revision(7)))


@pytest.mark.parametrize(
    ("encoded", "labels"),
    [
        pytest.param('{"metadata":{}}', {}, id="none"),
        pytest.param('{"metadata":{"labels":null}}', {}, id="null"),
        pytest.param('{"metadata":{"labels":{"a":"1"}},"spec":{"labels":{"a":"2"}}}', {"a": "1"}, id="its own"),
    ],
)
def test_labels(encoded: str, labels: dict[str, str]) -> None:
    assert item(encoded).labels == labels


def test_fields_are_extracted_once() -> None:
    calls: list[Obj] = []

    def node_name(obj: Obj) -> str:
        calls.append(obj)
        return str(obj["spec"]["nodeName"])

    pod = item('{"metadata":{},"spec":{"nodeName":"n1"}}')
    assert [pod.field("spec.nodeName", node_name) for _ in range(3)] == ["n1"] * 3
    assert len(calls) == 1


def test_decoding_gives_a_copy_of_ones_own() -> None:
    pod = item('{"metadata":{}}')
    pod.decode()["metadata"]["name"] = "changed"
    assert pod.decode() == {"metadata": {"resourceVersion": "7"}}


def test_the_last_state_at_a_later_revision() -> None:
    pod = item('{"metadata":{"labels":{"a":"1"}}}')
    assert pod.labels == {"a": "1"}
    gone = pod.at(Revision(1234))
    assert (gone.key, gone.revision, gone.labels) == ("default/web", 1234, {"a": "1"})
    assert gone.decode()["metadata"]["resourceVersion"] == "1234"


def test_keys() -> None:
    assert item('{"metadata":{}}').key == "default/web"
    assert Item("", "n1", Revision(1), b"").key == "n1"


def test_forms_are_remembered_by_what_they_are_for() -> None:
    pod = item('{"metadata":{},"spec":1}')
    first, second = object(), object()
    assert pod.form(first) is None
    other = pod.keep_form(first, b'{"metadata":{"resourceVersion":"7"},"spec":2}')
    assert pod.form(first) is other
    assert pod.form(second) is None
    assert pod.keep_form(second, bytes(pod.data)).data is pod.data
    assert other.form(second) is other
    gone = pod.at(Revision(9)).form(first)
    assert gone is not None
    assert gone.decode() == {"metadata": {"resourceVersion": "9"}, "spec": 2}


def test_of_many_forms_the_latest_are_kept() -> None:
    pod = item('{"metadata":{}}')
    purposes = [object() for _ in range(9)]
    for purpose in purposes:
        pod.keep_form(purpose, b"{}")
    kept = [purpose for purpose in purposes if pod.form(purpose) is not None]
    assert kept == purposes[-4:]

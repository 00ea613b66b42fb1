from __future__ import annotations

import json
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.managedfields.conflicts import ApplyConflicts, show
from wherry.api.managedfields.lastapplied import ANNOTATION, apply_as_kubectl
from wherry.api.managedfields.tests.kinds import KIND, thing, writer
from wherry.api.managedfields.tests.test_updating import written

KUBECTL = writer("kubectl", 9)


def noted(note: Any, **spec: Any) -> Obj:
    """An object that client-side apply has made."""
    text = note if isinstance(note, str) else json.dumps(note)
    return written(None, thing({"annotations": {ANNOTATION: text}}, **spec), writer("kubectl-client-side-apply"))


def note_of(obj: Obj | None) -> str:
    assert obj is not None
    text: str = obj["metadata"]["annotations"][ANNOTATION]
    return text


def test_what_client_side_apply_has_written_may_be_changed() -> None:
    live = noted(thing(text="x", number=1), text="x", number=1)
    result = apply_as_kubectl(KIND, live, thing(text="y", number=1), KUBECTL, force=False)
    assert result.obj is not None
    assert result.obj["spec"] == {"text": "y", "number": 1}


def test_what_others_have_changed_since_may_not() -> None:
    live = noted(thing(text="x", number=1), text="x", number=1)
    edited = written(live, {**live, "spec": {"text": "edited", "number": 1}}, writer("editor", 1))
    with pytest.raises(ApplyConflicts) as caught:
        apply_as_kubectl(KIND, edited, thing(text="y", number=2), KUBECTL, force=False)
    assert [show(conflict.path) for conflict in caught.value.conflicts] == [".spec.text"]


@pytest.mark.parametrize(
    "note",
    [
        pytest.param("", id="none"),
        pytest.param("{", id="no JSON"),
        pytest.param("[1]", id="no object"),
        pytest.param({**thing(text="x"), "apiVersion": "v2"}, id="of another version"),
        pytest.param(thing(text=1), id="that does not fit"),
        pytest.param(thing(items=[{}]), id="with items that cannot be told apart"),
    ],
)
def test_a_note_that_says_nothing_allows_nothing(note: Any) -> None:
    live = noted(note, text="x")
    with pytest.raises(ApplyConflicts):
        apply_as_kubectl(KIND, live, thing(text="y"), KUBECTL, force=False)


def test_the_note_is_kept_up_to_date() -> None:
    live = noted(thing(text="x"), text="x")
    config = thing({"annotations": {ANNOTATION: "old", "a": "<b>"}}, text="y")
    result = apply_as_kubectl(KIND, live, config, KUBECTL, force=True)
    assert note_of(result.obj) == (
        '{"apiVersion":"v1","kind":"Thing","metadata":{"annotations":{"a":"\\u003cb\\u003e"},"name":"t"},'
        '"spec":{"text":"y"}}\n'
    )


def test_even_when_nothing_else_changes() -> None:
    live = noted("{}", text="x")
    result = apply_as_kubectl(KIND, live, thing(text="x"), KUBECTL, force=False)
    assert json.loads(note_of(result.obj)) == thing(text="x")


def test_no_note_is_made_where_there_is_none() -> None:
    made = apply_as_kubectl(KIND, None, thing(text="x"), KUBECTL, force=False)
    assert made.obj == thing(text="x")


def test_a_note_that_would_be_too_long_goes() -> None:
    live = noted(thing(text="x"), text="x")
    result = apply_as_kubectl(KIND, live, thing(text="y" * 300_000), KUBECTL, force=False)
    assert result.obj is not None
    assert ANNOTATION not in result.obj["metadata"]["annotations"]

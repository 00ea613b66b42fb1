"""What is believed of a conversion webhook, as tables of lies."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from wherry.api import Obj
from wherry.apiserver.extensions.review import ReviewError, answer, request

V1, V2 = "shop.example.com/v1", "shop.example.com/v2"


def sent() -> Obj:
    metadata = {"name": "a", "namespace": "default", "uid": "u1", "labels": {"app": "a"}, "generation": 3}
    return {"apiVersion": V1, "kind": "Widget", "metadata": metadata, "spec": {"size": 1}}


def review(asked: Obj, **metadata: Any) -> Obj:
    converted = [copy.deepcopy(obj) | {"apiVersion": V2} for obj in asked["request"]["objects"]]
    converted[0]["metadata"].update(metadata)
    response = {"uid": asked["request"]["uid"], "result": {"status": "Success"}, "convertedObjects": converted}
    return {"apiVersion": asked["apiVersion"], "kind": "ConversionReview", "response": response}


def ask(versions: tuple[str, ...] = ("v1",)) -> Obj:
    return request(versions, "r1", [sent()], V2)


def test_a_request_is_made_in_the_first_version_that_is_known() -> None:
    assert ask(("v7", "v1beta1", "v1"))["apiVersion"] == "apiextensions.k8s.io/v1beta1"
    with pytest.raises(ReviewError, match="no supported conversion review versions"):
        ask(("v7",))


def test_labels_and_annotations_are_believed_and_no_other_metadata() -> None:
    asked = ask()
    got = answer(asked, review(asked, labels={"app": "b"}, annotations={"x": "y"}, generation=9), [sent()])
    assert got[0]["metadata"] == {**sent()["metadata"], "labels": {"app": "b"}, "annotations": {"x": "y"}}
    assert got[0]["apiVersion"] == V2


def test_what_is_left_out_of_labels_is_gone() -> None:
    asked = ask()
    told = review(asked)
    del told["response"]["convertedObjects"][0]["metadata"]["labels"]
    assert "labels" not in answer(asked, told, [sent()])[0]["metadata"]


def test_the_old_version_of_reviews_is_not_asked_for_its_uid() -> None:
    asked = ask(("v1beta1",))
    told = review(asked)
    told["response"]["uid"] = "another"
    told["kind"] = "Whatever"
    assert answer(asked, told, [sent()])[0]["apiVersion"] == V2


def _response(**change: Any) -> Callable[[Obj], Any]:
    return lambda told: told["response"].update(change)


def _object(**change: Any) -> Callable[[Obj], Any]:
    return lambda told: told["response"]["convertedObjects"][0].update(change)


def _metadata(**change: Any) -> Callable[[Obj], Any]:
    return lambda told: told["response"]["convertedObjects"][0]["metadata"].update(change)


LIES: list[tuple[str, Callable[[Obj], Any], str]] = [
    ("uid", _response(uid="r2"), ' failed: expected response.uid="r1", got "r2"'),
    (
        "kind of review",
        lambda told: told.update(apiVersion="x/v1"),
        (
            " failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, "
            "got x/v1, Kind=ConversionReview"
        ),
    ),
    ("no response", lambda told: told.pop("response"), " failed: no response provided"),
    ("refusal", _response(result={"status": "Failed", "message": "not today"}), " failed: not today"),
    ("no result", _response(result=None), " failed: response.result.status was '', not 'Success'"),
    ("too few", _response(convertedObjects=[]), " returned 0 objects, expected 1"),
    ("too many", _response(convertedObjects=[sent(), sent()]), " returned 2 objects, expected 1"),
    ("no list", _response(convertedObjects="all"), " returned 0 objects, expected 1"),
    (
        "version",
        _object(apiVersion=V1),
        f" returned invalid object at index 0: invalid groupVersion (expected {V2}, received {V1})",
    ),
    (
        "kind",
        _object(kind="Gadget"),
        " returned invalid object at index 0: invalid kind (expected Widget, received Gadget)",
    ),
    ("name", _metadata(name="b"), " returned invalid object: must have the same name: a != b"),
    (
        "namespace",
        _metadata(namespace="kube-system"),
        " returned invalid object: must have the same namespace: default != kube-system",
    ),
    ("uid of object", _metadata(uid="u2"), " returned invalid object: must have the same UID: u1 != u2"),
    ("no metadata", _object(metadata=None), " returned invalid object: must have the same name: a != "),
    (
        "labels of another type",
        _metadata(labels=["a"]),
        " returned invalid metadata: invalid metadata.labels of type []interface {} in converted object",
    ),
    (
        "a label that is no text",
        _metadata(labels={"a": 1}),
        " returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object",
    ),
]


@pytest.mark.parametrize(("lie", "message"), [case[1:] for case in LIES], ids=[case[0] for case in LIES])
def test_lies_are_found_out(lie: Callable[[Obj], Any], message: str) -> None:
    asked = ask()
    told = review(asked)
    lie(told)
    with pytest.raises(ReviewError) as caught:
        answer(asked, told, [sent()])
    assert str(caught.value) == message


def test_new_labels_must_be_labels() -> None:
    asked = ask()
    with pytest.raises(ReviewError, match=r"returned invalid metadata: metadata.labels: Invalid value: \"no label!\""):
        answer(asked, review(asked, labels={"no label!": "x"}), [sent()])

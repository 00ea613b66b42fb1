"""What a conversion webhook is asked, and whether its answer can be believed.

A webhook may change all of an object but its identity: of the metadata only labels and annotations are taken from its
answer. Pure; `ReviewError` says what is wrong, in upstream's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.errors import aggregate
from wherry.api.meta.labels import validate_labels
from wherry.api.meta.objectmeta import validate_annotations

GROUP = "apiextensions.k8s.io"
VERSIONS = ("v1", "v1beta1")


class ReviewError(Exception):
    """An answer that cannot be used. The message follows `conversion webhook for <kind>`."""


def request(versions: Sequence[str], uid: str, objects: Sequence[Obj], api_version: str) -> Obj:
    """The document to send, in the first of the webhook's versions that is known here."""
    version = next((each for each in versions if each in VERSIONS), None)
    if version is None:
        raise ReviewError(" failed: no supported conversion review versions")
    return {
        "kind": "ConversionReview",
        "apiVersion": f"{GROUP}/{version}",
        "request": {"uid": uid, "desiredAPIVersion": api_version, "objects": list(objects)},
    }


def answer(asked: Obj, review: Any, objects: Sequence[Obj]) -> list[Obj]:
    """The converted objects of the answer to `asked`, with the identity of the `objects` that were sent."""
    converted = _converted(asked, review)
    if len(converted) != len(objects):
        raise ReviewError(f" returned {len(converted)} objects, expected {len(objects)}")
    wanted = asked["request"]["desiredAPIVersion"]
    pairs = zip(objects, converted, strict=True)
    return [_accepted(sent, got, index, wanted) for index, (sent, got) in enumerate(pairs)]


def _converted(asked: Obj, review: Any) -> list[Any]:
    if not isinstance(review, dict):
        raise ReviewError(" failed: couldn't get version/kind; json parse error: the response is no object")
    response = review.get("response")
    if asked["apiVersion"] == f"{GROUP}/v1":
        _check_kind(review)
        if isinstance(response, dict) and response.get("uid") != asked["request"]["uid"]:
            got = response.get("uid") or ""
            raise ReviewError(f' failed: expected response.uid="{asked["request"]["uid"]}", got "{got}"')
    if not isinstance(response, dict):
        raise ReviewError(" failed: no response provided")
    result = response.get("result")
    result = result if isinstance(result, dict) else {}
    if result.get("status") != "Success":
        why = f"response.result.status was '{result.get('status') or ''}', not 'Success'"
        raise ReviewError(f" failed: {result.get('message') or why}")
    objects = response.get("convertedObjects")
    return objects if isinstance(objects, list) else []


def _check_kind(review: Obj) -> None:
    wanted = f"{GROUP}/v1, Kind=ConversionReview"
    got = f"{review.get('apiVersion') or '/'}, Kind={review.get('kind') or ''}"
    if got != wanted:
        raise ReviewError(f" failed: expected webhook response of {wanted}, got {got}")


def _accepted(sent: Obj, got: Any, index: int, wanted: str) -> Obj:
    where = f" returned invalid object at index {index}"
    if not isinstance(got, dict):
        raise ReviewError(f"{where}: the converted object is no object")
    if got.get("apiVersion") != wanted:
        raise ReviewError(f"{where}: invalid groupVersion (expected {wanted}, received {got.get('apiVersion') or ''})")
    if got.get("kind") != sent["kind"]:
        raise ReviewError(f"{where}: invalid kind (expected {sent['kind']}, received {got.get('kind') or ''})")
    before, after = sent["metadata"], got.get("metadata")
    _check_identity(before, after if isinstance(after, dict) else {})
    got["metadata"] = _restored(before, after)
    return got


def _check_identity(before: Obj, after: Obj) -> None:
    for name, called in (("name", "name"), ("namespace", "namespace"), ("uid", "UID")):
        was, now = before.get(name) or "", after.get(name) or ""
        if was != now:
            raise ReviewError(f" returned invalid object: must have the same {called}: {was} != {now}")


def _restored(before: Obj, after: Any) -> Obj:
    """The metadata that was sent, with the labels and annotations that came back."""
    if after is None:
        raise ReviewError(" returned invalid metadata: missing metadata in converted object")
    if not isinstance(after, dict):
        raise ReviewError(f" returned invalid metadata: invalid metadata of type {_go_type(after)} in converted object")
    metadata = dict(before)
    for name, validate, path in (
        ("labels", validate_labels, "metadata.labels"),
        ("annotations", validate_annotations, "metadata.annotation"),
    ):
        value = after.get(name)
        if value is None:
            metadata.pop(name, None)
            continue
        if not isinstance(value, dict):
            why = f"invalid metadata.{name} of type {_go_type(value)} in converted object"
            raise ReviewError(f" returned invalid metadata: {why}")
        for key, text in value.items():
            if not isinstance(text, str):
                why = f"metadata.{name}[{key}] must be a string, but is {_go_type(text)} in converted object"
                raise ReviewError(f" returned invalid metadata: {why}")
        if value != metadata.get(name) and (faults := validate(value, path)):
            raise ReviewError(f" returned invalid metadata: {aggregate(faults)}")
        metadata[name] = value
    return metadata


def _go_type(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float64"
        case str():
            return "string"
        case list():
            return "[]interface {}"
        case dict():
            return "map[string]interface {}"
        case _:
            return "<nil>"

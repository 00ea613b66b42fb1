from __future__ import annotations

import sys
from typing import Any

import pytest

from wherry.api.errors import ApiError, BadRequest, Invalid, UnsupportedMediaType
from wherry.api.patch import JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH
from wherry.api.patch.applying import REJECTED, apply
from wherry.api.schema import schema
from wherry.api.structural.schema import StructuralSchema

POD = schema("v1", "Pod")


@pytest.mark.parametrize(
    ("patch_type", "patch", "expected"),
    [
        (
            JSON_PATCH,
            [{"op": "replace", "path": "/spec/containers/0/image", "value": "y"}],
            [{"name": "a", "image": "y"}],
        ),
        (MERGE_PATCH, {"spec": {"containers": [{"name": "b"}]}}, [{"name": "b"}]),
        (
            STRATEGIC_MERGE_PATCH,
            {"spec": {"containers": [{"name": "b"}]}},
            [{"name": "b"}, {"name": "a", "image": "x"}],
        ),
    ],
)
def test_every_sort_of_patch(patch_type: str, patch: Any, expected: Any) -> None:
    pod = {"spec": {"containers": [{"name": "a", "image": "x"}]}}
    assert apply(patch_type, pod, patch, POD) == {"spec": {"containers": expected}}


@pytest.mark.parametrize(
    ("patch_type", "patch", "error", "message"),
    [
        (JSON_PATCH, {}, BadRequest,
         "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        (JSON_PATCH, [{"op": "remove", "path": "/x"}], Invalid, REJECTED),
        (JSON_PATCH, [{"op": "remove", "path": ""}], Invalid, REJECTED),
        (MERGE_PATCH, [], BadRequest,
         "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),
        (STRATEGIC_MERGE_PATCH, "x", BadRequest,
         "json: cannot unmarshal string into Go value of type map[string]interface {}"),
        (STRATEGIC_MERGE_PATCH, {"metadata": {"$deleteFromPrimitiveList": 1}}, BadRequest,
         "invalid patch format of primitive list"),
        (STRATEGIC_MERGE_PATCH, {"spec": {"containers": [{}]}}, ApiError,
         "map: map[] does not contain declared merge key: name"),
    ],
)  # fmt: skip
def test_bad_patches(patch_type: str, patch: Any, error: type[ApiError], message: str) -> None:
    with pytest.raises(ApiError) as caught:
        apply(patch_type, {"metadata": {}, "spec": {"containers": [{"name": "a"}]}}, patch, POD)
    assert type(caught.value) is error
    assert caught.value.message == message


@pytest.mark.parametrize("patch_type", [JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH])
def test_too_deep(patch_type: str) -> None:
    deep: Any = {}
    for _ in range(sys.getrecursionlimit() * 2):
        deep = {"a": deep}
    patch = [{"op": "add", "path": "/x", "value": deep}] if patch_type == JSON_PATCH else {"x": deep}
    with pytest.raises(BadRequest, match="exceeded max depth"):
        apply(patch_type, {"x": {}}, patch, POD)


def test_custom_resources_know_no_strategic_merge() -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        apply(STRATEGIC_MERGE_PATCH, {}, {}, StructuralSchema.of(None))
    assert caught.value.message == (
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    )

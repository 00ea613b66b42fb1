"""Apply a patch of any sort, answering bad ones as upstream's API server does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wherry.api import Obj
from wherry.api.errors import ApiError, BadRequest, Invalid, UnsupportedMediaType
from wherry.api.patch import JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, json_patch, merge, strategic
from wherry.api.patch.json_patch import json_type
from wherry.api.schema import Schema

REJECTED = "the server rejected our request due to an error in our request"
"""All that upstream says of a patch that does not fit the object: kubectl would print a cause instead."""


def apply(patch_type: str, obj: Obj, patch: Any, schema: Schema) -> Obj:
    """The object after a decoded patch. `obj` is used up, `patch` stays as it is.

    Raises BadRequest, Invalid, RequestEntityTooLarge or UnsupportedMediaType.
    """
    try:
        return _apply(patch_type, obj, patch, schema)
    except RecursionError:
        raise BadRequest("exceeded max depth") from None


def _apply(patch_type: str, obj: Obj, patch: Any, schema: Schema) -> Obj:
    if patch_type == JSON_PATCH:
        return _rejecting(lambda: json_patch.apply(obj, json_patch.parse(patch)))
    if patch_type == MERGE_PATCH:
        if not isinstance(patch, dict):
            raise _undecodable(patch, "error decoding patch: ")
        return merge.apply(obj, patch)
    if patch_type == STRATEGIC_MERGE_PATCH and schema.knows_strategic_merge:
        if not isinstance(patch, dict):
            raise _undecodable(patch)
        return _rejecting(lambda: strategic.apply(obj, patch, schema))
    raise unsupported(schema.knows_strategic_merge)


def unsupported(has_strategic: bool) -> UnsupportedMediaType:
    """The answer to a content type that is no patch of this kind."""
    types = [
        JSON_PATCH,
        MERGE_PATCH,
        *([STRATEGIC_MERGE_PATCH] if has_strategic else []),
        "application/apply-patch+yaml",
    ]
    return UnsupportedMediaType(
        f"the body of the request was in an unknown format - accepted media types include: {', '.join(types)}"
    )


def _rejecting(work: Callable[[], Any]) -> Obj:
    try:
        result = work()
    except (json_patch.DoesNotFit, strategic.Unmergeable) as error:
        raise _rejected() from error
    except strategic.BadFormat as error:
        raise BadRequest(str(error)) from error
    except strategic.Failed as error:
        raise ApiError(str(error)) from error  # upstream has no reason for these: 500 Unknown
    if not isinstance(result, dict):
        raise _rejected()
    return result


def _rejected() -> Invalid:
    return Invalid(REJECTED, {})


def _undecodable(patch: Any, where: str = "") -> BadRequest:
    return BadRequest(
        f"{where}json: cannot unmarshal {json_type(patch)} into Go value of type map[string]interface {{}}"
    )

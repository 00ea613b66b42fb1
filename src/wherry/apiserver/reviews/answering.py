"""What all reviews share: the question is checked as any object is, and comes back with its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError
from wherry.api.resource import Resource
from wherry.apiserver import pipeline
from wherry.apiserver.attributes import User
from wherry.apiserver.core import Call, Outcome
from wherry.apiserver.encode import encode


def question(resource: Resource, call: Call, body: Obj | None) -> tuple[Obj, pipeline.Faults]:
    """The checked body and the faults of its shape. What a client claims the answer to be is dropped."""
    review: Obj = body if body is not None else {}
    faults = pipeline.intake(resource, review, call)
    review.pop("status", None)
    review.setdefault("spec", {})
    review.setdefault("metadata", {})
    return review, faults


def refuse(resource: Resource, faults: pipeline.Faults, more: Sequence[FieldError] = ()) -> None:
    pipeline.refuse_invalid(resource, "", faults, more)


def answer(review: Obj, status: Mapping[str, Any]) -> Outcome:
    obj = {**review, "status": dict(status)}
    return Outcome(encode(obj), obj, 201)


def user_info(user: User) -> dict[str, Any]:
    """A user as `authentication.k8s.io/v1 UserInfo`."""
    info: dict[str, Any] = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {key: list(values) for key, values in user.extra.items()}
    return info

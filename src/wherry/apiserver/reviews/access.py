"""May they do this? For anybody, for anybody in one namespace, for oneself: always the authorizer's own answer."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.authorization.localsubjectaccessreview import LOCALSUBJECTACCESSREVIEWS
from wherry.api.authorization.selfsubjectaccessreview import SELFSUBJECTACCESSREVIEWS
from wherry.api.authorization.subjectaccessreview import SUBJECTACCESSREVIEWS
from wherry.api.errors import BadRequest
from wherry.api.field import FieldError, invalid
from wherry.apiserver.attributes import Attributes, Authorizer, User
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.reviews.answering import answer, question, refuse
from wherry.apiserver.subresources import Handler, Target

_EITHER = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
_BOTH = "cannot be specified in combination with resourceAttributes"
_WHO = "at least one of user or group must be specified"


def subject_access_review(authorizer: Authorizer) -> Handler:
    async def create(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
        review, faults = question(SUBJECTACCESSREVIEWS, call, body)
        refuse(SUBJECTACCESSREVIEWS, faults, [*_what_faults(review["spec"]), *_who_faults(review["spec"])])
        return _decide(authorizer, review, _user(review["spec"]))

    return create


def local_subject_access_review(authorizer: Authorizer) -> Handler:
    """The same for one namespace, so that the right to ask can be given for one namespace."""

    async def create(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
        review, faults = question(LOCALSUBJECTACCESSREVIEWS, call, body)
        spec = review["spec"]
        refuse(LOCALSUBJECTACCESSREVIEWS, faults, [*_what_faults(spec), *_who_faults(spec)])
        if spec.get("nonResourceAttributes"):
            raise BadRequest("disallowed on this kind of request")
        if ((spec.get("resourceAttributes") or {}).get("namespace") or "") != target.namespace:
            raise BadRequest(f"spec.resourceAttributes.namespace must match namespace: {target.namespace}")
        review["metadata"]["namespace"] = target.namespace
        return _decide(authorizer, review, _user(spec))

    return create


def self_subject_access_review(authorizer: Authorizer) -> Handler:
    """What `kubectl auth can-i` asks."""

    async def create(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
        review, faults = question(SELFSUBJECTACCESSREVIEWS, call, body)
        refuse(SELFSUBJECTACCESSREVIEWS, faults, _what_faults(review["spec"]))
        return _decide(authorizer, review, call.user)

    return create


def _decide(authorizer: Authorizer, review: Obj, user: User) -> Outcome:
    decision = authorizer.authorize(_attributes(review["spec"], user))
    status: dict[str, Any] = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return answer(review, status)


def _attributes(spec: Obj, user: User) -> Attributes:
    wanted = spec.get("resourceAttributes")
    if wanted is None:
        path = spec["nonResourceAttributes"]
        return Attributes(user, path.get("verb") or "", path=path.get("path") or "")
    return Attributes(
        user=user,
        verb=wanted.get("verb") or "",
        group=wanted.get("group") or "",
        version=wanted.get("version") or "",
        resource=wanted.get("resource") or "",
        subresource=wanted.get("subresource") or "",
        namespace=wanted.get("namespace") or "",
        name=wanted.get("name") or "",
    )


def _user(spec: Obj) -> User:
    """As it stands in the question: nobody is taken to be authenticated who is not said to be."""
    extra = {key: tuple(values) for key, values in (spec.get("extra") or {}).items()}
    return User(spec.get("user") or "", tuple(spec.get("groups") or ()), spec.get("uid") or "", extra)


def _what_faults(spec: Obj) -> list[FieldError]:
    wanted, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if wanted is not None and path is not None:
        return [invalid("spec.nonResourceAttributes", path, _BOTH)]
    if wanted is None and path is None:
        return [invalid("spec.resourceAttributes", None, _EITHER)]
    return []


def _who_faults(spec: Obj) -> list[FieldError]:
    if not spec.get("user") and not spec.get("groups"):
        return [invalid("spec.user", spec.get("user") or "", _WHO)]
    return []

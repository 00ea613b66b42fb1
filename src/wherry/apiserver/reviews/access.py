"""May they do this? For anybody, for anybody in one namespace, for oneself: always the authorizer's own answer."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.authorization.localsubjectaccessreview import LOCALSUBJECTACCESSREVIEWS
from wherry.api.authorization.selfsubjectaccessreview import SELFSUBJECTACCESSREVIEWS
from wherry.api.authorization.subjectaccessreview import SUBJECTACCESSREVIEWS
from wherry.apiserver import metadata
from wherry.apiserver.attributes import Attributes, Authorizer, User
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.reviews.answering import answer, question, refuse
from wherry.apiserver.subresources import Handler, Target


def subject_access_review(authorizer: Authorizer) -> Handler:
    async def create(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
        review, faults = question(SUBJECTACCESSREVIEWS, call, body)
        refuse(SUBJECTACCESSREVIEWS, faults, SUBJECTACCESSREVIEWS.validate(review))
        return _decide(authorizer, review, _user(review["spec"]))

    return create


def local_subject_access_review(authorizer: Authorizer) -> Handler:
    """The same for one namespace, so that the right to ask can be given for one namespace."""

    async def create(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
        review, faults = question(LOCALSUBJECTACCESSREVIEWS, call, body)
        metadata.ensure_namespace(LOCALSUBJECTACCESSREVIEWS, review, target.namespace)
        refuse(LOCALSUBJECTACCESSREVIEWS, faults, LOCALSUBJECTACCESSREVIEWS.validate(review))
        return _decide(authorizer, review, _user(review["spec"]))

    return create


def self_subject_access_review(authorizer: Authorizer) -> Handler:
    """What `kubectl auth can-i` asks."""

    async def create(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
        review, faults = question(SELFSUBJECTACCESSREVIEWS, call, body)
        refuse(SELFSUBJECTACCESSREVIEWS, faults, SELFSUBJECTACCESSREVIEWS.validate(review))
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

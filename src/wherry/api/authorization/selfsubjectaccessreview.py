"""SelfSubjectAccessReviews: may I do this? Answered, never stored."""

from __future__ import annotations

from wherry.api.authorization.reviews import validate_self_review
from wherry.api.resource import Resource, Scope
from wherry.api.schema import schema

SELFSUBJECTACCESSREVIEWS = Resource(
    group="authorization.k8s.io",
    version="v1",
    kind="SelfSubjectAccessReview",
    plural="selfsubjectaccessreviews",
    schema=schema("authorization.k8s.io/v1", "SelfSubjectAccessReview"),
    scope=Scope.CLUSTER,
    verbs=("create",),
    stored=False,
    validate=validate_self_review,
)

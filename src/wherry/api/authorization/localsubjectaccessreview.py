"""LocalSubjectAccessReviews: may somebody do this in this namespace? Answered, never stored."""

from __future__ import annotations

from wherry.api.authorization.reviews import validate_local_review
from wherry.api.resource import Resource
from wherry.api.schema import schema

LOCALSUBJECTACCESSREVIEWS = Resource(
    group="authorization.k8s.io",
    version="v1",
    kind="LocalSubjectAccessReview",
    plural="localsubjectaccessreviews",
    schema=schema("authorization.k8s.io/v1", "LocalSubjectAccessReview"),
    verbs=("create",),
    stored=False,
    validate=validate_local_review,
)

"""SubjectAccessReviews: may somebody do this? Answered, never stored."""

from __future__ import annotations

from wherry.api.authorization.reviews import validate_subject_review
from wherry.api.resource import Resource, Scope
from wherry.api.schema import schema

SUBJECTACCESSREVIEWS = Resource(
    group="authorization.k8s.io",
    version="v1",
    kind="SubjectAccessReview",
    plural="subjectaccessreviews",
    schema=schema("authorization.k8s.io/v1", "SubjectAccessReview"),
    scope=Scope.CLUSTER,
    verbs=("create",),
    stored=False,
    validate=validate_subject_review,
)

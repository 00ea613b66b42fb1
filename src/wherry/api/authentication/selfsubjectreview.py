"""SelfSubjectReviews: who am I? Answered, never stored."""

from __future__ import annotations

from wherry.api.resource import Resource, Scope
from wherry.api.schema import schema

SELFSUBJECTREVIEWS = Resource(
    group="authentication.k8s.io",
    version="v1",
    kind="SelfSubjectReview",
    plural="selfsubjectreviews",
    schema=schema("authentication.k8s.io/v1", "SelfSubjectReview"),
    scope=Scope.CLUSTER,
    verbs=("create",),
    stored=False,
)

"""TokenReviews: whose token is this? Answered, never stored."""

from __future__ import annotations

from wherry.api.resource import Resource, Scope
from wherry.api.schema import schema

TOKENREVIEWS = Resource(
    group="authentication.k8s.io",
    version="v1",
    kind="TokenReview",
    plural="tokenreviews",
    schema=schema("authentication.k8s.io/v1", "TokenReview"),
    scope=Scope.CLUSTER,
    verbs=("create",),
    stored=False,
)

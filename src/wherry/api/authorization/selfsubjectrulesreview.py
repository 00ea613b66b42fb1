"""SelfSubjectRulesReviews: what may I do in a namespace? Answered, never stored."""

from __future__ import annotations

from wherry.api.resource import Resource, Scope
from wherry.api.schema import schema

SELFSUBJECTRULESREVIEWS = Resource(
    group="authorization.k8s.io",
    version="v1",
    kind="SelfSubjectRulesReview",
    plural="selfsubjectrulesreviews",
    schema=schema("authorization.k8s.io/v1", "SelfSubjectRulesReview"),
    scope=Scope.CLUSTER,
    verbs=("create",),
    stored=False,
)

"""Evictions: requests to delete a pod if its disruption budgets allow; acted upon, never stored."""

from __future__ import annotations

from wherry.api.resource import Resource
from wherry.api.schema import schema

EVICTIONS = Resource(
    group="policy",
    version="v1",
    kind="Eviction",
    plural="evictions",
    schema=schema("policy/v1", "Eviction"),
    verbs=("create",),
    stored=False,
)

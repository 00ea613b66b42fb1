"""Bindings: the scheduler's word that a pod belongs on a node; acted upon, never stored."""

from __future__ import annotations

from wherry.api.resource import Resource
from wherry.api.schema import schema

BINDINGS = Resource(
    group="",
    version="v1",
    kind="Binding",
    plural="bindings",
    schema=schema("v1", "Binding"),
    verbs=("create",),
    stored=False,
)

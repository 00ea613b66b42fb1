"""NetworkPolicies: who may talk to whom."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME
from wherry.api.meta.labels import format_label_selector
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema

NETWORKPOLICIES = Resource(
    group="networking.k8s.io",
    version="v1",
    kind="NetworkPolicy",
    plural="networkpolicies",
    schema=schema("networking.k8s.io/v1", "NetworkPolicy"),
    short_names=("netpol",),
    has_generation=True,
    columns=(
        NAME,
        Column("Pod-Selector", lambda policy, _: format_label_selector(policy["spec"].get("podSelector") or {})),
        AGE,
    ),
)

"""ServiceCIDRs: the ranges that Services get their addresses from."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, joined
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema

SERVICECIDRS = Resource(
    group="networking.k8s.io",
    version="v1",
    kind="ServiceCIDR",
    plural="servicecidrs",
    schema=schema("networking.k8s.io/v1", "ServiceCIDR"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    unconditional_update=False,
    columns=(NAME, Column("CIDRs", joined("spec.cidrs")), AGE),
)

"""ServiceAccounts: the identities of pods."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, size
from wherry.api.resource import Column, GroupVersionKind, Resource, Subresource
from wherry.api.schema import schema

SERVICEACCOUNTS = Resource(
    group="",
    version="v1",
    kind="ServiceAccount",
    plural="serviceaccounts",
    schema=schema("v1", "ServiceAccount"),
    short_names=("sa",),
    subresources=(Subresource("token", ("create",), GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest")),),
    columns=(NAME, Column("Secrets", size("secrets")), AGE),
    returns_deleted=True,
)

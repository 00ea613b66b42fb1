"""Namespaces: the folders of the cluster; deleting one empties it first."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.meta.names import label_name
from wherry.api.resource import STATUS, Column, Resource, Scope, Subresource
from wherry.api.schema import schema

NAMESPACES = Resource(
    group="",
    version="v1",
    kind="Namespace",
    plural="namespaces",
    schema=schema("v1", "Namespace"),
    short_names=("ns",),
    scope=Scope.CLUSTER,
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    subresources=(Subresource("finalize", ("update",), writes=("spec",)), STATUS),
    fields={"status.phase": lambda namespace: (namespace.get("status") or {}).get("phase") or ""},
    validate_name=label_name,
    columns=(NAME, Column("Status", text("status.phase")), AGE),
)

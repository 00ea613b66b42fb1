"""ClusterRoles: what may be done anywhere, or wherever a binding says."""

from __future__ import annotations

from wherry.api.meta.names import path_segment_faults
from wherry.api.resource import Resource, Scope
from wherry.api.schema import schema

CLUSTERROLES = Resource(
    group="rbac.authorization.k8s.io",
    version="v1",
    kind="ClusterRole",
    plural="clusterroles",
    schema=schema("rbac.authorization.k8s.io/v1", "ClusterRole"),
    scope=Scope.CLUSTER,
    create_on_update=True,
    validate_name=path_segment_faults,
)

"""ClusterRoleBindings: who has a role everywhere."""

from __future__ import annotations

from wherry.api.meta.names import path_segment_faults
from wherry.api.rbac.binding import BINDING_COLUMNS
from wherry.api.resource import Resource, Scope
from wherry.api.schema import schema

CLUSTERROLEBINDINGS = Resource(
    group="rbac.authorization.k8s.io",
    version="v1",
    kind="ClusterRoleBinding",
    plural="clusterrolebindings",
    schema=schema("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    scope=Scope.CLUSTER,
    create_on_update=True,
    validate_name=path_segment_faults,
    columns=BINDING_COLUMNS,
)

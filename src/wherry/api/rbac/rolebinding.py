"""RoleBindings: who has a role in a namespace."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError
from wherry.api.meta.names import path_segment_faults
from wherry.api.rbac.binding import BINDING_COLUMNS
from wherry.api.rbac.rules import set_binding_defaults, validate_binding, validate_binding_update
from wherry.api.resource import Resource
from wherry.api.schema import schema


def validate(binding: Obj) -> list[FieldError]:
    return validate_binding(binding, ("Role", "ClusterRole"), namespaced=True)


ROLEBINDINGS = Resource(
    group="rbac.authorization.k8s.io",
    version="v1",
    kind="RoleBinding",
    plural="rolebindings",
    schema=schema("rbac.authorization.k8s.io/v1", "RoleBinding"),
    create_on_update=True,
    validate_name=path_segment_faults,
    columns=BINDING_COLUMNS,
    defaults=set_binding_defaults,
    validate=validate,
    validate_update=validate_binding_update,
)

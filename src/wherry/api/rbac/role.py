"""Roles: what may be done in one namespace."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError
from wherry.api.meta.columns import PLAIN_COLUMNS
from wherry.api.meta.names import path_segment_faults
from wherry.api.rbac.rules import validate_policy_rules
from wherry.api.resource import Resource
from wherry.api.schema import schema


def validate(role: Obj) -> list[FieldError]:
    return validate_policy_rules(role, namespaced=True)


ROLES = Resource(
    group="rbac.authorization.k8s.io",
    version="v1",
    kind="Role",
    plural="roles",
    schema=schema("rbac.authorization.k8s.io/v1", "Role"),
    create_on_update=True,
    validate_name=path_segment_faults,
    columns=PLAIN_COLUMNS,
    validate=validate,
)

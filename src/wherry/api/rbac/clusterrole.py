"""ClusterRoles: what may be done anywhere, or wherever a binding says."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.columns import PLAIN_COLUMNS
from wherry.api.meta.labels import SelectorError, selector_of, validate_label_selector
from wherry.api.meta.names import path_segment_faults
from wherry.api.rbac.rules import validate_policy_rules
from wherry.api.resource import Resource, Scope
from wherry.api.schema import schema


def validate(role: Obj) -> list[FieldError]:
    faults = validate_policy_rules(role, namespaced=False)
    aggregation = role.get("aggregationRule")
    if aggregation is None:
        return faults
    selectors, path = aggregation.get("clusterRoleSelectors"), "aggregationRule.clusterRoleSelectors"
    if not selectors:
        why = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        return [*faults, required(path, why)]
    for index, selector in enumerate(selectors):
        faults += validate_label_selector(selector, f"{path}[{index}]")
        try:
            selector_of(selector)
        except SelectorError:
            faults.append(invalid(f"{path}[{index}]", None, "invalid label selector."))
    return faults


CLUSTERROLES = Resource(
    group="rbac.authorization.k8s.io",
    version="v1",
    kind="ClusterRole",
    plural="clusterroles",
    schema=schema("rbac.authorization.k8s.io/v1", "ClusterRole"),
    scope=Scope.CLUSTER,
    create_on_update=True,
    validate_name=path_segment_faults,
    validate=validate,
    columns=PLAIN_COLUMNS,
)

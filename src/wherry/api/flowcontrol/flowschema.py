"""FlowSchemas: which requests belong to which priority level."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.flowcontrol.mandatory import FLOW_SCHEMAS
from wherry.api.flowcontrol.rules import validate_rule, validate_status, validate_status_update
from wherry.api.meta.columns import AGE, NAME, NONE, number, text
from wherry.api.meta.names import dns1123_subdomain_faults
from wherry.api.meta.objectmeta import keep_metadata
from wherry.api.resource import STATUS, Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _dangling(schema_: Obj, _: float) -> Cell:
    for condition in (schema_.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Dangling":
            return str(condition["status"])
    return "?"


def set_defaults(schema_: Obj) -> None:
    schema_.setdefault("spec", {}).setdefault("matchingPrecedence", 1000)


_METHODS = ("ByNamespace", "ByUser")
_MOST = 10000


def validate(schema_: Obj) -> list[FieldError]:
    spec, name = schema_["spec"], schema_["metadata"].get("name") or ""
    precedence, level = spec.get("matchingPrecedence") or 0, spec.get("priorityLevelConfiguration") or {}
    path, faults = "spec.matchingPrecedence", list[FieldError]()
    if precedence <= 0:
        faults.append(invalid(path, precedence, "must be a positive value"))
    if precedence > _MOST:
        faults.append(invalid(path, precedence, f"must not be greater than {_MOST}"))
    if precedence == 1 and name != "exempt":
        faults.append(invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"))
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in _METHODS:
        faults.append(not_supported("spec.distinguisherMethod.type", method, _METHODS))
    path = "spec.priorityLevelConfiguration.name"
    if not level.get("name"):
        faults.append(required(path, "must reference a priority level"))
    else:
        faults += [invalid(path, level["name"], why) for why in dns1123_subdomain_faults(level["name"])]
    for index, rule in enumerate(spec.get("rules") or ()):
        faults += validate_rule(rule, f"spec.rules[{index}]")
    if spec != FLOW_SCHEMAS.get(name, spec):
        faults.append(invalid("spec", spec, f"spec of '{name}' must equal the fixed value"))
    return faults + validate_status(schema_)


FLOWSCHEMAS = Resource(
    group="flowcontrol.apiserver.k8s.io",
    version="v1",
    kind="FlowSchema",
    plural="flowschemas",
    schema=schema("flowcontrol.apiserver.k8s.io/v1", "FlowSchema"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    has_generation=True,
    columns=(
        NAME,
        Column("PriorityLevel", text("spec.priorityLevelConfiguration.name")),
        Column("MatchingPrecedence", number("spec.matchingPrecedence")),
        Column("DistinguisherMethod", text("spec.distinguisherMethod.type", NONE)),
        AGE,
        Column("MissingPL", _dangling),
    ),
    defaults=set_defaults,
    prepare_status_update=keep_metadata,
    validate=validate,
    validate_status_update=validate_status_update,
)

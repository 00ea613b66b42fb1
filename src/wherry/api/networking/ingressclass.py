"""IngressClasses: which controller takes care of which Ingresses."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required, too_long
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.meta.domainpath import validate_domain_prefixed_path
from wherry.api.meta.names import dns1123_label_faults
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.networking.references import validate_local_reference
from wherry.api.resource import Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _parameters(ingress_class: Obj, _: float) -> Cell:
    parameters = (ingress_class.get("spec") or {}).get("parameters")
    if not parameters:
        return NONE
    group = parameters.get("apiGroup")
    kind, name = parameters.get("kind") or "", parameters.get("name") or ""
    return f"{kind}{'.' + group if group else ''}/{name}"


def set_defaults(ingress_class: Obj) -> None:
    if parameters := (ingress_class.get("spec") or {}).get("parameters"):
        parameters.setdefault("scope", "Cluster")


_SCOPES = ("Cluster", "Namespace")
_MAX_CONTROLLER = 250


def validate(ingress_class: Obj) -> list[FieldError]:
    spec = ingress_class.get("spec") or {}
    controller, parameters = spec.get("controller") or "", spec.get("parameters")
    faults = [too_long("spec.controller", _MAX_CONTROLLER)] if len(controller) > _MAX_CONTROLLER else []
    faults += validate_domain_prefixed_path(controller, "spec.controller")
    return faults if parameters is None else faults + _validate_parameters(parameters, "spec.parameters")


def _validate_parameters(parameters: Obj, path: str) -> list[FieldError]:
    """Where they are is said either for the cluster or with a namespace."""
    faults = validate_local_reference(parameters, path)
    scope, namespace, where = parameters.get("scope"), parameters.get("namespace"), path + ".namespace"
    if scope is None:
        return [*faults, required(path + ".scope")]
    if scope not in _SCOPES:
        return [*faults, not_supported(path + ".scope", scope, _SCOPES)]
    if scope == "Cluster":
        why = "`parameters.scope` is set to 'Cluster'"
        return faults if namespace is None else [*faults, forbidden(where, why)]
    if namespace is None:
        return [*faults, required(where, "`parameters.scope` is set to 'Namespace'")]
    return faults + [invalid(where, namespace, why) for why in dns1123_label_faults(namespace)]


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    controller = (new.get("spec") or {}).get("controller")
    if controller == (old.get("spec") or {}).get("controller"):
        return []
    return [invalid("spec.controller", controller, IMMUTABLE)]


INGRESSCLASSES = Resource(
    group="networking.k8s.io",
    version="v1",
    kind="IngressClass",
    plural="ingressclasses",
    schema=schema("networking.k8s.io/v1", "IngressClass"),
    scope=Scope.CLUSTER,
    has_generation=True,
    columns=(NAME, Column("Controller", text("spec.controller")), Column("Parameters", _parameters), AGE),
    defaults=set_defaults,
    validate=validate,
    validate_update=validate_update,
)

"""IngressClasses: which controller takes care of which Ingresses."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, invalid
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _parameters(ingress_class: Obj, _: float) -> Cell:
    parameters = (ingress_class.get("spec") or {}).get("parameters")
    if not parameters:
        return NONE
    group = parameters.get("apiGroup")
    return f"{parameters['kind']}{'.' + group if group else ''}/{parameters['name']}"


def set_defaults(ingress_class: Obj) -> None:
    if parameters := (ingress_class.get("spec") or {}).get("parameters"):
        parameters.setdefault("scope", "Cluster")


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
    validate_update=validate_update,
)

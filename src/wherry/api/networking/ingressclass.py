"""IngressClasses: which controller takes care of which Ingresses."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.resource import Cell, Column, Resource, Scope
from wherry.api.schema import schema


def _parameters(ingress_class: Obj, _: float) -> Cell:
    parameters = (ingress_class.get("spec") or {}).get("parameters")
    if not parameters:
        return NONE
    group = parameters.get("apiGroup")
    return f"{parameters['kind']}{'.' + group if group else ''}/{parameters['name']}"


INGRESSCLASSES = Resource(
    group="networking.k8s.io",
    version="v1",
    kind="IngressClass",
    plural="ingressclasses",
    schema=schema("networking.k8s.io/v1", "IngressClass"),
    scope=Scope.CLUSTER,
    has_generation=True,
    columns=(NAME, Column("Controller", text("spec.controller")), Column("Parameters", _parameters), AGE),
)

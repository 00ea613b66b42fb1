"""Ingresses: which HTTP requests from outside reach which Service."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema


def _hosts(ingress: Obj, _: float) -> Cell:
    rules = (ingress.get("spec") or {}).get("rules") or ()
    hosts = [rule["host"] for rule in rules if rule.get("host")]
    if not hosts:
        return "*"
    shown = ",".join(hosts[:3])
    return f"{shown} + {len(rules) - 3} more..." if len(rules) > 3 and len(hosts) >= 3 else shown


def _address(ingress: Obj, _: float) -> Cell:
    points = ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(sorted({point.get("ip") or point.get("hostname") or "" for point in points} - {""}))


INGRESSES = Resource(
    group="networking.k8s.io",
    version="v1",
    kind="Ingress",
    plural="ingresses",
    schema=schema("networking.k8s.io/v1", "Ingress"),
    short_names=("ing",),
    subresources=(STATUS,),
    has_generation=True,
    columns=(
        NAME,
        Column("Class", text("spec.ingressClassName", NONE)),
        Column("Hosts", _hosts),
        Column("Address", _address),
        Column("Ports", lambda ingress, _: "80, 443" if ingress["spec"].get("tls") else "80"),
        AGE,
    ),
)

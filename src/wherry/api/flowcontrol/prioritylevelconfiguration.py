"""PriorityLevelConfigurations: how much of the server a class of requests may use."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema


def set_defaults(level: Obj) -> None:
    spec = level.setdefault("spec", {})
    if exempt := spec.get("exempt"):
        exempt.setdefault("nominalConcurrencyShares", 0)
        exempt.setdefault("lendablePercent", 0)
    if (limited := spec.get("limited")) is None:
        return
    limited.setdefault("nominalConcurrencyShares", 30)
    limited.setdefault("lendablePercent", 0)
    if queuing := (limited.get("limitResponse") or {}).get("queuing"):
        queuing.setdefault("queues", 64)
        queuing.setdefault("handSize", 8)
        queuing.setdefault("queueLengthLimit", 50)


PRIORITYLEVELCONFIGURATIONS = Resource(
    group="flowcontrol.apiserver.k8s.io",
    version="v1",
    kind="PriorityLevelConfiguration",
    plural="prioritylevelconfigurations",
    schema=schema("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    has_generation=True,
    unconditional_update=False,
    columns=(
        NAME,
        Column("Type", text("spec.type")),
        Column("NominalConcurrencyShares", text("spec.limited.nominalConcurrencyShares", NONE)),
        Column("Queues", text("spec.limited.limitResponse.queuing.queues", NONE)),
        Column("HandSize", text("spec.limited.limitResponse.queuing.handSize", NONE)),
        Column("QueueLengthLimit", text("spec.limited.limitResponse.queuing.queueLengthLimit", NONE)),
        AGE,
    ),
    defaults=set_defaults,
)

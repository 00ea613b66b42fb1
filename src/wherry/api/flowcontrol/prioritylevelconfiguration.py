"""PriorityLevelConfigurations: how much of the server a class of requests may use."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, NONE, text
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema

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
)

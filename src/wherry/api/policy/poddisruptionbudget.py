"""PodDisruptionBudgets: how many pods of a set may be missing when somebody makes room."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, number, text
from wherry.api.resource import STATUS, Column, Resource
from wherry.api.schema import schema

PODDISRUPTIONBUDGETS = Resource(
    group="policy",
    version="v1",
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    schema=schema("policy/v1", "PodDisruptionBudget"),
    short_names=("pdb",),
    subresources=(STATUS,),
    has_generation=True,
    unconditional_update=False,
    columns=(
        NAME,
        Column("Min Available", text("spec.minAvailable", "N/A")),
        Column("Max Unavailable", text("spec.maxUnavailable", "N/A")),
        Column("Allowed Disruptions", number("status.disruptionsAllowed"), "integer"),
        AGE,
    ),
)

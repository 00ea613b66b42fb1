"""ResourceQuotas: how much a namespace may use altogether."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, Value
from wherry.api.resource import STATUS, Cell, Column, Resource
from wherry.api.schema import schema


def _amounts(limits: bool) -> Value:
    def value(quota: Obj, _: float) -> Cell:
        status = quota.get("status") or {}
        hard, used = status.get("hard") or {}, status.get("used") or {}
        return ", ".join(
            f"{name}: {used.get(name) or '0'}/{hard[name]}"
            for name in sorted(hard)
            if name.startswith("limits.") is limits
        )

    return value


RESOURCEQUOTAS = Resource(
    group="",
    version="v1",
    kind="ResourceQuota",
    plural="resourcequotas",
    schema=schema("v1", "ResourceQuota"),
    short_names=("quota",),
    returns_deleted=True,
    columns=(NAME, Column("Request", _amounts(False)), Column("Limit", _amounts(True)), AGE),
    subresources=(STATUS,),
)

"""Deployments: pods of one template, replaced gradually when the template changes."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.autoscaling.scale import SCALE
from wherry.api.meta.columns import AGE, NAME, container_columns, number
from wherry.api.meta.labels import SelectorError, selector_of
from wherry.api.resource import STATUS, Cell, Column, Resource, Scale
from wherry.api.schema import schema


def ready(workload: Obj, _: float) -> Cell:
    """`2/3`: ready of wanted."""
    status, spec = workload.get("status") or {}, workload.get("spec") or {}
    return f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}"


def _selector(deployment: Obj, _: float) -> Cell:
    try:
        return str(selector_of((deployment.get("spec") or {}).get("selector")))
    except SelectorError:
        return "<invalid>"


DEPLOYMENTS = Resource(
    group="apps",
    version="v1",
    kind="Deployment",
    plural="deployments",
    schema=schema("apps/v1", "Deployment"),
    short_names=("deploy",),
    categories=("all",),
    has_generation=True,
    columns=(
        NAME,
        Column("Ready", ready),
        Column("Up-to-date", number("status.updatedReplicas")),
        Column("Available", number("status.availableReplicas")),
        AGE,
        *container_columns("spec.template.spec.containers"),
        Column("Selector", _selector, priority=1),
    ),
    subresources=(SCALE, STATUS),
    scale=Scale(),
)

"""Deployments: pods of one template, replaced gradually when the template changes."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.apps.rules import (
    at_most,
    not_decremented,
    not_negative,
    same_selector,
    validate_endless_template,
    validate_rolling,
    warn_with_name,
)
from wherry.api.autoscaling.scale import SCALE
from wherry.api.core.podspec.template import set_defaults as template_defaults
from wherry.api.field import FieldError, forbidden, invalid, not_supported
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


_STRATEGIES = ("Recreate", "RollingUpdate")


def set_defaults(deployment: Obj) -> None:
    spec = deployment.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    template_defaults(spec.setdefault("template", {}))


def prepare_update(new: Obj, old: Obj) -> None:
    """Annotations of a Deployment are copied to its ReplicaSets, so a change of them is a new generation too."""
    if new["metadata"].get("annotations") != old["metadata"].get("annotations"):
        new["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1


def prepare_status_update(new: Obj, old: Obj) -> None:
    """Who reports on a Deployment does not label it."""
    labels = old["metadata"].get("labels")
    if labels is None:
        new["metadata"].pop("labels", None)
    else:
        new["metadata"]["labels"] = labels


def validate(deployment: Obj) -> list[FieldError]:
    spec = deployment["spec"]
    faults = not_negative(spec, ("replicas",))
    faults += validate_endless_template(spec, "ReplicaSet", "empty selector is invalid for deployment")
    faults += _validate_strategy(spec["strategy"], "spec.strategy")
    faults += not_negative(spec, ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= (spec.get("minReadySeconds") or 0):
        faults.append(invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    return faults


def _validate_strategy(strategy: Obj, path: str) -> list[FieldError]:
    kind, rolling = strategy["type"], strategy.get("rollingUpdate")
    if kind not in _STRATEGIES:
        return [not_supported(path, strategy, _STRATEGIES)]
    if kind == "RollingUpdate":
        return validate_rolling(rolling or {}, path + ".rollingUpdate")
    if rolling is None:
        return []
    return [forbidden(path + ".rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")]


_COUNTS = (
    "observedGeneration",
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "terminatingReplicas",
    "collisionCount",
)


def validate_status_update(new: Obj, old: Obj) -> list[FieldError]:
    """What a controller reports must add up."""
    status, parts = new.get("status") or {}, ("updatedReplicas", "readyReplicas", "availableReplicas")
    faults = not_negative(status, _COUNTS, "status")
    faults += at_most(status, parts, "replicas", "cannot be greater than status.replicas")
    faults += at_most(status, ("availableReplicas",), "readyReplicas", "cannot be greater than readyReplicas")
    return faults + not_decremented(new, old)


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
    defaults=set_defaults,
    prepare_update=prepare_update,
    prepare_status_update=prepare_status_update,
    validate=validate,
    validate_update=same_selector,
    validate_status_update=validate_status_update,
    warnings=warn_with_name,
)

"""Leases: who holds something and until when; nodes renew theirs as a heartbeat."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, not_supported
from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.meta.names import qualified_name_faults
from wherry.api.meta.objectmeta import NOT_NEGATIVE
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema

_COORDINATED = ("strategy", "preferredHolder")
"""Fields of elections among servers of several versions, which are off unless a cluster turns them on."""
_STRATEGIES = ("OldestEmulationVersion",)


def prepare_create(lease: Obj) -> None:
    for field in _COORDINATED:
        (lease.get("spec") or {}).pop(field, None)


def prepare_update(new: Obj, old: Obj) -> None:
    for field in _COORDINATED:
        if (old.get("spec") or {}).get(field) is None:
            (new.get("spec") or {}).pop(field, None)


def validate(lease: Obj) -> list[FieldError]:
    spec = lease.get("spec") or {}
    faults: list[FieldError] = []
    seconds, changes, strategy = (spec.get(f) for f in ("leaseDurationSeconds", "leaseTransitions", "strategy"))
    if seconds is not None and seconds <= 0:
        faults.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    if changes is not None and changes < 0:
        faults.append(invalid("spec.leaseTransitions", changes, NOT_NEGATIVE))
    if strategy is not None:
        faults += _validate_strategy(strategy, "spec.strategy.strategy")
    if spec.get("preferredHolder") and not strategy:
        faults.append(forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined"))
    return faults


def _validate_strategy(strategy: str, path: str) -> list[FieldError]:
    if "/" in strategy:
        return [invalid(path, strategy, why) for why in qualified_name_faults(strategy)]
    return [] if strategy in _STRATEGIES else [not_supported(path, strategy, _STRATEGIES)]


LEASES = Resource(
    group="coordination.k8s.io",
    version="v1",
    kind="Lease",
    plural="leases",
    schema=schema("coordination.k8s.io/v1", "Lease"),
    create_on_update=True,
    unconditional_update=False,
    columns=(NAME, Column("Holder", text("spec.holderIdentity")), AGE),
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    validate=validate,
)

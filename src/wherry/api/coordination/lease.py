"""Leases: who holds something and until when; nodes renew theirs as a heartbeat."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid
from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.meta.objectmeta import NOT_NEGATIVE
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema


def validate(lease: Obj) -> list[FieldError]:
    spec = lease.get("spec") or {}
    faults: list[FieldError] = []
    seconds, changes = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if seconds is not None and seconds <= 0:
        faults.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    if changes is not None and changes < 0:
        faults.append(invalid("spec.leaseTransitions", changes, NOT_NEGATIVE))
    if spec.get("preferredHolder") and not spec.get("strategy"):
        why = "must be specified when `strategy` is specified"
        faults.append(forbidden("spec.preferredHolder", why))
    return faults


LEASES = Resource(
    group="coordination.k8s.io",
    version="v1",
    kind="Lease",
    plural="leases",
    schema=schema("coordination.k8s.io/v1", "Lease"),
    create_on_update=True,
    unconditional_update=False,
    columns=(NAME, Column("Holder", text("spec.holderIdentity")), AGE),
    validate=validate,
)

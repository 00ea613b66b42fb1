"""Leases: who holds something and until when; nodes renew theirs as a heartbeat."""

from __future__ import annotations

from wherry.api.meta.columns import AGE, NAME, text
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema

LEASES = Resource(
    group="coordination.k8s.io",
    version="v1",
    kind="Lease",
    plural="leases",
    schema=schema("coordination.k8s.io/v1", "Lease"),
    create_on_update=True,
    unconditional_update=False,
    columns=(NAME, Column("Holder", text("spec.holderIdentity")), AGE),
)

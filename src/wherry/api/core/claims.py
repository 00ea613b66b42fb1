"""Which ResourceClaim a Pod means: one reading for the scheduler, the controllers and the kubelet."""

from __future__ import annotations

from enum import Enum

from wherry.api.types.core_v1 import PodResourceClaim, PodStatus


class Named(Enum):
    """Why there is no name."""

    NOT_YET = "has not been made"
    NOT_NEEDED = "was found not to be needed"


def claim_name(claim: PodResourceClaim, status: PodStatus) -> str | Named:
    """The name of the ResourceClaim that an entry of `spec.resourceClaims` stands for."""
    if claim.resource_claim_name:
        return claim.resource_claim_name
    for made in status.resource_claim_statuses:
        if made.name == claim.name:
            return made.resource_claim_name or Named.NOT_NEEDED
    return Named.NOT_YET

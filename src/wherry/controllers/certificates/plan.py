"""Which requests are approved without a person, and which approved ones are signed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum

from msgspec import Struct

from wherry.api.types.certificates_v1 import CertificateSigningRequest
from wherry.identity.profiles import NODE_PREFIX, NODES, Profile
from wherry.identity.signers import API_SERVER_CLIENT, KUBELET_CLIENT, KUBELET_SERVING

DECIDED_SECONDS = 3600.0
"""For how long a request is kept that was signed, denied, or failed; and one that was approved and never signed."""
PENDING_SECONDS = 24 * 3600.0
SIGNERS = frozenset({API_SERVER_CLIENT, KUBELET_CLIENT, KUBELET_SERVING})


class Recognized(Enum):
    """What a request turned out to be; values are the subresources by which the right to it is granted."""

    SELF_CLIENT = "selfnodeclient"
    CLIENT = "nodeclient"


class Verdict(Struct, frozen=True):
    """Approve with this message, provided that the requester holds the right (None: it needs no further right)."""

    message: str
    right: Recognized | None


_MESSAGES = {
    Recognized.SELF_CLIENT: "Auto approving self kubelet client certificate after SubjectAccessReview.",
    Recognized.CLIENT: "Auto approving kubelet client certificate after SubjectAccessReview.",
}
_SERVING = "Auto approving kubelet serving certificate for the node's own names and addresses."


def is_decided(request: CertificateSigningRequest) -> bool:
    return any(condition.type in ("Approved", "Denied") for condition in request.status.conditions)


def wants_signature(request: CertificateSigningRequest) -> bool:
    """Whether it was approved, is for a signer of ours, and has neither a certificate nor failed."""
    types = {condition.type for condition in request.status.conditions}
    if "Approved" not in types or types & {"Denied", "Failed"}:
        return False
    return not request.status.certificate and request.spec.signer_name in SIGNERS


def useful_until(request: CertificateSigningRequest, valid_until: float | None) -> float | None:
    """When nobody needs the request any more; None while that cannot be said.

    `valid_until` is the end of the certificate that it got.
    """
    created = request.metadata.creation_timestamp
    if not request.status.conditions:
        return None if created is None else created.timestamp() + PENDING_SECONDS
    ends = [
        condition.last_update_time.timestamp() + DECIDED_SECONDS
        for condition in request.status.conditions
        if condition.type in ("Approved", "Denied", "Failed") and condition.last_update_time is not None
    ]
    if valid_until is not None and any(condition.type == "Approved" for condition in request.status.conditions):
        ends.append(valid_until)
    return min(ends, default=None)


def judge_client(request: CertificateSigningRequest, profile: Profile) -> Verdict:
    """A node's client certificate: its renewal if the node itself asks, else its first."""
    own = request.spec.username == profile.common_name
    right = Recognized.SELF_CLIENT if own else Recognized.CLIENT
    return Verdict(_MESSAGES[right], right)


def judge_server(
    request: CertificateSigningRequest, profile: Profile, node: str, addresses: Collection[str]
) -> Verdict | None:
    """A node's serving certificate: only for itself, and only for names and addresses that its Node object has."""
    if request.spec.username != profile.common_name or NODES not in request.spec.groups:
        return None
    known = {node, "localhost", "127.0.0.1", "::1", *addresses}
    if profile.common_name != NODE_PREFIX + node or not known.issuperset((*profile.dns_names, *profile.addresses)):
        return None
    return Verdict(_SERVING, None)


def condition(type: str, reason: str, message: str, now: str) -> dict[str, str]:
    return {
        "type": type,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastUpdateTime": now,
        "lastTransitionTime": now,
    }


def with_condition(present: Sequence[dict[str, str]], new: dict[str, str]) -> list[dict[str, str]]:
    return [*(one for one in present if one.get("type") != new["type"]), new]

"""What a Pod's claims are called, which of them are to be made, and who may hold one no longer."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from wherry.api import Obj
from wherry.api.core.claims import Named, claim_name
from wherry.api.types.core_v1 import Pod, PodResourceClaim
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.api.types.resource_v1 import ResourceClaim, ResourceClaimConsumerReference, ResourceClaimTemplate
from wherry.controllers.ownership import controller_of, is_controlled_by

FINALIZER = "resource.kubernetes.io/delete-protection"
POD_CLAIM = "resource.kubernetes.io/pod-claim-name"
"""The annotation that says for which of a Pod's claims one was made."""
_LONGEST_BASE = 57
_ENDED = ("Succeeded", "Failed")


class Lack(Struct, frozen=True):
    """A claim that a Pod wants from a template and that does not exist."""

    claim: PodResourceClaim
    template: str


def lacking(pod: Pod, claims: Mapping[str, ResourceClaim]) -> list[Lack]:
    """What is to be made for a Pod; `claims` are those of its namespace that its status names."""
    found = []
    for one in pod.spec.resource_claims:
        template = one.resource_claim_template_name
        if not template:
            continue
        name = claim_name(one, pod.status)
        if name is Named.NOT_NEEDED:
            continue
        claim = claims.get(name) if isinstance(name, str) else None
        if claim is None or not is_controlled_by(claim.metadata, pod.metadata.uid):
            found.append(Lack(one, template))
    return found


def made_for(claim: PodResourceClaim, candidate: ResourceClaim, pod: ObjectMeta) -> bool:
    """Whether `candidate` was made for that claim of the Pod, though its status does not say so yet."""
    return is_controlled_by(candidate.metadata, pod.uid) and candidate.metadata.annotations.get(POD_CLAIM) == claim.name


def claim_from_template(pod: Pod, claim: PodResourceClaim, template: ResourceClaimTemplate, spec: Obj) -> Obj:
    """The claim to create; `spec` is the template's as plain JSON."""
    given = template.spec.metadata
    owner = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": pod.metadata.name,
        "uid": pod.metadata.uid,
        "controller": True,
    }
    metadata: Obj = {
        "generateName": generate_name(pod.metadata.name, claim.name),
        "annotations": {**given.annotations, POD_CLAIM: claim.name},
        "ownerReferences": [owner],
    }
    if given.labels:
        metadata["labels"] = dict(given.labels)
    return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": metadata, "spec": spec}


def generate_name(pod: str, claim: str) -> str:
    """`<pod>-<claim>-`; both are shortened in proportion where that is too long to be followed by a suffix."""
    whole = f"{pod}-{claim}-"
    if len(whole) <= _LONGEST_BASE:
        return whole
    short = f"{pod[: len(pod) * _LONGEST_BASE // len(whole)]}-"
    return short + claim[: len(claim) * _LONGEST_BASE // len(whole)]


def is_done(pod: Pod) -> bool:
    """Whether it will never run (again)."""
    is_gone = pod.metadata.deletion_timestamp is not None and not pod.spec.node_name
    return pod.status.phase in _ENDED or is_gone


def is_pod(consumer: ResourceClaimConsumerReference) -> bool:
    return not consumer.api_group and consumer.resource == "pods"


def may_hold(consumer: ResourceClaimConsumerReference, pod: Pod | None) -> bool:
    """Whether who holds a claim needs it still; `pod` is the one of its name. Who is not a Pod is not judged."""
    return not is_pod(consumer) or (pod is not None and pod.metadata.uid == consumer.uid and not is_done(pod))


def wants_reservation(pod: Pod, claim: ResourceClaim) -> bool:
    """Whether a Pod that is on a node lacks the reservation that the scheduler makes for those it places."""
    return (
        bool(pod.spec.node_name)
        and claim.status.allocation is not None
        and all(consumer.uid != pod.metadata.uid for consumer in claim.status.reserved_for)
    )


def is_unneeded(claim: ResourceClaim, pod: Pod | None) -> bool:
    """Whether a claim that nobody holds was made for a Pod that has ended or was replaced."""
    owner = owning_pod(claim)
    return owner is not None and pod is not None and (pod.metadata.uid != owner[1] or is_done(pod))


def owning_pod(claim: ResourceClaim) -> tuple[str, str] | None:
    """(name, UID) of the Pod that a claim was made for."""
    owner = controller_of(claim.metadata)
    if owner is None or owner.api_version != "v1" or owner.kind != "Pod":
        return None
    return owner.name, owner.uid

"""The claims a Pod uses: those it names, and those that are made for its ephemeral volumes. Pure."""

from __future__ import annotations

from wherry.api.types.core_v1 import PersistentVolumeClaim, Pod, Volume


def claim_name(pod: Pod, volume: Volume) -> str:
    """The claim behind one volume of the Pod; "" when there is none."""
    if volume.persistent_volume_claim is not None:
        return volume.persistent_volume_claim.claim_name
    if volume.ephemeral is not None:
        return f"{pod.metadata.name}-{volume.name}"
    return ""


def claim_names(pod: Pod) -> tuple[str, ...]:
    """All of them, in the order of the volumes."""
    volumes = pod.spec.volumes
    claiming = [one for one in volumes if one.persistent_volume_claim is not None or one.ephemeral is not None]
    return tuple([name for one in claiming if (name := claim_name(pod, one))]) if claiming else ()


def claim_paths(pod: Pod) -> tuple[str, ...]:
    """`namespace/name` of each: what an index of Pods by claim holds."""
    names = claim_names(pod)
    return tuple([f"{pod.metadata.namespace}/{name}" for name in names]) if names else ()


def is_made_for(claim: PersistentVolumeClaim, pod: Pod) -> bool:
    """Whether the claim belongs to this very Pod, and not to an earlier one or to a person."""
    for reference in claim.metadata.owner_references:
        if reference.controller:
            return reference.uid == pod.metadata.uid
    return False


def not_made_for(claim: PersistentVolumeClaim, pod: Pod) -> str:
    """What upstream says of a claim that has the name of a Pod's ephemeral volume by chance."""
    theirs, ours = claim.metadata, pod.metadata
    return (
        f"PVC {theirs.namespace}/{theirs.name} was not created for pod {ours.namespace}/{ours.name} (pod is not owner)"
    )

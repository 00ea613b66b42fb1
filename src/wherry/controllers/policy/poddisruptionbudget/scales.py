"""How many Pods the controllers of some Pods want together."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import errors
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.resource import Resource
from wherry.api.types.meta_v1 import OwnerReference
from wherry.client import Client
from wherry.controllers.policy.poddisruptionbudget.members import Member
from wherry.controllers.scaling import Scale, has_scale, kind_of, read_scale


class Uncountable(Exception):
    """A Pod's controller does not say how many Pods it wants."""


async def wanted_by_controllers(client: Client, namespace: str, pods: Sequence[Member]) -> tuple[int, bool]:
    """The sum of the scales of all controllers, each counted once; and whether some Pod has none at all.

    Pods of a Deployment's ReplicaSets count for the Deployment. Raises Uncountable.
    """
    scales: dict[str, int] = {}
    seen: set[str] = set()
    has_unmanaged = False
    for pod in pods:
        reference = pod.controller
        if reference is None:
            has_unmanaged = True
        elif reference.uid not in seen:
            seen.add(reference.uid)
            scale = await _scale(client, reference, namespace)
            if scale is None:
                raise Uncountable(f'found no controllers for pod "{pod.name}"')
            scales[scale.uid] = scale.replicas
    return sum(scales.values()), has_unmanaged


async def _scale(client: Client, reference: OwnerReference, namespace: str) -> Scale | None:
    resource = await kind_of(client, reference.api_version, reference.kind)
    if resource is None:
        raise Uncountable(f'no matches for kind "{reference.kind}" in version "{reference.api_version}"')
    if resource is REPLICASETS and (found := await _of_deployment(client, reference, namespace)) is not None:
        return found
    return await _of(client, resource, reference.name, reference.uid, namespace)


async def _of_deployment(client: Client, reference: OwnerReference, namespace: str) -> Scale | None:
    try:
        metadata = (await client.get(REPLICASETS, reference.name, namespace))["metadata"]
    except errors.NotFound:
        return None
    if metadata["uid"] != reference.uid:
        return None
    owner = next((each for each in metadata.get("ownerReferences") or () if each.get("controller")), None)
    if owner is None or owner["kind"] != "Deployment" or owner["apiVersion"].split("/")[0] != DEPLOYMENTS.group:
        return None
    return await _of(client, DEPLOYMENTS, owner["name"], owner["uid"], namespace)


async def _of(client: Client, resource: Resource, name: str, uid: str, namespace: str) -> Scale | None:
    if not has_scale(resource):
        raise Uncountable(f"{resource.group_resource} does not implement the scale subresource")
    try:
        scale = await read_scale(client, resource, namespace, name)
    except errors.NotFound:
        return None
    return scale if scale.uid == uid else None

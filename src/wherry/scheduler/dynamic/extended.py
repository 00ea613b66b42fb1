"""Extended resources of containers as requests for devices, where a DeviceClass stands for the resource (KEP-5004).

A node that has the resource in `status.allocatable` gives it by its device plugin; on others the class does. The Pod's
containers then share one claim, which the scheduler makes. Containers that run before others may use what these will
have, so only what they need beyond that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from wherry.api import Obj
from wherry.api.meta.quantity import ceiling
from wherry.api.types.core_v1 import Container, Pod
from wherry.api.types.resource_v1 import DeviceClass, ResourceClaim

ANNOTATION = "resource.kubernetes.io/extended-resource-claim"
IMPLICIT = "deviceclass.resource.kubernetes.io/"


class Extended(Struct, frozen=True):
    """The requests of the claim, and which container uses which of them."""

    requests: tuple[Obj, ...]
    mappings: tuple[Obj, ...]


class _Request(Struct, frozen=True):
    """So many devices for a container and resource."""

    name: str
    count: int


def classes_by_resource(classes: Iterable[DeviceClass]) -> dict[str, DeviceClass]:
    """Which class stands for which resource: the younger one, then the one whose name comes first."""
    found: dict[str, DeviceClass] = {}
    ordered = sorted(classes, key=lambda one: one.metadata.name, reverse=True)
    ordered.sort(key=lambda one: one.metadata.creation_timestamp.timestamp() if one.metadata.creation_timestamp else 0)
    for one in ordered:
        if one.spec.extended_resource_name:
            found[one.spec.extended_resource_name] = one
        found[IMPLICIT + one.metadata.name] = one
    return found


def extended(pod: Pod, classes: Mapping[str, str]) -> Extended:
    """What a Pod's containers ask of these resources; `classes` are names of classes by resource."""
    init = pod.spec.init_containers
    containers = (*init, *pod.spec.containers)
    requests: list[Obj] = []
    mappings: list[Obj] = []
    for resource in sorted(classes):
        lasting: list[_Request | None] = [None] * len(containers)
        later: list[Obj] = []
        for index, container in enumerate(containers):
            if index >= len(init) or container.restart_policy == "Always":
                lasting[index], used = _ask(index, container, resource, ())
                mappings += used
        most: _Request | None = None
        passing: set[str] = set()
        for index, container in enumerate(init):
            if container.restart_policy != "Always":
                own, used = _ask(index, container, resource, lasting[index:])
                later += used
                if own is not None:
                    passing.add(own.name)
                    most = own if most is None or own.count > most.count else most
        if most is not None:
            later = [one | {"requestName": most.name} if one["requestName"] in passing else one for one in later]
        mappings += later
        requests += [_device_request(one, classes[resource]) for one in (most, *lasting) if one is not None]
    return Extended(tuple(sorted(requests, key=lambda one: str(one["name"]))), tuple(mappings))


def claim_object(pod: Pod, asked: Extended) -> Obj:
    """The claim to create."""
    owner = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": pod.metadata.name,
        "uid": pod.metadata.uid,
        "controller": True,
    }
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {
            "generateName": f"{pod.metadata.name}-extended-resources-",
            "namespace": pod.metadata.namespace,
            "annotations": {ANNOTATION: "true"},
            "ownerReferences": [owner],
        },
        "spec": {"devices": {"requests": list(asked.requests)}},
    }


def claim_view(pod: Pod, asked: Extended) -> ResourceClaim:
    """The same for the search, before it exists; its UID is its own for as long."""
    obj = claim_object(pod, asked)
    obj["metadata"] |= {"name": "<extended-resources>", "uid": f"extended-resources-of-{pod.metadata.uid}"}
    return msgspec.convert(obj, ResourceClaim)


def _ask(
    index: int, container: Container, resource: str, reusable: Sequence[_Request | None]
) -> tuple[_Request | None, list[Obj]]:
    """What a container asks for beyond what it may reuse, and what it uses."""
    asked = container.resources.requests if container.resources is not None else {}
    count = ceiling(str(asked[resource])) if resource in asked else 0
    used: list[Obj] = []
    if not count:
        return None, used
    had = 0
    for other in reusable:
        if other is not None:
            had += other.count
            used.append(_mapping(container, resource, other.name))
            if had >= count:
                return None, used
    own = _Request(f"container-{index}-request-{sorted(asked).index(resource)}", count - had)
    return own, [*used, _mapping(container, resource, own.name)]


def _mapping(container: Container, resource: str, request: str) -> Obj:
    return {"containerName": container.name, "resourceName": resource, "requestName": request}


def _device_request(one: _Request, device_class: str) -> Obj:
    exactly = {"deviceClassName": device_class, "allocationMode": "ExactCount", "count": one.count}
    return {"name": one.name, "exactly": exactly}

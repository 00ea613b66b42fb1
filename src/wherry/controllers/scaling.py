"""How many replicas any workload wants, whatever its kind: through the `scale` that the API shows of it.

Custom kinds take part like built-in ones, as long as their definition says where they keep their numbers.
"""

from __future__ import annotations

from msgspec import Struct

from wherry.api.resource import Resource
from wherry.client import Client


class Scale(Struct, frozen=True):
    """A workload as `autoscaling/v1 Scale` shows it."""

    uid: str
    replicas: int
    """What it wants."""
    present: int
    """What it has, as it says itself."""
    selector: str
    """Which Pods are its own, in the form of `kubectl -l`; "" where it does not say."""


async def kind_of(client: Client, api_version: str, kind: str) -> Resource | None:
    """The kind that a reference names: in its version if that is served, in another one otherwise."""
    group = api_version.rpartition("/")[0]
    found = [each for each in await client.resources() if each.kind == kind and each.group == group]
    return next((each for each in found if each.api_version == api_version), found[0] if found else None)


def has_scale(resource: Resource) -> bool:
    return resource.subresource("scale") is not None


async def read_scale(client: Client, resource: Resource, namespace: str, name: str) -> Scale:
    """Ask the API; raises what it answers."""
    shown = await client.get(resource, name, namespace, subresource="scale")
    status = shown.get("status") or {}
    replicas = (shown.get("spec") or {}).get("replicas") or 0
    uid = shown["metadata"].get("uid") or ""
    return Scale(uid, replicas, status.get("replicas") or 0, status.get("selector") or "")

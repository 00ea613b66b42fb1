"""What becomes of the objects of a definition that is deleted: they are deleted first, and then it is let go.

The wait for objects that others hold by finalizers keeps no memory: how long to wait before looking again follows from
how long the wait has lasted.
"""

from __future__ import annotations

import asyncio

from wherry.api import Obj, errors
from wherry.api.apiextensions.customresourcedefinition import CUSTOMRESOURCEDEFINITIONS
from wherry.api.resource import Resource
from wherry.api.types.decoding import convert
from wherry.client import Client
from wherry.controllers import conditions
from wherry.controllers.apiextensions.customresourcedefinition.plan import with_condition
from wherry.controllers.apiextensions.customresourcedefinition.views import Definition
from wherry.lib.clock import parse_time
from wherry.reconcile.controller import DONE, Deps, Result

FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
PAGE = 500
WIDTH = 64
_LONG = 60.0
"""After so many seconds the status says that something holds the objects."""
_SOONEST, _LATEST = 0.05, 5.0


def is_due(definition: Definition) -> bool:
    """Whether a definition is on its way out and waits for this."""
    metadata = definition.metadata
    return metadata.deletion_timestamp is not None and FINALIZER in metadata.finalizers


async def clean(definition: Definition, deps: Deps) -> Result:
    """One pass; returns when to look again, if objects are left."""
    if conditions.is_true(definition.status.conditions, "Established"):
        definition = await _tell(definition, deps, "True", _in_progress(definition, deps.clock.time()))
        try:
            left = await _delete_all(definition, deps.client)
        except errors.ApiError as error:
            why = ("InstanceDeletionFailed", f"could not issue all deletes: {error.message}")
            await _tell(definition, deps, "True", why)
            raise
        if left:
            return Result(min(max(_age(definition, deps.clock.time()) / 4, _SOONEST), _LATEST))
        done = ("InstanceDeletionCompleted", "removed all instances")
    else:
        done = ("NeverEstablished", "resource was never established")
    definition = await _tell(definition, deps, "False", done)
    await _let_go(definition, deps.client)
    return DONE


def _in_progress(definition: Definition, now: float) -> tuple[str, str]:
    present = conditions.find(definition.status.conditions, "Terminating") or {}
    if present.get("reason") != "InstanceDeletionPending" and _age(definition, now) > _LONG:
        why = "could not confirm zero CustomResources remaining: timed out waiting for the condition"
        return "InstanceDeletionCheck", why
    return "InstanceDeletionInProgress", "CustomResource deletion is in progress"


def _age(definition: Definition, now: float) -> float:
    """How long the deletion has been under way."""
    present = conditions.find(definition.status.conditions, "Terminating") or {}
    since = present.get("lastTransitionTime")
    return now - parse_time(since) if since else 0.0


async def _delete_all(definition: Definition, client: Client) -> bool:
    """Delete every object of the kind, in all namespaces; returns whether there are any left."""
    resource = await _find(definition, client)
    if resource is None:
        return False
    is_left, token = False, ""
    while True:
        page = await client.list(resource, limit=PAGE, continue_token=token)
        for start in range(0, len(page.items), WIDTH):
            batch = page.items[start : start + WIDTH]
            is_left |= any(await asyncio.gather(*(_delete(client, resource, item) for item in batch)))
        token = page.continue_token
        if not token:
            return is_left


async def _delete(client: Client, resource: Resource, obj: Obj) -> bool:
    """Whether the object is still there afterwards."""
    metadata = obj["metadata"]
    if "deletionTimestamp" in metadata:
        return True
    try:
        await client.delete(resource, metadata["name"], metadata.get("namespace") or "", uid=metadata["uid"])
    except errors.NotFound:
        return False
    except errors.Conflict:
        return True  # another may bear the name by now
    return bool(metadata.get("finalizers"))


async def _find(definition: Definition, client: Client) -> Resource | None:
    group, plural = definition.spec.group, definition.status.accepted_names.plural
    served = await client.resources()
    return next((each for each in served if each.lifetime and (each.group, each.plural) == (group, plural)), None)


async def _tell(definition: Definition, deps: Deps, status: str, why: tuple[str, str]) -> Definition:
    """Write the condition Terminating unless it says so already; returns the definition as it is then."""
    reason, message = why
    condition = {"type": "Terminating", "status": status, "reason": reason, "message": message}
    now, old = deps.clock.time(), definition.status.conditions
    new = with_condition(old, condition, now)
    if new == old:
        return definition
    patch = {"metadata": {"uid": definition.metadata.uid}, "status": {"conditions": list(new)}}
    written = await deps.client.patch(CUSTOMRESOURCEDEFINITIONS, definition.metadata.name, patch, subresource="status")
    return convert(Definition, written)


async def _let_go(definition: Definition, client: Client) -> None:
    kept = [name for name in definition.metadata.finalizers if name != FINALIZER]
    metadata = {"finalizers": kept or None, "resourceVersion": definition.metadata.resource_version}
    try:
        await client.patch(CUSTOMRESOURCEDEFINITIONS, definition.metadata.name, {"metadata": metadata})
    except errors.NotFound:
        return

"""Carries out migrations, and tells how they ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from wherry.api import Obj, errors
from wherry.api.resource import Resource
from wherry.api.storagemigration.storageversionmigration import STORAGEVERSIONMIGRATIONS
from wherry.api.types.storagemigration_v1 import StorageVersionMigration
from wherry.client import Client, Key
from wherry.controllers import conditions
from wherry.controllers.documents import plain
from wherry.lib.clock import format_time
from wherry.reconcile.controller import DONE, Controller, Deps, Result

NAME = "storage-version-migrator-controller"
PAGE = 500
WIDTH = 32
_PATIENCE = 60.0
"""For so long after a migration was asked for, its kind may still come to be."""
_REASONS = {
    "Running": "StorageVersionMigrationInProgress",
    "Succeeded": "StorageVersionMigrationSucceeded",
    "Failed": "StorageVersionMigrationFailed",
}


async def reconcile(key: Key, deps: Deps) -> Result:
    migration = deps.client.informer(STORAGEVERSIONMIGRATIONS, StorageVersionMigration).get(key)
    if migration is None or _is_over(plain(migration.status).get("conditions", [])):
        return DONE
    resource = await _find(migration, deps.client)
    if resource is None:
        made = migration.metadata.creation_timestamp
        if made is not None and deps.clock.time() - made.timestamp() < _PATIENCE:
            return Result(1.0)
        await _tell(key, deps, "Failed", "resource not found")
        return DONE
    await _tell(key, deps, "Running")
    try:
        await _migrate_all(resource, deps.client)
    except errors.ApiError:
        await _tell(key, deps, "Failed", "migration encountered unhandled error")
        return DONE
    await _tell(key, deps, "Succeeded")
    return DONE


def _is_over(present: Sequence[Obj]) -> bool:
    return conditions.is_true(present, "Succeeded") or conditions.is_true(present, "Failed")


async def _find(migration: StorageVersionMigration, client: Client) -> Resource | None:
    wanted = plain(migration.spec).get("resource", {})
    group, plural = wanted.get("group", ""), wanted.get("resource", "")
    served = await client.resources()
    return next((each for each in served if (each.group, each.plural) == (group, plural)), None)


async def _migrate_all(resource: Resource, client: Client) -> None:
    token = ""
    while True:
        page = await client.list(resource, limit=PAGE, continue_token=token)
        for start in range(0, len(page.items), WIDTH):
            await asyncio.gather(*(_migrate(resource, client, obj) for obj in page.items[start : start + WIDTH]))
        token = page.continue_token
        if not token:
            return


async def _migrate(resource: Resource, client: Client, obj: Obj) -> None:
    """Apply nothing to the very object that was listed."""
    kept = ("name", "namespace", "uid", "resourceVersion")
    metadata = {name: obj["metadata"][name] for name in kept if name in obj["metadata"]}
    try:
        await client.apply(resource, {"metadata": metadata}, manager=NAME)
    except (errors.Conflict, errors.NotFound):
        return  # changed, gone, or another one of its name: nothing of it is kept as it was


async def _tell(key: Key, deps: Deps, type: str, message: str = "") -> None:
    """Write a condition, and which state of the kind the migration is about."""
    current = await deps.client.get(STORAGEVERSIONMIGRATIONS, key.name)
    status = dict(current.get("status") or {})
    present = [dict(each) for each in status.get("conditions") or ()]
    if conditions.is_true(present, type):
        return
    now = format_time(deps.clock.time())
    for each in present:
        if each["type"] == "Running":
            each.update(status="False", lastTransitionTime=now)
    told = {"type": type, "status": "True", "reason": _REASONS[type], "message": message, "lastTransitionTime": now}
    status["conditions"] = [*conditions.without(present, type), told]
    status.setdefault("resourceVersion", current["metadata"]["resourceVersion"])
    await deps.client.update(STORAGEVERSIONMIGRATIONS, {**current, "status": status}, subresource="status")


CONTROLLER = Controller(
    name=NAME,
    reconciles=STORAGEVERSIONMIGRATIONS,
    view=StorageVersionMigration,
    reconcile=reconcile,
    writes=("storageversionmigrations.storagemigration.k8s.io/status",),
    workers=5,
)

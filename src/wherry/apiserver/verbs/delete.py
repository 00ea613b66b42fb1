"""DELETE: at once, or by marking the object and leaving the rest to its finalizers and to whoever runs it.

What a deletion does is decided by `decide`, a pure function of the stored object and the options, in upstream's order:

1. The kind may grant a grace period (pods). Asking again can only shorten it.
2. The propagation policy adds or removes the finalizers `orphan` and `foregroundDeletion`, for the garbage collector.
3. While there are finalizers, or something else holds the object, it is only marked as being deleted.
4. What nothing keeps is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from wherry.api import Obj
from wherry.api.errors import ApiError, NotFound
from wherry.api.resource import Resource
from wherry.apiserver import metadata, pipeline, versions
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.encode import encode_any
from wherry.apiserver.failures import of_store
from wherry.apiserver.options import DeleteOptions
from wherry.apiserver.versions import converted
from wherry.lib.clock import format_time, parse_time
from wherry.store import Revision, StoreError, Write, WrongRevision
from wherry.watchcache.item import Item, stamp

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


class Fate(Enum):
    """What becomes of an object that is to be deleted."""

    REMOVE = "gone at once"
    MARK = "marked, and kept for now"
    LEAVE = "being deleted already; nothing changes"


class Deleted(Struct, frozen=True):
    """The object as it is after (or was before) its deletion; `gone` tells which."""

    obj: Obj
    data: bytes | None
    """Its bytes, where they were made in passing."""
    gone: bool


async def delete(
    core: Core, call: Call, resource: Resource, namespace: str, name: str, options: DeleteOptions
) -> Deleted:
    """Delete one object; asked again whenever another writer was quicker."""
    kind = core.kind(resource)
    while True:
        item = kind.get(namespace, name)
        if item is None:
            raise NotFound.of(resource, name)
        if resource.converter is not None:
            await versions.ready(core.aside, resource, (item,))
        obj, fate = _judge(core, call, resource, item, options)
        if fate is Fate.LEAVE:
            return Deleted(obj, versions.present(resource, item), False)
        if call.dry_run:
            return Deleted(obj, None, fate is Fate.REMOVE)
        value = None
        if fate is Fate.MARK:
            obj["metadata"].pop("resourceVersion", None)
            value = versions.stored(resource, obj) if resource.converter is None else await converted(resource, obj)
        try:
            revision = await _order(core, call, resource, item, value)
        except WrongRevision:
            continue
        except StoreError as error:
            raise of_store(error, resource, name) from error
        obj["metadata"]["resourceVersion"] = str(revision)
        data = None if value is None or resource.to_storage is not None else stamp(value, revision)
        return Deleted(obj, data, fate is Fate.REMOVE)


async def delete_together(
    core: Core, call: Call, resource: Resource, items: Sequence[Item], options: DeleteOptions
) -> None:
    """Delete some objects by writes that become durable together; those that are gone by now are no error.

    Raises the first refusal, after all others were deleted.
    """
    refused: list[ApiError] = []
    ordered: list[tuple[Item, asyncio.Future[Revision]]] = []
    for item in items:
        try:
            if (done := _begin(core, call, resource, item, options)) is not None:
                ordered.append((item, done))
        except ApiError as error:
            refused.append(error)
    outcomes = await asyncio.gather(*(done for _, done in ordered), return_exceptions=True)
    for (item, _), outcome in zip(ordered, outcomes, strict=True):
        if isinstance(outcome, WrongRevision):
            await _again(core, call, resource, item, options, refused)
        elif isinstance(outcome, StoreError):
            refused.append(of_store(outcome, resource, item.name))
        elif isinstance(outcome, BaseException):
            raise outcome
    if refused:
        raise refused[0]


def _begin(
    core: Core, call: Call, resource: Resource, item: Item, options: DeleteOptions
) -> asyncio.Future[Revision] | None:
    """Order what deletes an object of a kind without converter; None when there is nothing to write."""
    present = core.kind(resource).get(item.namespace, item.name)
    if present is None:
        return None
    obj, fate = _judge(core, call, resource, present, options)
    if fate is Fate.LEAVE or call.dry_run:
        return None
    value = None
    if fate is Fate.MARK:
        obj["metadata"].pop("resourceVersion", None)
        value = versions.stored(resource, obj)
    return _order(core, call, resource, present, value)


async def _again(
    core: Core, call: Call, resource: Resource, item: Item, options: DeleteOptions, refused: list[ApiError]
) -> None:
    """Another writer was quicker."""
    try:
        await delete(core, call, resource, item.namespace, item.name, options)
    except NotFound:
        return
    except ApiError as error:
        refused.append(error)


def _judge(core: Core, call: Call, resource: Resource, item: Item, options: DeleteOptions) -> tuple[Obj, Fate]:
    """What becomes of an object, which is changed to what is to be stored if it is kept for now."""
    obj = versions.read(resource, item)
    metadata.check_preconditions(resource, obj, options.uid, options.resource_version)
    for plugins in (core.mutating, core.validating):
        pipeline.admit(plugins, core, call, "DELETE", resource, "", (item.namespace, item.name), None, obj)
    return obj, decide(resource, obj, options, core.clock.time())


def _order(core: Core, call: Call, resource: Resource, item: Item, value: bytes | None) -> asyncio.Future[Revision]:
    write = Write(resource.key(item.namespace, item.name), value, item.revision)
    return core.write(call, resource, item, write)


def outcome(resource: Resource, name: str, deleted: Deleted) -> Outcome:
    """The answer to a deletion: the object while it is still there, a `Status` once it is gone."""
    if not deleted.gone or resource.returns_deleted:
        return Outcome(deleted.data, deleted.obj)
    details: Obj = {"name": name}
    if resource.group:
        details["group"] = resource.group
    details["kind"] = resource.plural
    details["uid"] = deleted.obj["metadata"].get("uid")
    status: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    return Outcome(encode_any(status), status)


def decide(resource: Resource, obj: Obj, options: DeleteOptions, now: float) -> Fate:
    """What the deletion does; `obj` is changed to what is to be stored when it is marked."""
    meta = obj["metadata"]
    fate = _grace(resource, obj, options, now)
    if fate is Fate.LEAVE:
        return fate
    finalizers = meta.get("finalizers") or []
    wanted = _finalizers(resource, finalizers, options)
    if resource.deletion_finalizers and not meta.get("deletionTimestamp"):
        wanted = list(dict.fromkeys((*wanted, *resource.deletion_finalizers)))
    if wanted != finalizers:
        meta["finalizers"] = wanted
    if not wanted:
        meta.pop("finalizers", None)
    if fate is Fate.MARK:
        return fate if meta.get("deletionGracePeriodSeconds") or wanted else Fate.REMOVE
    if wanted or resource.is_held(obj):
        already = bool(meta.get("deletionTimestamp"))
        _mark(obj, now, 0)
        resource.begin_deletion(obj)
        return Fate.LEAVE if already and wanted == finalizers else Fate.MARK
    return Fate.REMOVE


def _grace(resource: Resource, obj: Obj, options: DeleteOptions, now: float) -> Fate:
    """Begin or shorten graceful deletion (MARK), find it under way (LEAVE), or none at all (REMOVE)."""
    if resource.grace_seconds is None:
        return Fate.REMOVE
    meta = obj["metadata"]
    if not meta.get("deletionTimestamp"):
        seconds = resource.grace_seconds(obj, options.grace_seconds)
        _mark(obj, now, seconds)
        return Fate.MARK
    current = meta.get("deletionGracePeriodSeconds")
    if current is None:
        return Fate.REMOVE
    asked = options.grace_seconds
    if asked is None or asked >= current:
        return Fate.REMOVE if current == 0 and not meta.get("finalizers") else Fate.LEAVE
    meta["deletionTimestamp"] = format_time(parse_time(meta["deletionTimestamp"]) - current + asked)
    meta["deletionGracePeriodSeconds"] = asked
    return Fate.MARK


def _mark(obj: Obj, now: float, seconds: int) -> None:
    meta = obj["metadata"]
    if not meta.get("deletionTimestamp"):
        meta["deletionTimestamp"] = format_time(now + seconds)
        if meta.get("generation"):
            meta["generation"] += 1
    meta["deletionGracePeriodSeconds"] = seconds


def _finalizers(resource: Resource, present: list[str], options: DeleteOptions) -> list[str]:
    """The object's finalizers once the propagation policy has had its say."""
    match options.propagation:
        case "Orphan":
            orphan, foreground = True, False
        case "Foreground":
            orphan, foreground = False, True
        case "Background":
            orphan = foreground = False
        case _:
            orphan = ORPHAN in present or (resource.default_propagation == "Orphan" and FOREGROUND not in present)
            foreground = FOREGROUND in present and not orphan
    wanted = [name for name in present if name not in (ORPHAN, FOREGROUND)]
    if orphan:
        wanted.append(ORPHAN)
    if foreground:
        wanted.append(FOREGROUND)
    return present if sorted(wanted) == sorted(present) else wanted

"""POST: a new object gets its identity and, if it asks for one, a name of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from wherry.api import Obj
from wherry.api.errors import AlreadyExists, BadRequest
from wherry.api.meta.objectmeta import validate_create
from wherry.api.resource import Resource
from wherry.apiserver import metadata, ownership, pipeline, versions
from wherry.apiserver.attributes import Later
from wherry.apiserver.core import Booking, Call, Claim, Core, Outcome
from wherry.apiserver.encode import encode
from wherry.apiserver.failures import of_store
from wherry.apiserver.versions import converted
from wherry.store import KeyExists, Revision, StoreError, Write
from wherry.watchcache.item import stamp
from wherry.watchcache.window import DELETED, Event

_ATTEMPTS = 8
"""How often a generated name is drawn anew when it is taken."""
_NOTHING = Revision(0)
_PATIENCE = 1.5
"""Seconds for which a pod waits for its namespace's account; upstream asks ten times within one to two seconds."""


async def create(
    core: Core, call: Call, resource: Resource, namespace: str, obj: Obj, duplicates: Sequence[str] = ()
) -> Outcome:
    """Create `obj`, which from here on belongs to the pipeline."""
    if resource.is_namespaced and not namespace:
        raise BadRequest("an empty namespace may not be set during creation")
    take_in = partial(pipeline.intake, resource, obj, call, duplicates)
    faults = await core.aside.run(take_in) if resource.is_laborious(call.size) else take_in()
    return await finish(core, call, resource, namespace, obj, faults)


async def finish(
    core: Core, call: Call, resource: Resource, namespace: str, obj: Obj, faults: pipeline.Faults
) -> Outcome:
    """Create an object that has passed `intake`."""
    metadata.ensure_namespace(resource, obj, namespace)
    key = (namespace, metadata.name_of(obj))
    if not call.is_applied:
        follow = partial(ownership.follow, core, call, resource, None, obj, None)
        await core.aside.run(follow) if resource.is_laborious(call.size) else follow()
    try:
        pipeline.admit(core.mutating, core, call, "CREATE", resource, "", key, obj, None)
    except Later as later:
        await _await(core, later)
        pipeline.admit(core.mutating, core, call, "CREATE", resource, "", key, obj, None)
    claim = core.claim(resource)
    if claim is None:
        return await _finish(core, call, resource, namespace, obj, faults, None)
    try:
        claim.give(obj, None)
        return await _finish(core, call, resource, namespace, obj, faults, claim)
    finally:
        claim.release()


async def _finish(
    core: Core,
    call: Call,
    resource: Resource,
    namespace: str,
    obj: Obj,
    faults: pipeline.Faults,
    claim: Claim | None,
) -> Outcome:
    """Create an object that has been admitted, with what it was given."""
    meta = obj["metadata"]
    is_generated = not meta.get("name") and bool(meta.get("generateName"))
    withheld = _prepare(core, resource, obj)
    name = meta.get("name") or ""
    judge = partial(_judge, call, resource, obj, faults, withheld)
    await core.aside.run(judge) if resource.is_laborious(call.size) else judge()
    pipeline.admit(core.validating, core, call, "CREATE", resource, "", (namespace, name), obj, None)
    booking = core.book(call, resource, namespace, obj, None)
    if call.dry_run:
        return _pretend(core, resource, namespace, obj)
    try:
        revision, value = await _store(core, call, resource, namespace, obj, is_generated, claim, booking)
    finally:
        if booking is not None:
            booking.release()
    obj["metadata"]["resourceVersion"] = str(revision)
    data = stamp(value, revision) if resource.to_storage is None else encode(obj)
    return Outcome(data, obj, 201)


async def _await(core: Core, later: Later) -> None:
    """Wait a little for what admission misses; raises its refusal if it does not come."""
    kind = core.kind(later.resource)
    come: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(here: bool) -> None:
        if not come.done():
            come.set_result(here)

    def hear(event: Event) -> None:
        if (event.item.namespace, event.item.name) == (later.namespace, later.name) and event.type != DELETED:
            settle(True)

    leave = kind.add_handler(hear)
    timer = core.clock.call_later(_PATIENCE, lambda: settle(False))
    try:
        if not await come:
            raise later.refusal
    finally:
        timer.cancel()
        leave()


def _prepare(core: Core, resource: Resource, obj: Obj) -> pipeline.Faults:
    metadata.begin(core, resource, obj)
    if not resource.keeps_status_on_create and resource.subresource("status") is not None:
        obj["status"] = resource.schema.fresh_status()
    withheld = pipeline.withhold(core, resource, obj, None)
    resource.prepare_create(obj)
    if resource.stamp is not None:
        resource.stamp(obj, None, core.now())
    return withheld


def _judge(call: Call, resource: Resource, obj: Obj, faults: pipeline.Faults, withheld: pipeline.Faults) -> None:
    name = obj["metadata"].get("name") or ""
    own = (validate_create(resource, obj), resource.validate(obj))
    pipeline.refuse_invalid(resource, name, faults, *own, withheld=withheld)
    for warning in resource.warnings(obj, None):
        call.warn(warning)


async def _store(
    core: Core,
    call: Call,
    resource: Resource,
    namespace: str,
    obj: Obj,
    is_generated: bool,
    claim: Claim | None,
    booking: Booking | None,
) -> tuple[Revision, bytes]:
    """Write under the object's name, drawing generated names again while they are taken."""
    meta = obj["metadata"]
    attempts = _ATTEMPTS if is_generated else 1
    while True:
        name = meta["name"]
        if resource.lifetime is not None:
            versions.refuse_terminating(resource, name)
        value = versions.stored(resource, obj) if resource.converter is None else await converted(resource, obj)
        try:
            write = Write(resource.key(namespace, name), value, _NOTHING)
            return await core.write(call, resource, None, write, claim, booking), value
        except KeyExists:
            attempts -= 1
            if attempts:
                meta["name"] = core.ids.name(meta["generateName"])
                if booking is not None:
                    booking.call(meta["name"])
                continue
            raise _taken(resource, name, is_generated) from None
        except StoreError as error:
            raise of_store(error, resource, name) from error


def _taken(resource: Resource, name: str, generated: bool) -> AlreadyExists:
    error = AlreadyExists.of(resource, name)
    if not generated:
        return error
    message = f"{error.message}, the server was not able to generate a unique name for the object"
    return AlreadyExists(message, {**(error.details or {}), "retryAfterSeconds": 1})


def _pretend(core: Core, resource: Resource, namespace: str, obj: Obj) -> Outcome:
    name = metadata.name_of(obj)
    if core.kind(resource).get(namespace, name) is not None:
        raise AlreadyExists.of(resource, name)
    return Outcome(encode(obj), obj, 201)

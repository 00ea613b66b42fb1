"""PUT, and what every change of an existing object has in common: read, change, check, compare-and-set, again if lost.

`rewrite` is the engine of update, patch and the subresources. The caller's `change` makes the wanted object from the
stored one; it is asked again whenever another writer was quicker, unless the wanted object names a resourceVersion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from functools import partial

from wherry.api import Obj
from wherry.api.errors import BadRequest, Conflict, Invalid, NotFound
from wherry.api.meta.objectmeta import validate_update
from wherry.api.resource import Resource, Subresource
from wherry.apiserver import metadata, ownership, pipeline, versions
from wherry.apiserver.core import Call, Claim, Core, Outcome
from wherry.apiserver.encode import copy, decode, encode, encode_any
from wherry.apiserver.failures import of_store
from wherry.apiserver.pipeline import Faults
from wherry.apiserver.verbs import create
from wherry.apiserver.versions import converted
from wherry.store import Revision, StoreError, Write, WrongRevision
from wherry.watchcache.item import Item, stamp

Change = Callable[[Item, Obj], tuple[Obj, Faults]]
"""Makes the wanted object, which has passed `intake`, of what is stored and of what that says.

The wanted object belongs to the pipeline; it may share with the stored one what `draft` shares, and nothing else.
"""


async def update(
    core: Core,
    call: Call,
    resource: Resource,
    namespace: str,
    name: str,
    obj: Obj,
    sub: Subresource | None = None,
    duplicates: Sequence[str] = (),
) -> Outcome:
    """Replace an object by `obj`, which from here on belongs to the pipeline."""
    take_in = partial(pipeline.intake, resource, obj, call, duplicates)
    faults = await core.aside.run(take_in) if resource.is_laborious(call.size) else take_in()
    metadata.ensure_namespace(resource, obj, namespace)
    metadata.ensure_name(obj, name)
    if resource.create_on_update and sub is None and core.kind(resource).get(namespace, name) is None:
        obj["metadata"].pop("resourceVersion", None)
        return await create.finish(core, call, resource, namespace, obj, faults)
    # Who names a resourceVersion is refused when another was quicker; who names none begins again from the bytes.
    packed = encode_any(obj) if obj["metadata"].get("resourceVersion") in (None, "", "0") else b""
    spare = [obj]

    def change(_item: Item, _old: Obj) -> tuple[Obj, Faults]:
        if spare:
            return spare.pop(), faults
        if not packed:
            raise Conflict.modified(resource, name)
        return decode(packed), faults

    return await rewrite(core, call, resource, namespace, name, change, sub)


async def rewrite(
    core: Core,
    call: Call,
    resource: Resource,
    namespace: str,
    name: str,
    change: Change,
    sub: Subresource | None = None,
    owner: Subresource | None = None,
) -> Outcome:
    """Change an object until the change is stored, refused, or seen to be none.

    `owner` is the path by which the writer comes to own what it changes, where that is not `sub`.
    """
    claim = core.claim(resource) if sub is None else None
    if claim is None:
        return await _rewrite(core, call, resource, namespace, name, change, sub, owner or sub, None)
    try:
        return await _rewrite(core, call, resource, namespace, name, change, sub, owner or sub, claim)
    finally:
        claim.release()


async def _rewrite(
    core: Core,
    call: Call,
    resource: Resource,
    namespace: str,
    name: str,
    change: Change,
    sub: Subresource | None,
    owner: Subresource | None,
    claim: Claim | None,
) -> Outcome:
    kind = core.kind(resource)
    key = resource.key(namespace, name)
    while True:
        item = kind.get(namespace, name)
        if item is None:
            raise NotFound.of(resource, name)
        if resource.converter is not None:
            await versions.ready(core.aside, resource, (item,))
        is_long = resource.is_laborious(max(call.size, len(item.data)))
        begin = partial(_begin, resource, change, item)
        new, faults, old = await core.aside.run(begin) if is_long else begin()
        metadata.check_updated_uid(resource, new, old, key)
        _check_revision(resource, new, item)
        if sub is not None:
            _settle_metadata(resource, new, old)
        if not call.is_applied:
            if resource.converter is None:
                follow = partial(ownership.follow, core, call, resource, owner, new, old)
                await core.aside.run(follow) if is_long else follow()
            else:
                await ownership.follow_converting(core, call, resource, owner, new, old)
        await _confirm(core, call, resource, sub, new, old, faults, claim, is_long=is_long)
        old["metadata"].pop("resourceVersion", None)
        ownership.revert_times(new, old)
        if new == old and (resource.lifetime is None or await versions.is_kept(resource, new, item)):
            return Outcome(versions.present(resource, item))
        if call.dry_run:
            if sub is None:
                core.book(call, resource, namespace, new, old)
            new["metadata"]["resourceVersion"] = str(item.revision)
            return Outcome(encode(new), new)
        value = None
        if not _is_finished(resource, new, old):
            value = versions.stored(resource, new) if resource.converter is None else await converted(resource, new)
        booking = core.book(call, resource, namespace, new, old) if sub is None else None
        try:
            revision = await core.write(call, resource, item, Write(key, value, item.revision), claim, booking)
        except WrongRevision:
            continue
        except StoreError as error:
            raise of_store(error, resource, name) from error
        finally:
            if booking is not None:
                booking.release()
        return _outcome(resource, new, value, revision)


def draft(resource: Resource, sub: Subresource | None, old: Obj, members: Set[str] | None) -> Obj:
    """What a change of some members is made on: a copy that shares with the stored object what nobody will touch.

    That is whatever this path puts back in the end, and the entries of managed fields, which merging replaces but never
    changes. Where any member may change in any way (None), nothing is shared.
    """
    if members is None:
        return copy(old)
    if sub is not None:
        own = {name: old[name] for name in {"metadata", *sub.writes, *members} if name in old}
    else:
        own = dict(old)
        if "status" not in members and resource.subresource("status") is not None:
            own.pop("status", None)
    entries = own["metadata"].get("managedFields")
    if entries:
        own["metadata"] = {**own["metadata"], "managedFields": None}
    own = copy(own)
    if entries:
        own["metadata"]["managedFields"] = entries
    return {**old, **own}


def _begin(resource: Resource, change: Change, item: Item) -> tuple[Obj, Faults, Obj]:
    """What is wanted, what is wrong with it, and what is there."""
    old = versions.read(resource, item)
    new, faults = change(item, old)
    return new, faults, old


async def _confirm(
    core: Core,
    call: Call,
    resource: Resource,
    sub: Subresource | None,
    new: Obj,
    old: Obj,
    faults: Faults,
    claim: Claim | None,
    *,
    is_long: bool,
) -> None:
    """Admit, restore what this path may not change, and validate."""
    meta = old["metadata"]
    key = (meta.get("namespace") or "", meta["name"])
    subresource = sub.name if sub else ""
    pipeline.admit(core.mutating, core, call, "UPDATE", resource, subresource, key, new, old)
    if claim is not None:
        claim.give(new, old)
    metadata.keep(new, old)
    judge = partial(_judge, core, call, resource, sub, new, old, faults)
    await core.aside.run(judge) if is_long else judge()
    pipeline.admit(core.validating, core, call, "UPDATE", resource, subresource, key, new, old)


def _judge(
    core: Core, call: Call, resource: Resource, sub: Subresource | None, new: Obj, old: Obj, faults: Faults
) -> None:
    """Put back what this path may not change, and refuse what is wrong."""
    if sub is not None:
        faults = ()
        confine(new, old, sub.writes)
        withheld = pipeline.withhold(core, resource, new, old)
        resource.prepare_status_update(new, old)
        _stamp(core, resource, new, old)
        checks: tuple[Faults, ...] = (validate_update(new, old), resource.validate_status_update(new, old))
    else:
        if resource.subresource("status") is not None:
            _restore(new, old, "status")
        withheld = pipeline.withhold(core, resource, new, old)
        resource.prepare_update(new, old)
        _stamp(core, resource, new, old)
        metadata.count_generation(resource, new, old)
        checks = (validate_update(new, old), resource.validate(new), resource.validate_update(new, old))
    pipeline.refuse_invalid(resource, old["metadata"]["name"], faults, *checks, withheld=withheld)
    for warning in resource.warnings(new, old) if sub is None else ():
        call.warn(warning)


def _stamp(core: Core, resource: Resource, new: Obj, old: Obj) -> None:
    if resource.stamp is not None:
        resource.stamp(new, old, core.now())


def confine(new: Obj, old: Obj, writes: Sequence[str]) -> None:
    """Put back every top-level field that a subresource does not write; of the metadata, the kind decides."""
    for name in new.keys() | old.keys():
        if name not in writes and name != "metadata":
            _restore(new, old, name)


_JUDGED_BY_KIND = ("labels", "annotations", "finalizers", "ownerReferences")


def _settle_metadata(resource: Resource, new: Obj, old: Obj) -> None:
    """Put back what of the metadata the kind lets no subresource change, before anybody comes to own it."""
    meta, before = new["metadata"], old["metadata"]
    for name in _JUDGED_BY_KIND:
        if meta.get(name) != before.get(name):
            break
    else:
        return
    trial = copy(new)
    resource.prepare_status_update(trial, old)
    for name in _JUDGED_BY_KIND:
        _restore(meta, trial["metadata"], name)


def _restore(new: Obj, old: Obj, name: str) -> None:
    if name in old:
        new[name] = old[name]
    else:
        new.pop(name, None)


def _check_revision(resource: Resource, new: Obj, item: Item) -> None:
    """Optimistic concurrency: a writer who names the state that was read must have read the latest."""
    stated = new["metadata"].get("resourceVersion") or ""
    if stated in ("", "0"):
        if not resource.unconditional_update:
            raise Invalid.without_revision(resource, item.name)
    elif stated != str(item.revision):
        if not stated.isdecimal():
            raise BadRequest(
                f'resourceVersion: Invalid value: "{stated}": strconv.ParseUint: parsing "{stated}": invalid syntax'
            )
        raise Conflict.modified(resource, item.name)


def _is_finished(resource: Resource, new: Obj, old: Obj) -> bool:
    """Whether this write takes away the last thing that kept a deleted object."""
    meta = new["metadata"]
    return bool(
        meta.get("deletionTimestamp")
        and not meta.get("finalizers")
        and not meta.get("deletionGracePeriodSeconds")
        and not resource.is_held(new)
    )


def _outcome(resource: Resource, new: Obj, value: bytes | None, revision: Revision) -> Outcome:
    new["metadata"]["resourceVersion"] = str(revision)
    data = stamp(value, revision) if value is not None and resource.to_storage is None else encode(new)
    return Outcome(data, new)

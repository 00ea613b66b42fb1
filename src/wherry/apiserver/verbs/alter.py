"""A change by the API server's own hand, on behalf of a subresource: binding a pod, spending a disruption budget.

It passes no admission and no update rules, which would forbid just these changes to everybody else; whoever calls this
has checked what the change needs.
"""

from __future__ import annotations

from collections.abc import Callable

from wherry.api import Obj
from wherry.api.errors import NotFound
from wherry.api.resource import Resource, Subresource
from wherry.apiserver import ownership, versions
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.failures import of_store
from wherry.apiserver.versions import converted
from wherry.store import StoreError, Write, WrongRevision

Mutate = Callable[[Obj], None]
"""Changes the stored object in place or raises an `ApiError`; asked again when another writer was quicker."""


async def alter(
    core: Core,
    call: Call,
    resource: Resource,
    namespace: str,
    name: str,
    mutate: Mutate,
    owner: Subresource | None = None,
) -> Outcome:
    """`owner` is the subresource by which the writer comes to own what it changes; without one nobody does."""
    kind = core.kind(resource)
    key = resource.key(namespace, name)
    while True:
        item = kind.get(namespace, name)
        if item is None:
            raise NotFound.of(resource, name)
        if resource.converter is not None:
            await versions.ready(core.aside, resource, (item,))
        obj = versions.read(resource, item)
        mutate(obj)
        if owner is not None and not call.is_applied:
            ownership.follow(core, call, resource, owner, obj, versions.read(resource, item))
        if call.dry_run:
            return Outcome(None, obj)
        obj["metadata"].pop("resourceVersion", None)
        value = versions.stored(resource, obj) if resource.converter is None else await converted(resource, obj)
        booking = core.book(call, resource, namespace, obj, item)
        try:
            revision = await core.write(call, resource, item, Write(key, value, item.revision), booking)
        except WrongRevision:
            continue
        except StoreError as error:
            raise of_store(error, resource, name) from error
        finally:
            if booking is not None:
                booking.release()
        obj["metadata"]["resourceVersion"] = str(revision)
        return Outcome(None, obj)

"""PATCH of a subresource that has a handler: an update by the patched answer to a get."""

from __future__ import annotations

from collections.abc import Callable

from wherry.api import Obj
from wherry.api.errors import Conflict, Invalid
from wherry.api.resource import Resource
from wherry.apiserver import ownership, pipeline
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.encode import encode
from wherry.apiserver.subresources import Handler, Target, scale
from wherry.apiserver.verbs.apply import Configuration

_ATTEMPTS = 5


async def patch_by_handlers(
    core: Core, call: Call, target: Target, get: Handler, update: Handler, apply: Callable[[Resource, Obj], Obj]
) -> Outcome:
    """Get, apply, update; again, a few times, when another writer was quicker."""
    read = scale.get_to_patch if update is scale.update else get
    for attempt in range(1, _ATTEMPTS + 1):
        current = (await read(core, call, target, None)).decoded()
        kind = core.registry.by_kind(current["apiVersion"], current["kind"]) or target.resource
        try:
            return await update(core, call, target, apply(kind, current))
        except Conflict:
            if attempt == _ATTEMPTS:
                raise
        except pipeline.Undecodable as error:
            shown = apply(kind, (await read(core, call, target, None)).decoded())
            raise Invalid.of_patch(encode(shown).decode(), error.why) from error
    raise AssertionError("unreachable")


async def apply_by_handlers(
    core: Core, call: Call, target: Target, get: Handler, update: Handler, configuration: Configuration
) -> Outcome:
    """Server-side apply to what the handlers get and update."""
    if update is scale.update:
        return await scale.apply(core, call, target, configuration)
    call.is_applied = True
    path = target.resource.subresource(target.subresource)

    def lay(kind: Resource, current: Obj) -> Obj:
        return ownership.lay(core, call, kind, path, current, configuration.read(), force=configuration.force)

    return await patch_by_handlers(core, call, target, get, update, lay)

"""PATCH: read, apply, and store, again whenever another writer was quicker.

A patch that names a resourceVersion insists on it; all others are applied to whatever is the latest state.
"""

from __future__ import annotations

from collections.abc import Callable

from wherry.api import Obj
from wherry.api.errors import BadRequest
from wherry.api.patch.applying import apply as apply_patch
from wherry.api.patch.applying import unsupported
from wherry.api.resource import Resource, Subresource
from wherry.apiserver import metadata, pipeline, versions
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.encode import DecodeError, decode
from wherry.apiserver.pipeline import Faults
from wherry.apiserver.verbs.update import rewrite
from wherry.client import Patch
from wherry.watchcache.item import Item

_TYPES = {kind.value: kind for kind in Patch}

Apply = Callable[[Obj], Obj]
"""Makes the patched object from the stored one, which belongs to it."""


async def patch(
    core: Core,
    call: Call,
    resource: Resource,
    namespace: str,
    name: str,
    apply: Apply,
    sub: Subresource | None = None,
) -> Outcome:
    """Change one object by a patch."""

    def change(item: Item) -> tuple[Obj, Faults]:
        patched = apply(versions.read(resource, item))
        _check_identity(resource, patched, namespace, name)
        faults = pipeline.intake(resource, patched, call)
        return patched, faults

    return await rewrite(core, call, resource, namespace, name, change, sub)


def reader(body: bytes, content_type: str, resource: Resource) -> Apply:
    """What the body of a PATCH request does; raises UnsupportedMediaType and BadRequest."""
    media = content_type.partition(";")[0].strip().lower()
    kind = _TYPES.get(media)
    if kind is None:
        raise unsupported(True)
    try:
        document = decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"error decoding patch: {error}") from error
    return applier(kind, document, resource)


def applier(kind: Patch, document: object, resource: Resource) -> Apply:
    """Applies one decoded patch to as many states as it takes."""
    return lambda obj: apply_patch(kind.value, obj, document, resource.schema)


def _check_identity(resource: Resource, patched: Obj, namespace: str, name: str) -> None:
    """A patch can not make an object another one."""
    if patched.get("apiVersion") != resource.api_version or patched.get("kind") != resource.kind:
        raise BadRequest("the patch may not change apiVersion or kind")
    meta = metadata.of(patched)
    if not meta.get("name"):
        meta["name"] = name
    metadata.ensure_name(patched, name)
    metadata.ensure_namespace(resource, patched, namespace)

"""What every cluster has from its first moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from wherry.api import Obj
from wherry.api.core.namespace import SYSTEM_NAMESPACES
from wherry.api.errors import AlreadyExists
from wherry.apiserver.access import ROOT
from wherry.apiserver.core import Call, Core
from wherry.apiserver.encode import copy
from wherry.apiserver.verbs.create import create


def _namespace(name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


NAMESPACES: tuple[Obj, ...] = tuple(map(_namespace, SYSTEM_NAMESPACES))


async def bootstrap(core: Core, objects: Iterable[Obj]) -> None:
    """Create those of `objects` that do not exist; all at once, so that it costs one commit."""
    missing = [obj for obj in objects if not _exists(core, obj)]
    results = await asyncio.gather(*(_create(core, obj) for obj in missing), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, AlreadyExists):
            raise result


def _exists(core: Core, obj: Obj) -> bool:
    resource = core.registry.by_kind(obj["apiVersion"], obj["kind"])
    meta = obj["metadata"]
    return resource is None or core.kind(resource).get(meta.get("namespace") or "", meta["name"]) is not None


async def _create(core: Core, obj: Obj) -> None:
    resource = core.registry.by_kind(obj["apiVersion"], obj["kind"])
    if resource is None:
        raise LookupError(f"no kind {obj['kind']} in {obj['apiVersion']}")
    # Admission is for requests; what the control plane itself needs must not wait for what admission needs.
    bare = Core(core.store, core.cache, core.clock, core.ids, core.registry, core.reader, witness=core.witness)
    call = Call(ROOT, manager="kube-apiserver", verb="create")
    await create(bare, call, resource, obj["metadata"].get("namespace") or "", copy(obj))

"""What a server serves, from its discovery documents: aggregated ones where there are, else group by group.

Built-in kinds are found in the registry, with all that is known of them; of the others discovery tells enough to read
and write their objects.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence, Set
from typing import Any, Final

from msgspec import Struct

from wherry.api import Obj
from wherry.api.errors import ApiError
from wherry.api.field import FieldError
from wherry.api.resource import Resource, Scope
from wherry.api.schema.nodes import DEDUCED, Node

log = logging.getLogger(__name__)

Fetch = Callable[[str, str], Awaitable[Obj]]
"""(path, accepted content types) -> the document."""

_JSON: Final = "application/json"
_AGGREGATED: Final = ",".join(
    (
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        _JSON,
    )
)


class Found(Struct, frozen=True):
    """One kind as discovery names it."""

    group: str
    version: str
    plural: str
    kind: str
    is_namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    singular: str = ""


class OpenSchema:
    """The shape of a kind of which nothing is known: everything is allowed, nothing is merged by key."""

    __slots__ = ()

    knows_strategic_merge = False

    def prune(self, obj: Obj, only: Set[str] | None = None) -> tuple[list[FieldError], list[str]]:
        return [], []

    def merge_strategy(self, path: tuple[str, ...]) -> tuple[str, str]:
        return "", ""

    def fresh_status(self) -> Obj:
        return {}

    @property
    def node(self) -> Node:
        return DEDUCED


async def discover(fetch: Fetch, customs: dict[Found, Resource] | None = None) -> Sequence[Resource]:
    """Every kind that is kept as objects, once, in the version that the server prefers.

    `customs` remembers the values of kinds that are not built in, so that they are the same each time.
    """
    remembered = customs if customs is not None else {}
    from wherry.api.registry import Registry  # Names all built-in kinds; few clients ask.

    registry = Registry()
    resources: dict[tuple[str, str], Resource] = {}
    for root in ("/api", "/apis"):
        for found in await _kinds(fetch, root):
            if "list" not in found.verbs or (found.group, found.plural) in resources:
                continue
            known = registry.get(found.group, found.version, found.plural)
            resources[found.group, found.plural] = (
                (known.storage or known) if known is not None else remembered.setdefault(found, _custom(found))
            )
    unique = {id(resource): resource for resource in resources.values() if resource.stored}
    return tuple(unique.values())


async def _kinds(fetch: Fetch, root: str) -> list[Found]:
    document = await fetch(root, _AGGREGATED)
    match document.get("kind"):
        case "APIGroupDiscoveryList":
            return list(_aggregated(document))
        case "APIVersions":
            return await _versions(fetch, "", [(f"/api/{version}", version) for version in document["versions"]])
    found: list[Found] = []
    for group in document.get("groups") or ():
        versions = [version["version"] for version in group["versions"]]
        preferred = (group.get("preferredVersion") or {}).get("version", "")
        versions.sort(key=lambda version: version != preferred)
        name = group["name"]
        found += await _versions(fetch, name, [(f"/apis/{name}/{version}", version) for version in versions])
    return found


async def _versions(fetch: Fetch, group: str, versions: Sequence[tuple[str, str]]) -> list[Found]:
    found: list[Found] = []
    for path, version in versions:
        try:
            document = await fetch(path, _JSON)
        except ApiError as error:
            log.warning("discovery of %s failed: %s", path, error)  # An extension server is down; the rest is not.
            continue
        for entry in document.get("resources") or ():
            if "/" not in entry["name"]:
                found.append(_found(group, version, entry["name"], entry, entry.get("kind", ""), entry["namespaced"]))
    return found


def _aggregated(document: Obj) -> Iterator[Found]:
    for group in document.get("items") or ():
        name = (group.get("metadata") or {}).get("name", "")
        for version in group.get("versions") or ():
            for entry in version.get("resources") or ():
                kind = (entry.get("responseKind") or {}).get("kind", "")
                yield _found(name, version["version"], entry["resource"], entry, kind, entry["scope"] == "Namespaced")


def _found(group: str, version: str, plural: str, entry: dict[str, Any], kind: str, is_namespaced: bool) -> Found:
    return Found(
        group,
        version,
        plural,
        kind,
        is_namespaced,
        tuple(entry.get("verbs") or ()),
        tuple(entry.get("shortNames") or ()),
        entry.get("singularName") or entry.get("singularResource") or "",
    )


def _custom(found: Found) -> Resource:
    return Resource(
        group=found.group,
        version=found.version,
        kind=found.kind,
        plural=found.plural,
        singular=found.singular,
        short_names=found.short_names,
        verbs=found.verbs,
        scope=Scope.NAMESPACED if found.is_namespaced else Scope.CLUSTER,
        schema=OpenSchema(),
    )

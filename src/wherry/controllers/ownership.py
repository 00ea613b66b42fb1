"""Whose child an object is. Pure.

A controller owns the objects that name it as their controller. It adopts those that match its selector and name
nobody, and releases those it owns that match no longer (upstream calls the design ControllerRef).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

from wherry.api import Obj
from wherry.api.resource import Resource
from wherry.api.types.meta_v1 import ObjectMeta, OwnerReference
from wherry.client import Informer, Key

V = TypeVar("V")

BY_CONTROLLER = "controller"
"""Name of the index by the controller's UID; objects without a controller stand under `orphans_of(namespace)`."""


class Claim(Struct, Generic[V], frozen=True):
    """What a controller may count as its own, and what has to change for that."""

    mine: tuple[V, ...]
    adopt: tuple[V, ...]
    release: tuple[V, ...]


def key_of(metadata: ObjectMeta) -> Key:
    return Key(metadata.namespace, metadata.name)


def controller_of(metadata: ObjectMeta) -> OwnerReference | None:
    """The one owner that manages the object, if any."""
    for reference in metadata.owner_references:
        if reference.controller:
            return reference
    return None


def is_controlled_by(metadata: ObjectMeta, uid: str) -> bool:
    reference = controller_of(metadata)
    return reference is not None and reference.uid == uid


def controller_reference(resource: Resource, owner: ObjectMeta) -> Obj:
    """The owner reference that children of `owner` carry."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def claim(
    owner: ObjectMeta,
    picks: Callable[[Mapping[str, str]], bool],
    candidates: Iterable[V],
    *,
    is_member: Callable[[V], bool] = lambda _: True,
) -> Claim[V]:
    """Sort candidates into own children, orphans to adopt, and children to release.

    `picks` judges by labels, `is_member` by all else (a StatefulSet's Pods must bear its name). An owner that is being
    deleted neither adopts nor releases. Orphans being deleted are left alone.
    """
    mine: list[V] = []
    adopt: list[V] = []
    release: list[V] = []
    is_going = owner.deletion_timestamp is not None
    for candidate in candidates:
        metadata: ObjectMeta = candidate.metadata  # type: ignore[attr-defined]
        reference = controller_of(metadata)
        if reference is not None:
            if reference.uid == owner.uid:
                if picks(metadata.labels) and is_member(candidate):
                    mine.append(candidate)
                elif not is_going:
                    release.append(candidate)
        elif not is_going and metadata.deletion_timestamp is None and picks(metadata.labels) and is_member(candidate):
            adopt.append(candidate)
    return Claim(tuple(mine), tuple(adopt), tuple(release))


def orphans_of(namespace: str) -> str:
    """The index key under which objects of a namespace without controller stand."""
    return f"orphans/{namespace}"


def controller_index(view: Any) -> tuple[str]:
    reference = controller_of(view.metadata)
    return (reference.uid if reference is not None else orphans_of(view.metadata.namespace),)


def index_by_controller(informer: Informer[Any]) -> None:
    informer.add_index(BY_CONTROLLER, controller_index)


def children(informer: Informer[V], owner: ObjectMeta) -> list[V]:
    """Objects that name `owner` as their controller. Needs `index_by_controller`."""
    return list(informer.by_index(BY_CONTROLLER, owner.uid))


def candidates(informer: Informer[V], owner: ObjectMeta) -> list[V]:
    """Children of `owner` and the orphans of its namespace, to be sorted by `claim`."""
    return [
        *informer.by_index(BY_CONTROLLER, owner.uid),
        *informer.by_index(BY_CONTROLLER, orphans_of(owner.namespace)),
    ]


def owner_keys(kind: str, old: Any, new: Any) -> list[Key]:
    """The keys of the owners of `kind` (API group aside) that a change of a child concerns."""
    keys: list[Key] = []
    for view in (old, new):
        if view is not None:
            reference = controller_of(view.metadata)
            if reference is not None and reference.kind == kind:
                key = Key(view.metadata.namespace, reference.name)
                if key not in keys:
                    keys.append(key)
    return keys


def is_up_for_adoption(old: Any, new: Any) -> bool:
    """Whether whoever selects a child may want it now: it came without an owner, lost its own, or got other labels."""
    if new.metadata.deletion_timestamp is not None or controller_of(new.metadata) is not None:
        return False
    return old is None or old.metadata.labels != new.metadata.labels or controller_of(old.metadata) is not None

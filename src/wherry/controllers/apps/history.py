"""ControllerRevisions: the templates a workload had, for `kubectl rollout history` and `undo`. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from wherry.api import Obj
from wherry.api.resource import Resource
from wherry.api.types.apps_v1 import ControllerRevision
from wherry.api.types.core_v1 import PodTemplateSpec
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.controllers.apps.deployment.revisions import fnv32a, safe_encode
from wherry.controllers.documents import plain
from wherry.controllers.ownership import controller_reference

HASH_LABEL = "controller-revision-hash"

_canonical = msgspec.json.Encoder(order="deterministic")


class History(Struct, frozen=True):
    """What to do with the revisions of a workload; exactly one of them stands for its present template."""

    hash: str
    create: Obj | None
    renumber: tuple[str, int] | None
    """(name, revision) of an old revision that is current again."""
    delete: tuple[ControllerRevision, ...]
    duplicates: tuple[ControllerRevision, ...] = ()
    """Others that hold the present template: their Pods are those of the one that is kept, and they go."""


def keep(
    owner: tuple[Resource, ObjectMeta],
    template: PodTemplateSpec,
    revisions: Sequence[ControllerRevision],
    limit: int,
    used: Collection[str],
    collisions: int | None,
) -> History:
    """Find or make the present revision. Of the others `limit` remain, besides those whose hash is `used` by Pods."""
    data = data_of(template)
    ordered = in_order(revisions)
    newest = (ordered[-1].revision or 0) if ordered else 0
    same = equal(ordered, data)
    duplicates, current = same[:-1], same[-1] if same else None
    if current is not None:
        digest = digest_of(current)
        is_newest = (current.revision or 0) == newest
        renumber = None if is_newest else (current.metadata.name, newest + 1)
        create = None
    else:
        digest = hash_of(data, collisions)
        renumber = None
        labels = {**template.metadata.labels, HASH_LABEL: digest}
        create = revision(owner, f"{owner[1].name}-{digest}", labels, data, newest + 1)
    others = [one for one in ordered if one is not current and one not in duplicates]
    return History(digest, create, renumber, _surplus(others, limit, used), tuple(duplicates))


def _surplus(past: Sequence[ControllerRevision], limit: int, used: Collection[str]) -> tuple[ControllerRevision, ...]:
    idle = [one for one in past if digest_of(one) not in used]
    return tuple(idle[: max(0, len(past) - limit)])


def digest_of(revision: ControllerRevision) -> str:
    """What Pods of a revision are labelled with; one that has lost its label goes by its name."""
    return revision.metadata.labels.get(HASH_LABEL) or revision.metadata.name


def in_order(revisions: Sequence[ControllerRevision]) -> list[ControllerRevision]:
    """Oldest first."""
    return sorted(revisions, key=_age)


def equal(revisions: Sequence[ControllerRevision], data: Obj) -> list[ControllerRevision]:
    """Those that hold `data`, in the order given."""
    encoded = _canonical.encode(data)
    return [one for one in revisions if _canonical.encode(plain_data(one.data)) == encoded]


def revision(owner: tuple[Resource, ObjectMeta], name: str, labels: Mapping[str, str], data: Obj, number: int) -> Obj:
    """A ControllerRevision to create."""
    metadata = owner[1]
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name,
            "namespace": metadata.namespace,
            "labels": dict(labels),
            "annotations": dict(metadata.annotations),
            "ownerReferences": [controller_reference(*owner)],
        },
        "data": data,
        "revision": number,
    }


def data_of(template: PodTemplateSpec) -> Obj:
    """A strategic merge patch that puts the template back in place."""
    return {"spec": {"template": {**plain(template), "$patch": "replace"}}}


def plain_data(data: Any) -> Any:
    return msgspec.to_builtins(data)


def hash_of(data: Obj, collisions: int | None) -> str:
    """A short name for what a revision holds."""
    salt = b"" if collisions is None else str(collisions).encode()
    return safe_encode(str(fnv32a(_canonical.encode(data) + salt)))


def _age(one: ControllerRevision) -> tuple[int, float, str]:
    created = one.metadata.creation_timestamp
    return one.revision or 0, created.timestamp() if created is not None else 0.0, one.metadata.name

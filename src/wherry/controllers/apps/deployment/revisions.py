"""Which ReplicaSet belongs to a template, what it is called, and the revision numbers `kubectl rollout` reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from wherry.api import Obj
from wherry.api.types.apps_v1 import ReplicaSet
from wherry.api.types.core_v1 import PodTemplateSpec
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.controllers.apps.deployment.model import (
    DESIRED,
    HASH_LABEL,
    MAX,
    REVISION,
    REVISION_HISTORY,
    ROLLBACK,
)

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
HISTORY_LENGTH = 2000
NOT_COPIED = frozenset({LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED, MAX, ROLLBACK})
"""Annotations that a Deployment and its ReplicaSets have each for themselves."""
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"

_canonical = msgspec.json.Encoder(order="deterministic")


def template_hash(template: Obj, collisions: int | None) -> str:
    """A short name for a Pod template: FNV-1a over its canonical form, spelled without vowels.

    Upstream hashes Go's own print of its structures, so its values are others; names only have to be stable.
    """
    data = _canonical.encode(template)
    if collisions is not None:
        data += collisions.to_bytes(8, "little")
    return safe_encode(str(fnv32a(data)))


def fnv32a(data: bytes) -> int:
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def safe_encode(text: str) -> str:
    """Spell a text in characters that can form no bad words (upstream's `SafeEncodeString`)."""
    return "".join(_ALPHABET[ord(char) % len(_ALPHABET)] for char in text)


def is_same_template(one: PodTemplateSpec, other: PodTemplateSpec) -> bool:
    """Whether two templates make the same Pods, the hash label aside."""
    return one.spec == other.spec and _without_hash(one.metadata) == _without_hash(other.metadata)


def find_new(template: PodTemplateSpec, sets: Sequence[ReplicaSet]) -> ReplicaSet | None:
    """The oldest ReplicaSet that has the Deployment's template."""
    same = [one for one in sets if is_same_template(one.spec.template, template)]
    return min(same, key=_age, default=None)


def revision_of(annotations: Mapping[str, str]) -> int:
    try:
        return int(annotations.get(REVISION, "0"))
    except ValueError:
        return 0


def annotations_for(
    present: Mapping[str, str], deployment: Mapping[str, str], revision: int, limits: Mapping[str, str], *, exists: bool
) -> dict[str, str]:
    """The new ReplicaSet's annotations; a template rolled back to keeps the revisions it had before."""
    wanted = dict(present)
    wanted.update({name: value for name, value in deployment.items() if name not in NOT_COPIED})
    before = revision_of(present)
    if before < revision:
        wanted[REVISION] = str(revision)
        if before > 0:
            wanted[REVISION_HISTORY] = _history(present.get(REVISION_HISTORY, ""), before)
    if not exists:
        wanted.update(limits)
    return wanted


def _history(history: str, revision: int) -> str:
    entries = [entry for entry in history.split(",") if entry]
    entries.append(str(revision))
    while entries and len(",".join(entries)) > HISTORY_LENGTH:
        entries.pop(0)
    return ",".join(entries)


def _without_hash(metadata: ObjectMeta) -> ObjectMeta:
    labels = {name: value for name, value in metadata.labels.items() if name != HASH_LABEL}
    return msgspec.structs.replace(metadata, labels=labels)


def _age(one: ReplicaSet) -> tuple[float, str]:
    created = one.metadata.creation_timestamp
    return (created.timestamp() if created is not None else 0.0, one.metadata.name)

"""What holds for `metadata` of every object, when it is made and when it changes.

Types are right already (the schema saw to that) and the system's own fields are set or restored. The path with nothing
wrong is the hot one: it builds no strings and calls little.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, required, too_long
from wherry.api.meta.labels import validate_labels
from wherry.api.meta.names import (
    dns1123_label_faults,
    dns1123_subdomain_faults,
    mask_trailing_dash,
    path_segment_faults,
    qualified_name_faults,
)
from wherry.api.resource import Resource

ANNOTATIONS_LIMIT = 256 * 1024
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
IMMUTABLE = "field is immutable"
NOT_NEGATIVE = "must be greater than or equal to 0"

_STANDARD_FINALIZERS = frozenset({"kubernetes", ORPHAN, FOREGROUND})
_IMMUTABLE_FIELDS = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def validate_create(resource: Resource, obj: Obj) -> list[FieldError]:
    """What holds for a new object besides `resource.validate`: its metadata, and what the kind demands of new ones."""
    meta = obj["metadata"]
    faults = _validate_names(resource, meta)
    _validate_common(meta, "metadata", faults, strict_finalizers=resource.group == "")
    faults += resource.validate_create(obj)
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """What may have changed is valid, what may not has not. Fields that a client left out have been filled in."""
    meta, before = new["metadata"], old["metadata"]
    faults: list[FieldError] = []
    if before.get("deletionTimestamp"):
        added = [name for name in meta.get("finalizers") or () if name not in (before.get("finalizers") or ())]
        if added:
            faults.append(forbidden("metadata.finalizers", _no_new_finalizers(added)))
    if (meta.get("generation") or 0) < (before.get("generation") or 0):
        faults.append(invalid("metadata.generation", meta.get("generation") or 0, "must not be decremented"))
    for field in _IMMUTABLE_FIELDS:
        if meta.get(field) != before.get(field):
            faults.append(invalid("metadata." + field, meta.get(field), IMMUTABLE))
    _validate_common(meta, "metadata", faults, strict_finalizers=False)
    return faults


def validate_embedded(meta: Obj, path: str) -> list[FieldError]:
    """The metadata of an object that is part of another; it need not have a name, and any path segment is one."""
    faults: list[FieldError] = []
    for field in ("generateName", "name"):
        if name := meta.get(field):
            faults += [invalid(f"{path}.{field}", name, why) for why in path_segment_faults(name, field != "name")]
    if namespace := meta.get("namespace"):
        faults += [invalid(path + ".namespace", namespace, why) for why in dns1123_label_faults(namespace)]
    _validate_common(meta, path, faults, strict_finalizers=False)
    return faults


_NOT_THROUGH_STATUS = ("labels", "annotations", "finalizers", "ownerReferences")


def keep_metadata(new: Obj, old: Obj) -> None:
    """`Resource.prepare_status_update` of kinds whose status writers change no metadata."""
    meta, before = new["metadata"], old["metadata"]
    for field in _NOT_THROUGH_STATUS:
        if field in before:
            meta[field] = before[field]
        else:
            meta.pop(field, None)


def validate_template_meta(meta: Mapping[str, Any], path: str) -> list[FieldError]:
    """Labels and annotations of a template (of pods, jobs, claims); it has no name to check."""
    faults: list[FieldError] = []
    if labels := meta.get("labels"):
        faults += validate_labels(labels, path + ".labels")
    if annotations := meta.get("annotations"):
        faults += validate_annotations(annotations, path + ".annotations")
    return faults


def validate_annotations(annotations: Mapping[str, str], path: str) -> list[FieldError]:
    """Keys are qualified names of any case; all together are no larger than 256 KiB."""
    faults: list[FieldError] = []
    for key in annotations:
        if reasons := qualified_name_faults(key.lower()):
            faults += [invalid(path, key, why) for why in reasons]
    size = sum(map(len, annotations)) + sum(map(len, annotations.values()))
    if size * 4 > ANNOTATIONS_LIMIT and _bytes(annotations) > ANNOTATIONS_LIMIT:
        faults.append(too_long(path, ANNOTATIONS_LIMIT))
    return faults


def _bytes(texts: Mapping[str, str]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in texts.items())


def _validate_names(resource: Resource, meta: Obj) -> list[FieldError]:
    faults: list[FieldError] = []
    if prefix := meta.get("generateName"):
        faults += [invalid("metadata.generateName", prefix, why) for why in _name_faults(resource, prefix, True)]
    name = meta.get("name")
    if not name:
        faults.append(required("metadata.name", "name or generateName is required"))
    else:
        faults += [invalid("metadata.name", name, why) for why in _name_faults(resource, name, False)]
    namespace = meta.get("namespace")
    if not resource.is_namespaced:
        if namespace:
            faults.append(forbidden("metadata.namespace", "not allowed on this type"))
    elif not namespace:
        faults.append(required("metadata.namespace"))
    else:
        faults += [invalid("metadata.namespace", namespace, why) for why in dns1123_label_faults(namespace)]
    return faults


def _name_faults(resource: Resource, name: str, is_prefix: bool) -> Sequence[str]:
    if resource.validate_name is not None:
        return resource.validate_name(name, is_prefix)
    return dns1123_subdomain_faults(mask_trailing_dash(name) if is_prefix else name)


def _validate_common(meta: Obj, path: str, faults: list[FieldError], *, strict_finalizers: bool) -> None:
    """Add the faults of what is judged alike on create and update."""
    if (meta.get("generation") or 0) < 0:
        faults.append(invalid(path + ".generation", meta["generation"], NOT_NEGATIVE))
    if labels := meta.get("labels"):
        faults += validate_labels(labels, path + ".labels")
    if annotations := meta.get("annotations"):
        faults += validate_annotations(annotations, path + ".annotations")
    if owners := meta.get("ownerReferences"):
        faults += _validate_owners(owners, path + ".ownerReferences")
    if finalizers := meta.get("finalizers"):
        faults += _validate_finalizers(finalizers, path + ".finalizers", strict_finalizers)


def _validate_owners(owners: Sequence[Obj], path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    controller = ""
    for owner in owners:
        faults += _validate_owner(owner, path)
        if owner.get("controller"):
            if controller:
                faults.append(invalid(path, owners, _two_controllers(controller, owner.get("name") or "")))
            controller = owner.get("name") or ""
    return faults


def _validate_owner(owner: Obj, path: str) -> list[FieldError]:
    api_version, kind = owner.get("apiVersion") or "", owner.get("kind") or ""
    faults: list[FieldError] = []
    if not api_version.rpartition("/")[2]:
        faults.append(invalid(path + ".apiVersion", api_version, "version must not be empty"))
    for field in ("kind", "name", "uid"):
        if not owner.get(field):
            faults.append(invalid(f"{path}.{field}", "", "must not be empty"))
    if (api_version, kind) == ("v1", "Event"):
        faults.append(invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner"))
    return faults


def _two_controllers(first: str, second: str) -> str:
    return f'Only one reference can have Controller set to true. Found "true" in references for {first} and {second}'


def _validate_finalizers(finalizers: Sequence[str], path: str, strict: bool) -> list[FieldError]:
    faults: list[FieldError] = []
    for index, finalizer in enumerate(finalizers):
        faults += [invalid(path, finalizer, why) for why in qualified_name_faults(finalizer)]
        if strict and "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            faults.append(invalid(f"{path}[{index}]", finalizer, why))
    if ORPHAN in finalizers and FOREGROUND in finalizers:
        faults.append(invalid(path, list(finalizers), f"{ORPHAN} and {FOREGROUND} cannot be both set"))
    return faults


def _no_new_finalizers(added: Sequence[str]) -> str:
    """Upstream prints the list as Go source; clients have seen it so."""
    listed = ", ".join(json.dumps(name) for name in sorted(added))
    return f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{listed}}}"

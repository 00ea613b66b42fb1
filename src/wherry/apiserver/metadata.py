"""The fields of `metadata` that belong to the system: set on create, kept on update, read on delete."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.errors import ApiError, BadRequest, Conflict
from wherry.api.resource import Resource
from wherry.apiserver.core import Core

_NOT_ON_CREATE = ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
_UNSPECIFIC = frozenset({"apiVersion", "kind", "metadata"})


def of(obj: Obj) -> dict[str, Any]:
    """The object's metadata, made if missing."""
    meta = obj.get("metadata")
    if not isinstance(meta, dict):
        meta = obj["metadata"] = {}
    return meta


def name_of(obj: Obj) -> str:
    return of(obj).get("name") or ""


def ensure_namespace(resource: Resource, obj: Obj, namespace: str) -> None:
    """Make the object's namespace the one of the request, or refuse."""
    meta = of(obj)
    if not resource.is_namespaced:
        meta.pop("namespace", None)
        return
    stated = meta.get("namespace")
    if not stated:
        meta["namespace"] = namespace
    elif stated != namespace:
        raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")


def ensure_name(obj: Obj, name: str) -> None:
    """Refuse an object that has not the name of the request."""
    stated = name_of(obj)
    if not stated:
        raise BadRequest(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
    if stated != name:
        raise BadRequest(f"the name of the object ({stated}) does not match the name on the URL ({name})")


def begin(core: Core, resource: Resource, obj: Obj) -> None:
    """Give a new object its identity."""
    meta = of(obj)
    if meta.pop("resourceVersion", "") not in ("", "0"):
        raise ApiError("resourceVersion should not be set on objects to be created")
    for name in _NOT_ON_CREATE:
        meta.pop(name, None)
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = core.ids.name(meta["generateName"])
    meta["uid"] = core.ids.uid()
    meta["creationTimestamp"] = core.now()
    if resource.has_generation:
        meta["generation"] = 1
    else:
        meta.pop("generation", None)


def keep(new: Obj, old: Obj) -> None:
    """Carry over what a writer can not change; what is left out is filled in."""
    meta, before = new["metadata"], old["metadata"]
    meta.pop("resourceVersion", None)
    meta.pop("selfLink", None)
    if not meta.get("uid"):
        meta["uid"] = before.get("uid")
    for name in ("creationTimestamp", "deletionTimestamp", "generation"):
        if (value := before.get(name)) is not None:
            meta[name] = value
        else:
            meta.pop(name, None)
    grace = before.get("deletionGracePeriodSeconds")
    if grace is not None and meta.get("deletionGracePeriodSeconds") is None:
        meta["deletionGracePeriodSeconds"] = grace


def count_generation(resource: Resource, new: Obj, old: Obj) -> None:
    """A change of what is wanted is a new generation; changes of metadata and status are not.

    Where there is no status subresource, a field of that name is like any other.
    """
    if not resource.has_generation or not _is_respecified(new, old, resource.subresource("status") is not None):
        return
    of(new)["generation"] = (of(old).get("generation") or 0) + 1


def check_updated_uid(resource: Resource, new: Obj, old: Obj, key: str) -> None:
    """Refuse to overwrite another object of the same name."""
    stated, stored = new["metadata"].get("uid"), old["metadata"].get("uid")
    if stated and stated != stored:
        raise Conflict.of(
            resource,
            name_of(old),
            f"StorageError: invalid object, Code: 4, Key: {_registry_key(resource, key)}, ResourceVersion: 0, "
            f"AdditionalErrorMsg: Precondition failed: UID in precondition: {stated}, UID in object meta: {stored}",
        )


_UPSTREAM_PREFIXES = {
    "endpoints": "services/endpoints",
    "ingresses": "ingress",
    "nodes": "minions",
    "replicationcontrollers": "controllers",
    "services": "services/specs",
}


def _registry_key(resource: Resource, key: str) -> str:
    """Where upstream would keep an object, for its messages."""
    name = key.partition("/")[2]
    if resource.lifetime is not None or resource.group in ("apiextensions.k8s.io", "apiregistration.k8s.io"):
        return f"/registry/{resource.group}/{resource.plural}/{name}"
    return f"/registry/{_UPSTREAM_PREFIXES.get(resource.plural, resource.plural)}/{name}"


def check_preconditions(resource: Resource, old: Obj, uid: str, resource_version: str) -> None:
    """Refuse to delete another object, or another state of it, than the one that was meant."""
    meta = of(old)
    if uid and uid != meta.get("uid"):
        why = (
            f"the UID in the precondition ({uid}) does not match the UID in record ({meta.get('uid')}). "
            "The object might have been deleted and then recreated"
        )
        raise Conflict.of(resource, name_of(old), why)
    if resource_version and resource_version != meta.get("resourceVersion"):
        why = (
            f"the ResourceVersion in the precondition ({resource_version}) does not match the ResourceVersion in "
            f"record ({meta.get('resourceVersion')}). The object might have been modified"
        )
        raise Conflict.of(resource, name_of(old), why)


def _is_respecified(new: Obj, old: Obj, has_status: bool) -> bool:
    return any(
        new.get(name) != old.get(name)
        for name in new.keys() | old.keys()
        if name not in _UNSPECIFIC and not (has_status and name == "status")
    )

"""VolumeAttachments: the wish to have a volume at a node, and whether it is there."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, required, too_long
from wherry.api.meta.columns import AGE, NAME, boolean, text
from wherry.api.meta.names import dns1123_subdomain_faults, in_range_text
from wherry.api.meta.objectmeta import IMMUTABLE, keep_metadata
from wherry.api.resource import STATUS, Column, Resource, Scope
from wherry.api.schema import schema
from wherry.api.storage.rules import validate_driver_name

_MAX_METADATA, _MAX_MESSAGE = 256 * 1024, 1024
_ONE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
_INLINE = "in the context of inline volumes"


def validate(attachment: Obj) -> list[FieldError]:
    spec = attachment.get("spec") or {}
    faults = validate_driver_name(spec.get("attacher") or "", "spec.attacher", unit="character")
    faults += _validate_source(spec.get("source") or {}, "spec.source")
    node = spec.get("nodeName") or ""
    faults += [invalid("spec.nodeName", node, why) for why in dns1123_subdomain_faults(node)]
    faults += _validate_status(attachment.get("status") or {})
    name = (spec.get("source") or {}).get("persistentVolumeName")
    if name is not None:
        faults += [invalid("spec.source.persistentVolumeName", name, why) for why in dns1123_subdomain_faults(name)]
    return faults


def _validate_source(source: Obj, path: str) -> list[FieldError]:
    inline, name = source.get("inlineVolumeSpec"), source.get("persistentVolumeName")
    if inline is None and name is None:
        return [required(path, _ONE)]
    if inline is not None and name is not None:
        return [forbidden(path, _ONE)]
    if inline is None:
        why = "must specify non empty persistentVolumeName"
        return [] if name else [required(path + ".persistentVolumeName", why)]
    where = path + ".inlineVolumeSpec"
    faults = [
        forbidden(f"{where}.{field}", f"may not be specified {_INLINE}")
        for field in ("claimRef", "capacity")
        if inline.get(field)
    ]
    if inline.get("csi") is None:
        faults.append(required(where + ".csi", f"has to be specified {_INLINE}"))
    if not inline.get("accessModes"):
        faults.append(required(where + ".accessModes"))
    return faults


def _validate_status(status: Obj) -> list[FieldError]:
    metadata = status.get("attachmentMetadata") or {}
    faults: list[FieldError] = []
    if sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items()) > _MAX_METADATA:
        faults.append(too_long("status.attachmentMetadata", _MAX_METADATA))
    for field in ("attachError", "detachError"):
        error = status.get(field) or {}
        code = error.get("errorCode")
        if len((error.get("message") or "").encode()) > _MAX_MESSAGE:
            # Upstream names the other limit.
            faults.append(too_long(f"status.{field}.message", _MAX_METADATA))
        if code is not None and code < 0:
            faults.append(invalid(f"status.{field}.errorCode", code, in_range_text(0, 2**31 - 1)))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return [] if new.get("spec") == old.get("spec") else [invalid("spec", None, IMMUTABLE)]


def validate_status_update(new: Obj, _: Obj) -> list[FieldError]:
    return validate(new)


VOLUMEATTACHMENTS = Resource(
    group="storage.k8s.io",
    version="v1",
    kind="VolumeAttachment",
    plural="volumeattachments",
    schema=schema("storage.k8s.io/v1", "VolumeAttachment"),
    scope=Scope.CLUSTER,
    subresources=(STATUS,),
    unconditional_update=False,
    columns=(
        NAME,
        Column("Attacher", text("spec.attacher"), format="name"),
        Column("PV", text("spec.source.persistentVolumeName")),
        Column("Node", text("spec.nodeName")),
        Column("Attached", boolean("status.attached"), "boolean"),
        AGE,
    ),
    prepare_status_update=keep_metadata,
    validate=validate,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
    returns_deleted=True,
)

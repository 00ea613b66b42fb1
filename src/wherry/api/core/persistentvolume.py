"""PersistentVolumes: storage that outlives pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from posixpath import normpath
from typing import Any

from wherry.api import Obj
from wherry.api.core.claimspec import VOLUME_MODES, validate_access_modes
from wherry.api.core.difference import difference
from wherry.api.core.podspec.scheduling import validate_node_selector
from wherry.api.core.podspec.volumesources import MISNAMED, PERSISTENT, check_portal
from wherry.api.core.podspec.warnings import DEPRECATED_VOLUMES, warn_of_node_term
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, UNSET, text
from wherry.api.meta.names import dns1123_subdomain_faults
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.meta.quantity import ceiling, parse_quantity
from wherry.api.resource import STATUS, Cell, Column, Resource, Scope
from wherry.api.schema import schema

Faults = list[FieldError]
Spec = dict[str, Any]

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def format_access_modes(modes: Iterable[str] | None) -> str:
    """`RWO,RWX`, in upstream's order and each once."""
    present = set(modes or ())
    return ",".join(short for mode, short in _MODES.items() if mode in present)


def storage_class_name(obj: Obj) -> str:
    """The class of a volume or claim; an old annotation still wins."""
    annotations = obj["metadata"].get("annotations") or {}
    return annotations.get(CLASS_ANNOTATION) or (obj.get("spec") or {}).get("storageClassName") or ""


def phase(obj: Obj, _: float) -> Cell:
    """The phase of a volume or claim, or that it is on its way out."""
    return "Terminating" if obj["metadata"].get("deletionTimestamp") else (obj.get("status") or {}).get("phase") or ""


def _claim(volume: Obj, _: float) -> Cell:
    claim = (volume.get("spec") or {}).get("claimRef")
    return f"{claim.get('namespace') or ''}/{claim.get('name') or ''}" if claim else ""


_SINCE = "lastPhaseTransitionTime"
_POLICIES = ("Delete", "Recycle", "Retain")
_SOURCES = (
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
)
"""In which upstream looks for sources: the first that is there is the one that counts."""
_SUCCESSORS = {
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
}
"""Labels of nodes that got another name."""


def set_defaults(volume: Obj) -> None:
    spec = volume.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    if host_path := spec.get("hostPath"):
        host_path.setdefault("type", "")
    if reference := spec.get("claimRef"):
        reference.setdefault("apiVersion", "v1")
        reference.setdefault("kind", "PersistentVolumeClaim")


def prepare_create(volume: Obj) -> None:
    volume["status"] = {"phase": "Pending"}


def stamp(new: Obj, old: Obj | None, now: str) -> None:
    """Note when the phase began. Who changes the phase may say so himself; who leaves it alone may say nothing."""
    status, before = new.setdefault("status", {}), (old or {}).get("status") or {}
    stated, known = status.get(_SINCE), before.get(_SINCE)
    if status.get("phase") == before.get("phase"):
        if stated is None and known is not None:
            status[_SINCE] = known
    elif stated is None or stated == known:
        status[_SINCE] = now


def validate(volume: Obj) -> Faults:
    spec: Spec = volume["spec"]
    faults: Faults = []
    modes = spec.get("accessModes") or ()
    if not modes:
        faults.append(required("spec.accessModes"))
    validate_access_modes(modes, "spec.accessModes", faults)
    _validate_capacity(spec.get("capacity"), faults)
    policy = spec["persistentVolumeReclaimPolicy"]
    if policy not in _POLICIES:
        faults.append(not_supported("spec.persistentVolumeReclaimPolicy", policy, _POLICIES))
    if (affinity := spec.get("nodeAffinity")) is not None:
        _validate_affinity(affinity, faults)
    _validate_sources(spec, volume["metadata"].get("name") or "", faults)
    host_path = (spec.get("hostPath") or {}).get("path") or ""
    if policy == "Recycle" and host_path[:1] == "/" and normpath("/" + host_path.lstrip("/")) == "/":
        why = "may not be 'recycle' for a hostPath mount of '/'"
        faults.append(forbidden("spec.persistentVolumeReclaimPolicy", why))
    if name := spec.get("storageClassName"):
        faults += [invalid("spec.storageClassName", name, why) for why in dns1123_subdomain_faults(name)]
    if spec["volumeMode"] not in VOLUME_MODES:
        faults.append(not_supported("spec.volumeMode", spec["volumeMode"], VOLUME_MODES))
    if (name := spec.get("volumeAttributesClassName")) is not None:
        _validate_attributes(name, spec, faults)
    return faults


def _validate_capacity(capacity: Mapping[str, str] | None, faults: Faults) -> None:
    if not capacity:
        faults.append(required("spec.capacity"))
    if list(capacity or ()) != ["storage"]:
        faults.append(not_supported("spec.capacity", capacity, ("storage",)))
    for name, amount in (capacity or {}).items():
        value, path = parse_quantity(amount), f"spec.capacity[{name}]"
        if value < 0:
            faults.append(invalid(path, ceiling(amount), "must be a valid resource quantity"))
        if value <= 0:
            faults.append(invalid(path, amount, "must be greater than zero"))


def _validate_affinity(affinity: Spec, faults: Faults) -> None:
    terms = affinity.get("required")
    if terms is None:
        faults.append(required("spec.nodeAffinity.required", "must specify required node constraints"))
    else:
        validate_node_selector(terms, "spec.nodeAffinity.required", faults)


def _validate_sources(spec: Spec, name: str, faults: Faults) -> None:
    sources = [source for source in _SOURCES if source in spec]
    if not sources:
        faults.append(required("spec", "must specify a volume type"))
    for index, kind in enumerate(sources):
        if index and kind != "flexVolume":
            path = "spec.cephFS" if kind == "cephfs" else "spec." + kind
            faults.append(forbidden(path, "may not specify more than 1 volume type"))
            continue
        source = spec[kind]
        PERSISTENT[kind](source, f"spec.{MISNAMED.get(kind, kind)}", faults)
        if kind == "local" and spec.get("nodeAffinity") is None:
            faults.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
        elif kind == "iscsi":
            check_portal(name, source, "spec.iscsi.targetportal", source.get("targetPortal") or "", faults)


def _validate_attributes(name: str, spec: Spec, faults: Faults) -> None:
    path = "spec.volumeAttributesClassName"
    if not name:
        faults.append(required(path, "an empty string is disallowed"))
    else:
        faults += [invalid(path, name, why) for why in dns1123_subdomain_faults(name)]
    if "csi" not in spec:
        faults.append(required("spec.csi", "has to be specified when using volumeAttributesClassName"))


def validate_update(new: Obj, old: Obj) -> Faults:
    """Where the data are stays; upstream's paths leave `spec` out for some of the rest."""
    spec, before = new["spec"], old["spec"]
    faults: Faults = []
    source, previous = _source_of(spec), _source_of(before)
    if "controllerExpandSecretRef" not in (previous.get("csi") or {}) and "csi" in source:
        source["csi"] = {k: v for k, v in source["csi"].items() if k != "controllerExpandSecretRef"}
    if source != previous:
        shown = difference(previous, source, "core.PersistentVolumeSource")
        why = "spec.persistentvolumesource is immutable after creation\n" + shown
        faults.append(forbidden("spec.persistentvolumesource", why))
    if spec.get("volumeMode") != before.get("volumeMode"):
        faults.append(invalid("volumeMode", spec.get("volumeMode"), IMMUTABLE))
    affinity, had = spec.get("nodeAffinity"), before.get("nodeAffinity")
    if had is not None and affinity != had and affinity != _with_new_labels(had, affinity or {}):
        why = IMMUTABLE + ", except for updating from beta label to GA"
        faults.append(invalid("nodeAffinity", affinity, why))
    if before.get("volumeAttributesClassName") is not None and spec.get("volumeAttributesClassName") is None:
        faults.append(forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden"))
    return faults


def _source_of(spec: Spec) -> Spec:
    return {kind: spec[kind] for kind in _SOURCES if kind in spec}


def _with_new_labels(old: Any, new: Any) -> Any:
    """An affinity with the new names of labels wherever `new` has them in the same place."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {
            field: new[field]
            if field == "key" and _SUCCESSORS.get(value, "") == new.get(field)
            else _with_new_labels(value, new.get(field))
            for field, value in old.items()
        }
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_with_new_labels(before, after) for before, after in zip(old, new, strict=True)]
    return old


def warnings(new: Obj, _: Obj | None) -> list[str]:
    spec, found = new["spec"], warn_of_class_annotation(new)
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        found.append(
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended "
            "approach is to use dynamic provisioning."
        )
    terms = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or ()
    for index, term in enumerate(terms):
        found += warn_of_node_term(term, f"spec.nodeAffinity.required.nodeSelectorTerms[{index}]")
    found += [f"spec.{kind}: {why}" for kind, why in DEPRECATED_VOLUMES.items() if kind in spec]
    return found


def warn_of_class_annotation(obj: Obj) -> list[str]:
    """Of a volume or claim whose class is written as it was before it had a field."""
    if CLASS_ANNOTATION not in (obj["metadata"].get("annotations") or {}):
        return []
    why = 'deprecated since v1.8; use "storageClassName" attribute instead'
    return [f"metadata.annotations[{CLASS_ANNOTATION}]: {why}"]


PERSISTENTVOLUMES = Resource(
    group="",
    version="v1",
    kind="PersistentVolume",
    plural="persistentvolumes",
    schema=schema("v1", "PersistentVolume"),
    short_names=("pv",),
    scope=Scope.CLUSTER,
    returns_deleted=True,
    columns=(
        NAME,
        Column("Capacity", text("spec.capacity.storage", "0")),
        Column("Access Modes", lambda volume, _: format_access_modes((volume.get("spec") or {}).get("accessModes"))),
        Column("Reclaim Policy", text("spec.persistentVolumeReclaimPolicy")),
        Column("Status", phase),
        Column("Claim", _claim),
        Column("StorageClass", lambda volume, _: storage_class_name(volume)),
        Column("VolumeAttributesClass", text("spec.volumeAttributesClassName", UNSET)),
        Column("Reason", text("status.reason")),
        AGE,
        Column("VolumeMode", text("spec.volumeMode", UNSET), priority=1),
    ),
    subresources=(STATUS,),
    defaults=set_defaults,
    prepare_create=prepare_create,
    stamp=stamp,
    validate=validate,
    validate_update=validate_update,
    warnings=warnings,
)

"""Rules for a pod's volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api.core.claimspec import validate_claim_spec
from wherry.api.core.podspec.projected import (
    validate_config_map,
    validate_downward,
    validate_projected,
    validate_secret,
)
from wherry.api.core.podspec.volumesources import MISNAMED, SOURCES, check_portal
from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_supported, required
from wherry.api.meta.names import dns1123_label_faults, dns1123_subdomain_faults
from wherry.api.meta.objectmeta import validate_template_meta
from wherry.api.meta.quantity import parse_quantity

Faults = list[FieldError]
Part = dict[str, Any]

_ONE_ONLY = "may not specify more than 1 volume type"
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")


def validate_volumes(volumes: Sequence[Part], path: str, pod_name: str | None, faults: Faults) -> dict[str, Part]:
    """Judge all volumes; returns the sound ones by name, for mounts to be checked against.

    `pod_name` is that of a pod, whose generic ephemeral volumes become claims named after it; None in templates.
    """
    by_name: dict[str, Part] = {}
    made: set[str] = set()
    if pod_name:
        made = {f"{pod_name}-{volume.get('name') or ''}" for volume in volumes if "ephemeral" in volume}
    for index, volume in enumerate(volumes):
        known = len(faults)
        where, name = f"{path}[{index}]", volume.get("name") or ""
        _validate_source(volume, where, name, pod_name, faults)
        if not name:
            faults.append(required(where + ".name"))
        elif reasons := dns1123_label_faults(name):
            faults += [invalid(where + ".name", name, why) for why in reasons]
        if name in by_name:
            faults.append(duplicate(where + ".name", name))
        if len(faults) == known:
            by_name[name] = volume
        claim = volume.get("persistentVolumeClaim")
        if made and claim is not None and claim.get("claimName") in made:
            why = "must not reference a PVC that gets created for an ephemeral volume"
            faults.append(invalid(where + ".persistentVolumeClaim.claimName", claim["claimName"], why))
    return by_name


def _validate_source(volume: Part, path: str, name: str, pod_name: str | None, faults: Faults) -> None:
    kinds = [kind for kind in volume if kind != "name"]
    if len(kinds) > 1:
        kinds.sort(key=_ORDER.index)
        faults += [forbidden(f"{path}.{kind}", _ONE_ONLY) for kind in kinds[1:]]
    elif not kinds:
        faults.append(required(path, "must specify a volume type"))
        return
    kind = kinds[0]
    source = volume[kind]
    if judge := _JUDGES.get(kind):
        judge(source, f"{path}.{MISNAMED.get(kind, kind)}", faults)
    if kind == "ephemeral" and pod_name and name:
        claim = f"{pod_name}-{name}"
        reasons = dns1123_subdomain_faults(claim)
        faults += [invalid(path + ".name", name, f'PVC name "{claim}": {why}') for why in reasons]
    elif kind == "image" and pod_name is not None and not source.get("reference"):
        faults.append(required(path + ".image.reference"))
    elif kind == "iscsi":
        check_portal(name, source, path + ".name", name, faults)


def _empty_dir(source: Part, path: str, faults: Faults) -> None:
    limit = source.get("sizeLimit")
    if limit is not None and parse_quantity(limit) < 0:
        faults.append(forbidden(path + ".sizeLimit", "SizeLimit field must be a valid resource quantity"))


def _ephemeral(source: Part, path: str, faults: Faults) -> None:
    template = source.get("volumeClaimTemplate")
    if template is None:
        faults.append(required(path + ".volumeClaimTemplate"))
        return
    where = path + ".volumeClaimTemplate"
    metadata = template.get("metadata") or {}
    faults += validate_template_meta(metadata, where + ".metadata")
    for field in metadata:
        if field not in ("annotations", "labels") and metadata[field]:
            faults.append(forbidden(f"{where}.metadata.{field}", "cannot be set"))
    faults += validate_claim_spec(template.get("spec") or {}, where + ".spec")


def _image(source: Part, path: str, faults: Faults) -> None:
    policy = source.get("pullPolicy") or ""
    if policy not in _PULL_POLICIES:
        faults.append(not_supported(path + ".pullPolicy", policy, _PULL_POLICIES))


_JUDGES = {
    **SOURCES,
    "emptyDir": _empty_dir,
    "secret": validate_secret,
    "configMap": validate_config_map,
    "downwardAPI": validate_downward,
    "projected": validate_projected,
    "image": _image,
    "ephemeral": _ephemeral,
}
_ORDER = (
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
)
"""In which upstream looks for sources: the first that is there is the one that counts."""

"""Rules for the sources that pods and PersistentVolumes share, most of them of systems that few still use.

Each function judges one source; `SOURCES` has them by field name. PersistentVolumes differ in a few: those are in
`PERSISTENT`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from wherry.api.field import FieldError, invalid, not_supported, required, too_long
from wherry.api.meta.names import dns1123_label_faults, dns1123_subdomain_faults, in_range_text

Faults = list[FieldError]
Part = dict[str, Any]
Judge = Callable[[Part, str, Faults], None]

_HOST_PATH_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_CACHING = ("None", "ReadOnly", "ReadWrite")
_DISKS = ("Dedicated", "Managed", "Shared")
_MANAGED_DISK = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
_BLOB_DISK = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"
_INITIATORS = {
    "iqn": re.compile(r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)\Z").search,
    "eui": re.compile(r"eui.[A-Za-z0-9]{16}\Z").match,
    "naa": re.compile(r"naa.[A-Za-z0-9]{32}\Z").match,
}
_TOO_LONG_PORTAL = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is "
    "specified."
)


def demand(*fields: str) -> Judge:
    """The judge of a source that merely must have these fields."""

    def judge(source: Part, path: str, faults: Faults) -> None:
        faults += [required(f"{path}.{field}") for field in fields if not source.get(field)]

    return judge


def no_backsteps(value: str, path: str, faults: Faults) -> None:
    if ".." in value.split("/"):
        faults.append(invalid(path, value, "must not contain '..'"))


def validate_relative(value: str, path: str, faults: Faults, reserved: bool = False) -> None:
    """A path that stays below the place it is put; names that begin with `..` may be reserved."""
    if value.startswith("/"):
        faults.append(invalid(path, value, "must be a relative path"))
    no_backsteps(value, path, faults)
    if reserved and value.startswith("..") and not value.startswith("../"):
        faults.append(invalid(path, value, "must not start with '..'"))


def validate_driver(name: str, path: str, faults: Faults) -> None:
    """The name of a CSI driver."""
    if not name:
        faults.append(required(path))
    if len(name) > 63:
        faults.append(too_long(path, 63))
    faults += [invalid(path, name, why) for why in dns1123_subdomain_faults(name.lower())]


def _host_path(source: Part, path: str, faults: Faults) -> None:
    where = source.get("path") or ""
    if not where:
        faults.append(required(path + ".path"))
        return
    no_backsteps(where, path + ".path", faults)
    if (source.get("type") or "") not in _HOST_PATH_TYPES:
        faults.append(not_supported(path + ".type", source["type"], _HOST_PATH_TYPES))


def _git(source: Part, path: str, faults: Faults) -> None:
    if not source.get("repository"):
        faults.append(required(path + ".repository"))
    validate_relative(source.get("directory") or "", path + ".directory", faults)


def _disk(field: str) -> Judge:
    def judge(source: Part, path: str, faults: Faults) -> None:
        if not source.get(field):
            faults.append(required(f"{path}.{field}"))
        if not 0 <= (source.get("partition") or 0) <= 255:
            faults.append(invalid(path + ".partition", source["partition"], in_range_text(1, 255)))

    return judge


def _nfs(source: Part, path: str, faults: Faults) -> None:
    demand("server", "path")(source, path, faults)
    where = source.get("path") or ""
    if not where.startswith("/"):
        faults.append(invalid(path + ".path", where, "must be an absolute path"))


def _iscsi(source: Part, path: str, faults: Faults) -> None:
    if not source.get("targetPortal"):
        faults.append(required(path + ".targetPortal"))
    if not source.get("iqn"):
        faults.append(required(path + ".iqn"))
    else:
        _initiator(source["iqn"], path + ".iqn", faults)
    if not 0 <= (source.get("lun") or 0) <= 255:
        faults.append(invalid(path + ".lun", source["lun"], in_range_text(0, 255)))
    secret = source.get("secretRef")
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and secret is None:
        faults.append(required(path + ".secretRef"))
    if source.get("initiatorName") is not None:
        _initiator(source["initiatorName"], path + ".initiatorname", faults)


def _initiator(name: str, path: str, faults: Faults) -> None:
    matches = _INITIATORS.get(name[:3])
    if matches is None:
        faults.append(invalid(path, name, "must be valid format starting with iqn, eui, or naa"))
    elif not matches(name):
        faults.append(invalid(path, name, "must be valid format"))


def check_portal(name: str, source: Part, path: str, value: str, faults: Faults) -> None:
    """The name under which an initiator logs in is made of two others."""
    if source.get("initiatorName") is not None and len(f"{name}:{source.get('targetPortal') or ''}") > 64:
        faults.append(invalid(path, value, _TOO_LONG_PORTAL))


def _fibre(source: Part, path: str, faults: Faults) -> None:
    names, ids = source.get("targetWWNs") or [], source.get("wwids") or []
    if not names and not ids:
        faults.append(required(path + ".targetWWNs", "must specify either targetWWNs or wwids, but not both"))
    if names and ids:
        why = "targetWWNs and wwids can not be specified simultaneously"
        faults.append(invalid(path + ".targetWWNs", names, why))
    if names:
        if source.get("lun") is None:
            faults.append(required(path + ".lun", "lun is required if targetWWNs is specified"))
        elif not 0 <= source["lun"] <= 255:
            faults.append(invalid(path + ".lun", source["lun"], in_range_text(0, 255)))


def _quobyte(source: Part, path: str, faults: Faults) -> None:
    pairs = "must be a host:port pair or multiple pairs separated by commas"
    registry = source.get("registry") or ""
    if not registry:
        faults.append(required(path + ".registry", pairs))
    elif len(source.get("tenant") or "") >= 65:
        why = "must be a UUID and may not exceed a length of 64 characters"
        faults.append(required(path + ".tenant", why))
    else:
        bad = [pair for pair in registry.split(",") if not re.fullmatch(r"(\[[^\[\]]*\]|[^\[\]:]*):[^\[\]:]*", pair)]
        faults += [invalid(path + ".registry", registry, pairs) for _ in bad]
    if not source.get("volume"):
        faults.append(required(path + ".volume"))


def _flocker(source: Part, path: str, faults: Faults) -> None:
    name, uuid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    if not name and not uuid:
        faults.append(required(path, "one of datasetName and datasetUUID is required"))
    if name and uuid:
        why = "datasetName and datasetUUID can not be specified simultaneously"
        faults.append(invalid(path, "resource", why))
    if "/" in name:
        faults.append(invalid(path + ".datasetName", name, "must not contain '/'"))


def _cinder(source: Part, path: str, faults: Faults) -> None:
    demand("volumeID")(source, path, faults)
    _secret_name(source.get("secretRef"), path, faults)


def _secret_name(reference: Part | None, path: str, faults: Faults, namespaced: bool = False) -> None:
    if reference is not None:
        if not reference.get("name"):
            faults.append(required(path + ".secretRef.name"))
        if namespaced and not reference.get("namespace"):
            faults.append(required(path + ".secretRef.namespace"))


def _flex(source: Part, path: str, faults: Faults) -> None:
    demand("driver")(source, path, faults)
    for key in source.get("options") or ():
        owner = "." + key.partition("/")[0].lower()
        if owner.endswith((".kubernetes.io", ".k8s.io")):
            why = "kubernetes.io and k8s.io namespaces are reserved"
            faults.append(invalid(f"{path}.options[{key}]", key, why))


def _azure_disk(source: Part, path: str, faults: Faults) -> None:
    demand("diskName", "diskURI")(source, path, faults)
    caching, kind, uri = source.get("cachingMode"), source.get("kind"), source.get("diskURI") or ""
    if caching is not None and caching not in _CACHING:
        faults.append(not_supported(path + ".cachingMode", caching, _CACHING))
    if kind is not None and kind not in _DISKS:
        faults.append(not_supported(path + ".kind", kind, _DISKS))
    if kind == "Managed" and not uri.startswith("/subscriptions/"):
        faults.append(not_supported(path + ".diskURI", uri, (_MANAGED_DISK,)))
    if kind not in (None, "Managed") and not uri.startswith("https://"):
        faults.append(not_supported(path + ".diskURI", uri, (_BLOB_DISK,)))


def _storage_os(source: Part, path: str, faults: Faults) -> None:
    name, namespace = source.get("volumeName") or "", source.get("volumeNamespace") or ""
    if not name:
        faults.append(required(path + ".volumeName"))
    else:
        faults += [invalid(path + ".volumeName", name, why) for why in dns1123_label_faults(name)]
    if namespace:
        faults += [invalid(path + ".volumeNamespace", namespace, why) for why in dns1123_label_faults(namespace)]
    _secret_name(source.get("secretRef"), path, faults)


def _csi(source: Part, path: str, faults: Faults) -> None:
    validate_driver(source.get("driver") or "", path + ".driver", faults)
    reference = source.get("nodePublishSecretRef")
    if reference is None:
        return
    name = reference.get("name") or ""
    if not name:
        faults.append(required(path + ".nodePublishSecretRef.name"))
    else:
        faults += [invalid(path + ".name", name, why) for why in dns1123_subdomain_faults(name)]


def _persistent_csi(source: Part, path: str, faults: Faults) -> None:
    validate_driver(source.get("driver") or "", path + ".driver", faults)
    if not source.get("volumeHandle"):
        faults.append(required(path + ".volumeHandle"))
    for field in ("controllerPublish", "controllerExpand", "nodePublish", "nodeExpand"):
        reference = source.get(field + "SecretRef")
        if reference is not None:
            _secret_reference(reference, f"{path}.{field}SecretRef", faults)


def _secret_reference(reference: Part, path: str, faults: Faults) -> None:
    for field, judge in (("name", dns1123_subdomain_faults), ("namespace", dns1123_label_faults)):
        value = reference.get(field) or ""
        if not value:
            faults.append(required(f"{path}.{field}"))
        else:
            faults += [invalid(f"{path}.{field}", value, why) for why in judge(value)]


def _persistent_gluster(source: Part, path: str, faults: Faults) -> None:
    demand("endpoints", "path")(source, path, faults)
    namespace = source.get("endpointsNamespace")
    if namespace == "":
        why = "if the endpointnamespace is set, it must be a valid namespace name"
        faults.append(invalid(path + ".endpointsNamespace", namespace, why))
    elif namespace is not None:
        faults += [invalid(path + ".endpointsNamespace", namespace, why) for why in dns1123_label_faults(namespace)]


def _persistent_cinder(source: Part, path: str, faults: Faults) -> None:
    demand("volumeID")(source, path, faults)
    _secret_name(source.get("secretRef"), path, faults, namespaced=True)


def _persistent_azure_file(source: Part, path: str, faults: Faults) -> None:
    demand("secretName", "shareName")(source, path, faults)
    if source.get("secretNamespace") == "":
        faults.append(required(path + ".secretNamespace"))


def _persistent_iscsi(source: Part, path: str, faults: Faults) -> None:
    _iscsi(source, path, faults)
    reference = source.get("secretRef")
    if reference is not None and not reference.get("name"):
        faults.append(required(path + ".secretRef.name"))


def _local(source: Part, path: str, faults: Faults) -> None:
    where = source.get("path") or ""
    if not where:
        faults.append(required(path + ".path"))
    else:
        no_backsteps(where, path + ".path", faults)


SOURCES: Mapping[str, Judge] = {
    "hostPath": _host_path,
    "gitRepo": _git,
    "gcePersistentDisk": _disk("pdName"),
    "awsElasticBlockStore": _disk("volumeID"),
    "nfs": _nfs,
    "iscsi": _iscsi,
    "glusterfs": demand("endpoints", "path"),
    "flocker": _flocker,
    "persistentVolumeClaim": demand("claimName"),
    "rbd": demand("monitors", "image"),
    "cinder": _cinder,
    "cephfs": demand("monitors"),
    "quobyte": _quobyte,
    "fc": _fibre,
    "flexVolume": _flex,
    "azureFile": demand("secretName", "shareName"),
    "vsphereVolume": demand("volumePath"),
    "photonPersistentDisk": demand("pdID"),
    "portworxVolume": demand("volumeID"),
    "azureDisk": _azure_disk,
    "storageos": _storage_os,
    "scaleIO": demand("gateway", "system", "volumeName"),
    "csi": _csi,
}

PERSISTENT: Mapping[str, Judge] = {
    **SOURCES,
    "glusterfs": _persistent_gluster,
    "iscsi": _persistent_iscsi,
    "cinder": _persistent_cinder,
    "azureFile": _persistent_azure_file,
    "csi": _persistent_csi,
    "local": _local,
}

MISNAMED = {"gcePersistentDisk": "persistentDisk"}
"""Where upstream's paths call a source otherwise than its field."""

"""Rules for volumes and for mounting them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_found, not_supported, required
from wherry.api.meta.names import config_key_faults, dns1123_label_faults
from wherry.api.meta.quantity import parse_quantity

Faults = list[FieldError]
Part = dict[str, Any]

_MODE_TEXT = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATH_TYPES = ("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
_PROPAGATIONS = ("None", "HostToContainer", "Bidirectional")
_VOLUME_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_REQUIRED = {
    "persistentVolumeClaim": ("claimName",),
    "nfs": ("server", "path"),
    "csi": ("driver",),
    "gcePersistentDisk": ("pdName",),
    "awsElasticBlockStore": ("volumeID",),
    "gitRepo": ("repository",),
    "cephfs": ("monitors",),
    "glusterfs": ("endpoints", "path"),
    "flexVolume": ("driver",),
    "azureFile": ("secretName", "shareName"),
    "cinder": ("volumeID",),
    "flocker": (),
}


def validate_volumes(volumes: Sequence[Part], path: str, faults: Faults) -> dict[str, Part]:
    """Judge all volumes; returns them by name, for mounts to be checked against."""
    by_name: dict[str, Part] = {}
    for index, volume in enumerate(volumes):
        name = volume.get("name") or ""
        if name in by_name:
            faults.append(duplicate(f"{path}[{index}].name", name))
        elif not name:
            faults.append(required(f"{path}[{index}].name"))
        elif reasons := dns1123_label_faults(name):
            faults += [invalid(f"{path}[{index}].name", name, why) for why in reasons]
        by_name[name] = volume
        _validate_source(volume, f"{path}[{index}]", faults)
    return by_name


def _validate_source(volume: Part, path: str, faults: Faults) -> None:
    found = 0
    for kind, source in volume.items():
        if kind == "name" or source is None:
            continue
        found += 1
        if found > 1:
            faults.append(forbidden(f"{path}.{kind}", "may not specify more than 1 volume type"))
        elif judge := _JUDGES.get(kind):
            judge(source, f"{path}.{kind}", faults)
        else:
            for field in _REQUIRED.get(kind, ()):
                if not source.get(field):
                    faults.append(required(f"{path}.{kind}.{field}"))
    if not found:
        faults.append(required(path, "must specify a volume type"))


def _empty_dir(source: Part, path: str, faults: Faults) -> None:
    limit = source.get("sizeLimit")
    if limit is not None and parse_quantity(limit) < 0:
        faults.append(forbidden(path + ".sizeLimit", "SizeLimit field must be a valid resource quantity"))


def _host_path(source: Part, path: str, faults: Faults) -> None:
    where = source.get("path") or ""
    if not where:
        faults.append(required(path + ".path"))
    elif ".." in where.split("/"):
        faults.append(invalid(path + ".path", where, "must not contain '..'"))
    if (source.get("type") or "") not in _HOST_PATH_TYPES:
        faults.append(not_supported(path + ".type", source["type"], _HOST_PATH_TYPES))


def _secret(source: Part, path: str, faults: Faults) -> None:
    if not source.get("secretName"):
        faults.append(required(path + ".secretName"))
    _files(source, path, faults)


def _config_map(source: Part, path: str, faults: Faults) -> None:
    if not source.get("name"):
        faults.append(required(path + ".name"))
    _files(source, path, faults)


def _files(source: Part, path: str, faults: Faults) -> None:
    _validate_mode(source.get("defaultMode"), path + ".defaultMode", faults)
    for index, item in enumerate(source.get("items") or ()):
        _validate_item(item, f"{path}.items[{index}]", faults)


def _validate_item(item: Part, path: str, faults: Faults) -> None:
    if not item.get("key"):
        faults.append(required(path + ".key"))
    if not item.get("path"):
        faults.append(required(path + ".path"))
    else:
        validate_relative(item["path"], path + ".path", faults, reserved=True)
    _validate_mode(item.get("mode"), path + ".mode", faults)


def _validate_mode(mode: int | None, path: str, faults: Faults) -> None:
    if mode is not None and not 0 <= mode <= 0o777:
        faults.append(invalid(path, mode, _MODE_TEXT))


def validate_relative(value: str, path: str, faults: Faults, reserved: bool = False) -> None:
    """A path that stays below the place it is put."""
    if value.startswith("/"):
        faults.append(invalid(path, value, "must be a relative path"))
    if ".." in value.split("/"):
        faults.append(invalid(path, value, "must not contain '..'"))
    elif reserved and value.startswith(".."):
        faults.append(invalid(path, value, "must not start with '..'"))


def _downward(source: Part, path: str, faults: Faults) -> None:
    _validate_mode(source.get("defaultMode"), path + ".defaultMode", faults)
    _downward_items(source, path, faults)


def _downward_items(source: Part, path: str, faults: Faults) -> None:
    for index, item in enumerate(source.get("items") or ()):
        where = f"{path}.items[{index}]"
        if not item.get("path"):
            faults.append(required(where + ".path"))
        else:
            validate_relative(item["path"], where + ".path", faults, reserved=True)
        field, resource = item.get("fieldRef"), item.get("resourceFieldRef")
        if field is not None:
            if resource is not None:
                faults.append(
                    invalid(where, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
                )
            validate_field_path(field, _VOLUME_FIELDS, where + ".fieldRef", faults)
        elif resource is None:
            faults.append(required(where, "one of fieldRef and resourceFieldRef is required"))
        _validate_mode(item.get("mode"), where + ".mode", faults)


def validate_field_path(reference: Part, supported: Sequence[str], path: str, faults: Faults) -> None:
    """A field that the downward API can show."""
    field = reference.get("fieldPath") or ""
    if not field:
        faults.append(required(path + ".fieldPath"))
        return
    if field in supported:
        return
    base, bracket, _ = field.partition("[")
    if bracket and base in ("metadata.annotations", "metadata.labels") and field.endswith("']"):
        return
    if bracket and base != field and base in ("metadata.annotations", "metadata.labels"):
        faults.append(invalid(path + ".fieldPath", field, f"error converting fieldPath: invalid subscript {bracket}"))
        return
    faults.append(not_supported(path + ".fieldPath", field, supported))


def _projected(source: Part, path: str, faults: Faults) -> None:
    _validate_mode(source.get("defaultMode"), path + ".defaultMode", faults)
    for index, part in enumerate(source.get("sources") or ()):
        where = f"{path}.sources[{index}]"
        if len(part) > 1:
            faults.append(forbidden(where, "may not specify more than 1 volume type"))
        for kind, inner in part.items():
            if kind in ("secret", "configMap"):
                if not inner.get("name"):
                    faults.append(required(f"{where}.{kind}.name"))
                _files(inner, f"{where}.{kind}", faults)
            elif kind == "downwardAPI":
                _downward_items(inner, f"{where}.{kind}", faults)
            elif kind == "serviceAccountToken":
                _token(inner, f"{where}.{kind}", faults)


def _token(source: Part, path: str, faults: Faults) -> None:
    seconds = source.get("expirationSeconds") or 0
    if seconds < 600:
        faults.append(invalid(path + ".expirationSeconds", seconds, "may not specify a duration less than 10 minutes"))
    elif seconds > 1 << 32:
        faults.append(
            invalid(path + ".expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")
        )
    if not source.get("path"):
        faults.append(required(path + ".path"))
    else:
        validate_relative(source["path"], path + ".path", faults, reserved=True)


def _image(source: Part, path: str, faults: Faults) -> None:
    if not source.get("reference"):
        faults.append(required(path + ".reference"))


def _ephemeral(source: Part, path: str, faults: Faults) -> None:
    if source.get("volumeClaimTemplate") is None:
        faults.append(required(path + ".volumeClaimTemplate"))


_JUDGES = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "secret": _secret,
    "configMap": _config_map,
    "downwardAPI": _downward,
    "projected": _projected,
    "image": _image,
    "ephemeral": _ephemeral,
}


def validate_mounts(container: Part, volumes: dict[str, Part], path: str, faults: Faults) -> None:
    """Where a container wants volumes, as files or as devices."""
    mounts, devices = container.get("volumeMounts") or (), container.get("volumeDevices") or ()
    places: set[str] = set()
    for index, mount in enumerate(mounts):
        _validate_mount(mount, container, volumes, places, f"{path}.volumeMounts[{index}]", faults)
    for index, device in enumerate(devices):
        where = f"{path}.volumeDevices[{index}]"
        name = device.get("name") or ""
        if not name:
            faults.append(required(where + ".name"))
        elif name not in volumes:
            faults.append(not_found(where + ".name", name))
        elif not volumes[name].keys() & {"persistentVolumeClaim", "ephemeral"}:
            why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            faults.append(invalid(where + ".name", name, why))
        if not device.get("devicePath"):
            faults.append(required(where + ".devicePath"))
        elif device["devicePath"] in places:
            faults.append(
                invalid(where + ".devicePath", device["devicePath"], "must not already exist in volumeMounts")
            )


def _validate_mount(
    mount: Part, container: Part, volumes: dict[str, Part], places: set[str], path: str, faults: Faults
) -> None:
    name, place = mount.get("name") or "", mount.get("mountPath") or ""
    if not name:
        faults.append(required(path + ".name"))
    if name not in volumes:
        faults.append(not_found(path + ".name", name))
    if not place:
        faults.append(required(path + ".mountPath"))
    if place in places:
        faults.append(invalid(path + ".mountPath", place, "must be unique"))
    places.add(place)
    sub_path, expression = mount.get("subPath"), mount.get("subPathExpr")
    if sub_path:
        validate_relative(sub_path, path + ".subPath", faults)
    if expression:
        if sub_path:
            why = "subPathExpr and subPath are mutually exclusive"
            faults.append(invalid(path + ".subPathExpr", expression, why))
        validate_relative(expression, path + ".subPathExpr", faults)
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        if propagation not in _PROPAGATIONS:
            faults.append(not_supported(path + ".mountPropagation", propagation, _PROPAGATIONS))
        elif propagation == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
            why = "Bidirectional mount propagation is available only to privileged containers"
            faults.append(forbidden(path + ".mountPropagation", why))


def validate_config_key(key: str, path: str, faults: Faults) -> None:
    """A key of a ConfigMap or Secret that is referred to."""
    if not key:
        faults.append(required(path))
    else:
        faults += [invalid(path, key, why) for why in config_key_faults(key)]

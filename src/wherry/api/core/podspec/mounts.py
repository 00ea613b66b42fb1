"""Rules for where a container wants volumes: as files or as devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from wherry.api.core.podspec.volumesources import validate_relative
from wherry.api.field import FieldError, forbidden, invalid, not_found, not_supported, required

Faults = list[FieldError]
Part = dict[str, Any]

_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIONS = ("Disabled", "Enabled", "IfPossible")
_NONE: frozenset[str] = frozenset()
_BLOCK = frozenset({"persistentVolumeClaim", "ephemeral"})


def validate_mounts(container: Part, volumes: Mapping[str, Part], path: str, faults: Faults) -> None:
    """Mounts and devices of one container; no name and no place may serve both."""
    mounts, devices = container.get("volumeMounts") or (), container.get("volumeDevices") or ()
    device_names, device_paths = _names(devices, "devicePath") if devices else (_NONE, _NONE)
    _validate_mounts(mounts, container, volumes, device_names, device_paths, path + ".volumeMounts", faults)
    if devices:
        _validate_devices(devices, volumes, _names(mounts, "mountPath"), path + ".volumeDevices", faults)


def _names(entries: Sequence[Part], place: str) -> tuple[set[str], set[str]]:
    return {entry.get("name") or "" for entry in entries}, {entry.get(place) or "" for entry in entries}


def _validate_mounts(
    mounts: Sequence[Part],
    container: Part,
    volumes: Mapping[str, Part],
    device_names: AbstractSet[str],
    device_paths: AbstractSet[str],
    path: str,
    faults: Faults,
) -> None:
    places: set[str] = set()
    for index, mount in enumerate(mounts):
        name, place = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            faults.append(required(f"{path}[{index}].name"))
        if name not in volumes:
            faults.append(not_found(f"{path}[{index}].name", name))
        if not place:
            faults.append(required(f"{path}[{index}].mountPath"))
        if place in places:
            faults.append(invalid(f"{path}[{index}].mountPath", place, "must be unique"))
        places.add(place)
        if name in device_names:
            faults.append(invalid(f"{path}[{index}].name", name, "must not already exist in volumeDevices"))
        if place in device_paths:
            why = "must not already exist as a path in volumeDevices"
            faults.append(invalid(f"{path}[{index}].mountPath", place, why))
        if len(mount) > 2:
            _validate_details(mount, container, path, index, faults)


def _validate_details(mount: Part, container: Part, path: str, index: int, faults: Faults) -> None:
    """What few mounts say. Upstream's paths leave the index out in places."""
    sub_path, expression = mount.get("subPath"), mount.get("subPathExpr")
    if sub_path:
        validate_relative(sub_path, path + ".subPath", faults)
    if expression:
        if sub_path:
            why = "subPathExpr and subPath are mutually exclusive"
            faults.append(invalid(f"{path}[{index}].subPathExpr", expression, why))
        validate_relative(expression, path + ".subPathExpr", faults)
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        if propagation not in _PROPAGATIONS:
            faults.append(not_supported(path + ".mountPropagation", propagation, _PROPAGATIONS))
        if propagation == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
            why = "Bidirectional mount propagation is available only to privileged containers"
            faults.append(forbidden(path + ".mountPropagation", why))
    recursion = mount.get("recursiveReadOnly")
    if recursion in ("Enabled", "IfPossible"):
        if not mount.get("readOnly"):
            faults.append(forbidden(path + ".recursiveReadOnly", "may only be specified when readOnly is true"))
        if propagation not in (None, "None"):
            why = "may only be specified when mountPropagation is None or not specified"
            faults.append(forbidden(path + ".recursiveReadOnly", why))
    elif recursion not in (None, "Disabled"):
        faults.append(not_supported(path + ".recursiveReadOnly", recursion, _RECURSIONS))


def _validate_devices(
    devices: Sequence[Part], volumes: Mapping[str, Part], mounts: tuple[set[str], set[str]], path: str, faults: Faults
) -> None:
    names: set[str] = set()
    places: set[str] = set()
    for index, device in enumerate(devices):
        where, name, place = f"{path}[{index}]", device.get("name") or "", device.get("devicePath") or ""
        if not name:
            faults.append(required(where + ".name"))
        if name in names:
            faults.append(invalid(where + ".name", name, "must be unique"))
        if name not in volumes:
            faults.append(not_found(where + ".name", name))
        elif _BLOCK.isdisjoint(volumes[name]):
            why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            faults.append(invalid(where + ".name", name, why))
        if not place:
            faults.append(required(where + ".devicePath"))
        if place in places:
            faults.append(invalid(where + ".devicePath", place, "must be unique"))
        if ".." in place.split("/"):
            faults.append(invalid(where + ".devicePath", place, "can not contain backsteps ('..')"))
        else:
            places.add(place)
        if name in mounts[0]:
            faults.append(invalid(where + ".name", name, "must not already exist in volumeMounts"))
        if place in mounts[1]:
            why = "must not already exist as a path in volumeMounts"
            faults.append(invalid(where + ".devicePath", place, why))
        if name:
            names.add(name)

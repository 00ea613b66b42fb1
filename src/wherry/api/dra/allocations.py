"""What a claim was given: results of an allocation, and what drivers tell of the devices."""

from __future__ import annotations

from typing import Any

from wherry.api.core.podspec.scheduling import validate_node_selector
from wherry.api.dra.requests import MAX_CONFIGS, Names, Part, reference_judge, validate_config, validate_references
from wherry.api.dra.rules import (
    validate_binding,
    validate_driver_name,
    validate_given_pool,
    validate_label,
    validate_list,
    validate_parameters,
    validate_pool_name,
    validate_set,
    validate_uid,
)
from wherry.api.field import FieldError, invalid, not_supported, required, too_long, too_many
from wherry.api.meta.addresses import validate_interface_address
from wherry.api.meta.conditions import validate_conditions

_MAX_RESULTS = 32
_SOURCES = ("FromClaim", "FromClass")
_MAX_CONDITIONS, _MAX_DATA = 8, 10 * 1024
_MAX_ADDRESSES, _MAX_INTERFACE, _MAX_HARDWARE = 16, 256, 128


def _identity(device: Part) -> dict[str, Any]:
    """What tells a device from others, and a share of a device from other shares."""
    keys = {"Driver": "driver", "Pool": "pool", "Device": "device", "ShareID": "shareID"}
    return {name: device.get(key) or "" for name, key in keys.items()}


def _identities(allocation: Part | None) -> list[dict[str, Any]]:
    return [_identity(result) for result in ((allocation or {}).get("devices") or {}).get("results") or ()]


def drop_devices(status: Part, old: Part) -> None:
    """Nothing is told any more of devices that the claim has lost."""
    if not status.get("devices"):
        return
    kept = _identities(status.get("allocation"))
    lost = [device for device in _identities(old.get("allocation")) if device not in kept]
    status["devices"] = [device for device in status["devices"] if _identity(device) not in lost]
    if not status["devices"]:
        del status["devices"]


def validate_allocation(allocation: Part, names: Names, path: str) -> list[FieldError]:
    devices, judge_request = allocation.get("devices") or {}, reference_judge(names)

    def judge_result(result: Part, where: str) -> list[FieldError]:
        faults = judge_request(result.get("request") or "", where + ".request")
        faults += validate_driver_name(result.get("driver") or "", where + ".driver", unit="character")
        faults += validate_given_pool(result.get("pool") or "", where + ".pool")
        faults += validate_label(result.get("device") or "", where + ".device") + validate_binding(result, where)
        return faults + _validate_share(result, where)

    def judge_config(config: Part, where: str) -> list[FieldError]:
        source = config.get("source") or ""
        faults = [] if source else [required(where + ".source")]
        if source and source not in _SOURCES:
            faults.append(not_supported(where + ".source", source, _SOURCES))
        faults += validate_references(config.get("requests"), names, where + ".requests")
        return faults + validate_config(config, where)

    faults = validate_list(devices.get("results"), _MAX_RESULTS, judge_result, path + ".devices.results")
    faults += validate_list(devices.get("config"), 2 * MAX_CONFIGS, judge_config, path + ".devices.config")
    if allocation.get("nodeSelector") is not None:
        validate_node_selector(allocation["nodeSelector"], path + ".nodeSelector", faults)
    return faults


def _validate_share(device: Part, path: str) -> list[FieldError]:
    return [] if device.get("shareID") is None else validate_uid(device["shareID"], path + ".shareID")


def validate_device_status(devices: list[Part] | None, allocation: Part, path: str) -> list[FieldError]:
    allocated = _identities(allocation)

    def judge(device: Part, where: str) -> list[FieldError]:
        faults = validate_driver_name(device.get("driver") or "", where + ".driver")
        faults += validate_pool_name(device.get("pool") or "", where + ".pool")
        faults += validate_label(device.get("device") or "", where + ".device") + _validate_share(device, where)
        if _identity(device) not in allocated:
            faults.append(invalid(where, _identity(device), "must be an allocated device in the claim"))
        conditions = device.get("conditions") or []
        if len(conditions) > _MAX_CONDITIONS:
            faults.append(too_many(where + ".conditions", len(conditions), _MAX_CONDITIONS))
        faults += validate_conditions(conditions, where + ".conditions")
        if device.get("data") is not None:
            faults += validate_parameters(device["data"], where + ".data", _MAX_DATA)
        return faults + _validate_network(device.get("networkData") or {}, where + ".networkData")

    return validate_set(devices, -1, judge, path, _identity)


def _validate_network(network: Part, path: str) -> list[FieldError]:
    faults: list[FieldError] = []
    for key, limit in (("interfaceName", _MAX_INTERFACE), ("hardwareAddress", _MAX_HARDWARE)):
        if len((network.get(key) or "").encode()) > limit:
            faults.append(too_long(f"{path}.{key}", limit))
    return faults + validate_set(network.get("ips"), _MAX_ADDRESSES, validate_interface_address, path + ".ips")

"""Rules for volumes made of other objects: secrets, config maps, the pod's own fields, tokens, certificates."""

from __future__ import annotations

from typing import Any

from wherry.api.core.podspec.fieldpaths import validate_field_path, validate_resource_field
from wherry.api.core.podspec.volumesources import validate_relative
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.labels import validate_label_selector
from wherry.api.meta.names import dns1123_subdomain_faults, in_range_text

Faults = list[FieldError]
Part = dict[str, Any]

_MODE_TEXT = "must be a number between 0 and 0777 (octal), both inclusive"
_VOLUME_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
_CONFLICT = "conflicting duplicate paths"
_KEY_TYPES = ("ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096")
_SHORTEST_CERTIFICATE, _LONGEST_CERTIFICATE = 3600, 91 * 24 * 3600


def validate_secret(source: Part, path: str, faults: Faults) -> None:
    if not source.get("secretName"):
        faults.append(required(path + ".secretName"))
    _files(source, path, faults)


def validate_config_map(source: Part, path: str, faults: Faults) -> None:
    if not source.get("name"):
        faults.append(required(path + ".name"))
    _files(source, path, faults)


def validate_downward(source: Part, path: str, faults: Faults) -> None:
    _validate_mode(source.get("defaultMode"), path + ".defaultMode", faults)
    for item in source.get("items") or ():
        _downward_file(item, path, faults)


def validate_projected(source: Part, path: str, faults: Faults) -> None:
    """Several sources in one folder; no two may claim the same file."""
    _validate_mode(source.get("defaultMode"), path + ".defaultMode", faults)
    taken: set[str] = set()
    for index, part in enumerate(source.get("sources") or ()):
        where = f"{path}.sources[{index}]"
        for kind, inner in part.items():
            if judge := _PROJECTIONS.get(kind):
                judge(inner, f"{where}.{kind}", path, taken, faults)
        if len(part) > 1:
            faults.append(forbidden(where, "may not specify more than 1 volume type per source"))


def _files(source: Part, path: str, faults: Faults) -> None:
    _validate_mode(source.get("defaultMode"), path + ".defaultMode", faults)
    for index, item in enumerate(source.get("items") or ()):
        _validate_item(item, f"{path}.items[{index}]", faults)


def _validate_item(item: Part, path: str, faults: Faults) -> None:
    if not item.get("key"):
        faults.append(required(path + ".key"))
    if not item.get("path"):
        faults.append(required(path + ".path"))
    validate_relative(item.get("path") or "", path + ".path", faults, reserved=True)
    _validate_mode(item.get("mode"), path + ".mode", faults)


def _validate_mode(mode: int | None, path: str, faults: Faults) -> None:
    if mode is not None and not 0 <= mode <= 0o777:
        faults.append(invalid(path, mode, _MODE_TEXT))


def _downward_file(item: Part, path: str, faults: Faults) -> None:
    if not item.get("path"):
        faults.append(required(path + ".path"))
    validate_relative(item.get("path") or "", path + ".path", faults, reserved=True)
    field, resource = item.get("fieldRef"), item.get("resourceFieldRef")
    if field is not None:
        validate_field_path(field, _VOLUME_FIELDS, path + ".fieldRef", faults)
        if resource is not None:
            why = "fieldRef and resourceFieldRef can not be specified simultaneously"
            faults.append(invalid(path, "resource", why))
    elif resource is not None:
        validate_resource_field(resource, path + ".resourceFieldRef", True, faults)
    else:
        faults.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    _validate_mode(item.get("mode"), path + ".mode", faults)


def _keys(source: Part, path: str, volume: str, taken: set[str], faults: Faults) -> None:
    name = source.get("name") or ""
    if not name:
        faults.append(required(path + ".name"))
    for index, item in enumerate(source.get("items") or ()):
        _validate_item(item, f"{path}.items[{index}]", faults)
        _take(item.get("path") or "", volume, name, taken, faults)


def _take(file: str, volume: str, shown: str, taken: set[str], faults: Faults) -> None:
    if file:
        if file in taken:
            faults.append(invalid(volume, shown, _CONFLICT))
        taken.add(file)


def _fields(source: Part, path: str, volume: str, taken: set[str], faults: Faults) -> None:
    for item in source.get("items") or ():
        _downward_file(item, path, faults)
        _take(item.get("path") or "", volume, item.get("path") or "", taken, faults)


def _token(source: Part, path: str, volume: str, taken: set[str], faults: Faults) -> None:
    seconds = source.get("expirationSeconds") or 0
    if seconds < 600:
        faults.append(invalid(path + ".expirationSeconds", seconds, "may not specify a duration less than 10 minutes"))
    if seconds > 1 << 32:
        why = "may not specify a duration larger than 2^32 seconds"
        faults.append(invalid(path + ".expirationSeconds", seconds, why))
    if not source.get("path"):
        faults.append(required(volume + ".path"))
    else:
        validate_relative(source["path"], volume + ".path", faults, reserved=True)


def _trust_bundle(source: Part, path: str, volume: str, taken: set[str], faults: Faults) -> None:
    name, signer, selector = source.get("name"), source.get("signerName"), source.get("labelSelector")
    if name is not None and signer is not None:
        faults.append(invalid(path, source, "only one of name and signerName may be used"))
    elif name is not None:
        if not name:
            faults.append(required(path + ".name", "must be a valid object name"))
        reasons = dns1123_subdomain_faults(name.rpartition(":")[2])
        faults += [invalid(path + ".name", name, f"not a valid clustertrustbundlename: {why}") for why in reasons]
        if selector is not None:
            why = "labelSelector must be unset if name is specified"
            faults.append(invalid(path + ".labelSelector", selector, why))
    elif signer is not None:
        _validate_signer(signer, path + ".signerName", faults)
        faults += validate_label_selector(selector, path + ".labelSelector")
    else:
        faults.append(required(path, "either name or signerName must be specified"))
    if not source.get("path"):
        faults.append(required(path + ".path"))
    validate_relative(source.get("path") or "", path + ".path", faults, reserved=True)
    _take(source.get("path") or "", volume, source.get("path") or "", taken, faults)


def _validate_signer(signer: str, path: str, faults: Faults) -> None:
    if not signer:
        faults.append(required(path, "must be a valid signer name"))
    elif signer.count("/") != 1 or not all(signer.split("/")):
        faults.append(
            invalid(path, signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'")
        )


def _certificate(source: Part, path: str, volume: str, taken: set[str], faults: Faults) -> None:
    _validate_signer(source.get("signerName") or "", path + ".signerName", faults)
    kind = source.get("keyType") or ""
    if kind not in _KEY_TYPES:
        faults.append(not_supported(path + ".keyType", kind, _KEY_TYPES))
    seconds = source.get("maxExpirationSeconds")
    if seconds is not None and not _SHORTEST_CERTIFICATE <= seconds <= _LONGEST_CERTIFICATE:
        why = in_range_text(_SHORTEST_CERTIFICATE, _LONGEST_CERTIFICATE)
        faults.append(invalid(path + ".maxExpirationSeconds", seconds, why))
    places = [field for field in ("credentialBundlePath", "keyPath", "certificateChainPath") if source.get(field)]
    if not places:
        faults.append(required(path, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"))
    for field in places:
        validate_relative(source[field], f"{path}.{field}", faults, reserved=True)
        _take(source[field], volume, source[field], taken, faults)


_PROJECTIONS = {
    "secret": _keys,
    "configMap": _keys,
    "downwardAPI": _fields,
    "serviceAccountToken": _token,
    "clusterTrustBundle": _trust_bundle,
    "podCertificate": _certificate,
}

"""Secrets: ConfigMaps for what must not be seen."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode

from wherry.api import Obj
from wherry.api.core.configmap import MAX_BYTES, decoded_size, validate_frozen
from wherry.api.field import FieldError, invalid, required, too_long
from wherry.api.meta.columns import AGE, NAME, size, text
from wherry.api.meta.names import config_key_faults
from wherry.api.meta.objectmeta import IMMUTABLE
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema

_REDACTED = "<secret contents redacted>"
_ACCOUNT = "kubernetes.io/service-account.name"
_REQUIRED_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_JSON_TYPES = ("kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson")


def set_defaults(secret: Obj) -> None:
    """Opaque unless said otherwise; `stringData` is a way to write `data`."""
    if not secret.get("type"):
        secret["type"] = "Opaque"
    texts = secret.pop("stringData", None)
    if texts:
        data = secret.setdefault("data", {})
        for key, text in texts.items():
            data[key] = b64encode(text.encode()).decode()


def prepare_update(new: Obj, old: Obj) -> None:
    """Leaving the type out means to keep it; it has been defaulted by now, so only Opaque can be meant."""
    if not new.get("type"):
        new["type"] = old["type"]


def validate(secret: Obj) -> list[FieldError]:
    """Keys as in ConfigMaps, and what the type demands."""
    data: dict[str, str] = secret.get("data") or {}
    faults = [invalid(f"data[{key}]", key, why) for key in data for why in config_key_faults(key)]
    if sum(map(decoded_size, data.values())) > MAX_BYTES:
        faults.append(too_long("data", MAX_BYTES))
    faults += _validate_type(secret, data)
    return faults


def _validate_type(secret: Obj, data: dict[str, str]) -> list[FieldError]:
    kind = secret.get("type") or ""
    if kind == "kubernetes.io/service-account-token":
        account = (secret["metadata"].get("annotations") or {}).get(_ACCOUNT)
        return [] if account else [required(f"metadata.annotations[{_ACCOUNT}]")]
    if kind == "kubernetes.io/basic-auth":
        if "username" in data or "password" in data:
            return []
        return [required("data[username]"), required("data[password]")]
    if kind == "kubernetes.io/ssh-auth":
        return [] if data.get("ssh-privatekey") else [required("data[ssh-privatekey]")]
    faults = [required(f"data[{key}]") for key in _REQUIRED_KEYS.get(kind, ()) if key not in data]
    if kind in _JSON_TYPES and not faults:
        key = _REQUIRED_KEYS[kind][0]
        if why := _json_fault(data[key]):
            faults.append(invalid(f"data[{key}]", _REDACTED, why))
    return faults


def _json_fault(base64: str) -> str:
    """Why the text is no JSON object, or \"\"."""
    try:
        content = json.loads(b64decode(base64))
    except ValueError as error:
        return str(error)
    if content is None or isinstance(content, dict):
        return ""
    names = {bool: "bool", str: "string", list: "array"}
    return (
        f"json: cannot unmarshal {names.get(type(content), 'number')} into Go value of type map[string]interface {{}}"
    )


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    faults = [] if new.get("type") == old.get("type") else [invalid("type", new.get("type"), IMMUTABLE)]
    return faults + validate_frozen(new, old, ("data",))


SECRETS = Resource(
    group="",
    version="v1",
    kind="Secret",
    plural="secrets",
    schema=schema("v1", "Secret"),
    fields={"type": lambda secret: secret.get("type") or ""},
    columns=(NAME, Column("Type", text("type")), Column("Data", size("data")), AGE),
    defaults=set_defaults,
    prepare_update=prepare_update,
    validate=validate,
    validate_update=validate_update,
)

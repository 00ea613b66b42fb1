"""ConfigMaps: settings that pods read as files or environment."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, too_long
from wherry.api.meta.columns import AGE, NAME, size
from wherry.api.meta.names import config_key_faults
from wherry.api.resource import Column, Resource
from wherry.api.schema import schema

MAX_BYTES = 1024 * 1024
_FROZEN = "field is immutable when `immutable` is set"


def validate(config_map: Obj) -> list[FieldError]:
    """Keys become file names; all together fit into one write of the store."""
    faults: list[FieldError] = []
    data, binary = config_map.get("data") or {}, config_map.get("binaryData") or {}
    size = 0
    for key, text in data.items():
        if reasons := config_key_faults(key):
            faults += [invalid(f"data[{key}]", key, why) for why in reasons]
        if key in binary:
            faults.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
        size += len(text) if text.isascii() else len(text.encode())
    for key, text in binary.items():
        faults += [invalid(f"binaryData[{key}]", key, why) for why in config_key_faults(key)]
        size += decoded_size(text)
    if size > MAX_BYTES:
        faults.append(too_long("", MAX_BYTES))
    return faults


def decoded_size(base64: str) -> int:
    """How many bytes base64 text stands for, without decoding it."""
    return len(base64) * 3 // 4 - base64[-2:].count("=")


def validate_frozen(new: Obj, old: Obj, fields: tuple[str, ...]) -> list[FieldError]:
    """An object marked immutable keeps its data, and stays marked."""
    if not old.get("immutable"):
        return []
    faults = [] if new.get("immutable") else [forbidden("immutable", _FROZEN)]
    return faults + [forbidden(field, _FROZEN) for field in fields if (new.get(field) or {}) != (old.get(field) or {})]


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    return validate_frozen(new, old, ("data", "binaryData"))


CONFIGMAPS = Resource(
    group="",
    version="v1",
    kind="ConfigMap",
    plural="configmaps",
    schema=schema("v1", "ConfigMap"),
    short_names=("cm",),
    columns=(NAME, Column("Data", size("data", "binaryData")), AGE),
    validate=validate,
    validate_update=validate_update,
)

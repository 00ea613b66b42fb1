"""A body in Kubernetes' protobuf form becomes the plain object that the same body in JSON would have become.

Four magic bytes, then an envelope (apiVersion, kind, the message), then the message. What a field is called is looked
up by its number; how its value is read follows from its JSON type. A field that is not known is an error when it says
anything, because dropping it in silence would change what the client asked for.
"""

from __future__ import annotations

import base64
import json
import struct as packing
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from wherry.api import Obj
from wherry.api.schema import shapes
from wherry.apiserver.protobuf.wire import Malformed, Value, fields, signed
from wherry.lib.clock import format_micro_time, format_time

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_DATA = Path(__file__).parent / "numbers.z"

Numbers = Mapping[str, Any]
"""Field number to JSON name, or to the numbers of an embedded struct."""

_ZERO_COUNTS = frozenset(
    {
        "activeDeadlineSeconds",
        "allocateLoadBalancerNodePorts",
        "allowPrivilegeEscalation",
        "automountServiceAccountToken",
        "backoffLimit",
        "backoffLimitPerIndex",
        "blockOwnerDeletion",
        "completions",
        "controller",
        "defaultMode",
        "deletionGracePeriodSeconds",
        "enableServiceLinks",
        "expirationSeconds",
        "failedJobsHistoryLimit",
        "fsGroup",
        "gracePeriodSeconds",
        "hostUsers",
        "immutable",
        "leaseDurationSeconds",
        "leaseTransitions",
        "maxFailedIndexes",
        "mode",
        "optional",
        "orphanDependents",
        "parallelism",
        "partition",
        "priority",
        "privileged",
        "procMount",
        "progressDeadlineSeconds",
        "readOnlyRootFilesystem",
        "ready",
        "replicas",
        "revisionHistoryLimit",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "serving",
        "setHostnameAsFQDN",
        "shareProcessNamespace",
        "started",
        "startingDeadlineSeconds",
        "successfulJobsHistoryLimit",
        "suspend",
        "terminating",
        "terminationGracePeriodSeconds",
        "tolerationSeconds",
        "ttlSecondsAfterFinished",
    }
)
"""Numbers and truth values that are pointers in Go: a zero was meant. Elsewhere it is what Go sends for nothing."""
_EMPTY_COUNTS = frozenset({"storageClassName", "value", "volumeAttributesClassName"})


class Unreadable(ValueError):
    """The body is not in Kubernetes' protobuf form, or of a kind or with a field that is not known here."""


def read(body: bytes) -> Obj:
    """The object in a request body; raises Unreadable."""
    if not body.startswith(_MAGIC):
        raise Unreadable("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = dict(fields(body[len(_MAGIC) :]))
        meta = dict(fields(_bytes(envelope.get(1, b""))))
        api_version, kind = (_bytes(meta.get(number, b"")).decode() for number in (1, 2))
        if envelope.get(4) == b"application/json":
            return _from_json(_bytes(envelope.get(2, b"")))
        obj: Obj = {"apiVersion": api_version, "kind": kind}
        obj.update(_message(_type_of(api_version, kind), _bytes(envelope.get(2, b""))))
    except (Malformed, UnicodeDecodeError, TypeError, json.JSONDecodeError) as error:
        raise Unreadable(str(error)) from error
    return obj


def _from_json(data: bytes) -> Obj:
    value = json.loads(data)
    if not isinstance(value, dict):
        raise Unreadable("the message is no object")
    return value


def _type_of(api_version: str, kind: str) -> str:
    """The type of a kind; options travel under the version of whatever they are options of."""
    for version in (api_version, "v1"):
        try:
            return shapes.kind_struct(version, kind).name
        except LookupError:
            continue
    raise Unreadable(f'no kind "{kind}" is registered for version "{api_version}" in scheme')


@cache
def _table() -> Mapping[str, Numbers]:
    table: Mapping[str, Numbers] = json.loads(zlib.decompress(_DATA.read_bytes()))
    return table


def _message(type_name: str, data: bytes) -> Obj:
    numbers = _table().get(type_name)
    if numbers is None:
        raise Unreadable(f"{type_name} is not known in protobuf")
    obj: Obj = {}
    _fill(obj, shapes.struct(type_name).fields, numbers, data, type_name)
    return obj


def _fill(obj: Obj, types: Mapping[str, shapes.Field], numbers: Numbers, data: bytes, where: str) -> None:
    for number, value in fields(data):
        name = numbers.get(str(number))
        if name is None:
            if value:
                raise Unreadable(f"field {number} of {where} is not known in protobuf")
        elif isinstance(name, str):
            _put(obj, name, types[name].type, value)
        else:
            _fill(obj, types, name, _bytes(value), where)


def _put(obj: Obj, name: str, type: str, value: Value) -> None:
    """Set, append or insert one value of a field."""
    if type[0] == "[":
        obj.setdefault(name, []).append(_value(type[1:], value))
    elif type[0] == "{":
        entry = dict(fields(_bytes(value)))
        key = _bytes(entry.get(1, b"")).decode()
        obj.setdefault(name, {})[key] = _entry(type[1:], entry.get(2))
    else:
        read_value = _value(type, value)
        if read_value is not None and not _says_nothing(name, read_value):
            obj[name] = read_value


def _entry(type: str, value: Value | None) -> Any:
    """The value of a map's entry; a list in a map is a message of its own."""
    if type[0] == "[":
        return [_value(type[1:], item) for _, item in fields(_bytes(value or b""))]
    return _value(type, b"" if value is None else value)


def _says_nothing(name: str, value: Any) -> bool:
    if value == "":
        return name not in _EMPTY_COUNTS
    return not isinstance(value, dict | list | str) and not value and name not in _ZERO_COUNTS


def _value(type: str, value: Value) -> Any:
    match type[0]:
        case "s":
            return _bytes(value).decode()
        case "i" | "l":
            return signed(_int(value))
        case "b":
            return bool(_int(value))
        case "d":
            return packing.unpack("<d", _bytes(value))[0]
        case "y":
            return base64.b64encode(_bytes(value)).decode()
        case "@":
            return _message(type[1:], _bytes(value))
        case "q":
            return _bytes(dict(fields(_bytes(value))).get(1, b"")).decode()
        case "t" | "u":
            return _time(type, _bytes(value))
        case "x":
            return _int_or_string(_bytes(value))
        case _:
            return _raw(_bytes(value))


def _time(type: str, data: bytes) -> str | None:
    parts = dict(fields(data))
    if not parts:
        return None
    seconds = signed(_int(parts.get(1, 0)))
    if type == "t":
        return format_time(seconds)
    return format_micro_time(seconds + _int(parts.get(2, 0)) / 1e9)


def _int_or_string(data: bytes) -> int | str:
    parts = dict(fields(data))
    if parts.get(1, 0):
        return _bytes(parts.get(3, b"")).decode()
    return signed(_int(parts.get(2, 0)))


def _raw(data: bytes) -> Any:
    """JSON in a message of one field."""
    text = _bytes(dict(fields(data)).get(1, b""))
    return json.loads(text) if text else None


def _bytes(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    raise Malformed("wrong wireType")


def _int(value: Value) -> int:
    if isinstance(value, int):
        return value
    raise Malformed("wrong wireType")

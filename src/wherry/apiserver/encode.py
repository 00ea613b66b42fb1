"""Objects to bytes and back.

`encode` writes apiVersion, kind and metadata first: `watchcache.item.stamp` finds the place for the resourceVersion
by the first `"metadata":{` of the text, which must be the object's own.
"""

from __future__ import annotations

from typing import Any

import msgspec

from wherry.api import Obj

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()

DecodeError = msgspec.DecodeError


def encode(obj: Obj) -> bytes:
    """The object as it is stored and sent."""
    ordered = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": obj["metadata"]}
    ordered.update(obj)
    return _encoder.encode(ordered)


def encode_any(value: Any) -> bytes:
    """Any JSON value, keys in their own order."""
    return _encoder.encode(value)


def indent(data: bytes) -> bytes:
    """JSON text for a person's eyes."""
    return msgspec.json.format(data, indent=2)


def decode(data: bytes) -> Any:
    """Any JSON text; raises `DecodeError`."""
    return _decoder.decode(data)


def copy(obj: Obj) -> Obj:
    """A copy that shares nothing; several times as fast as `copy.deepcopy`."""
    result: Obj = _decoder.decode(_encoder.encode(obj))
    return result

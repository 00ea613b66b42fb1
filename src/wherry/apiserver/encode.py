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


def with_whole_numbers(data: bytes) -> bytes:
    """JSON text of ours, with numbers that have no fraction written without one.

    Go writes all numbers so. A client of typed objects cannot read `3.0` where it wants an integer, though a schema
    lets it pass as one.
    """
    if b".0," in data or b".0}" in data or b".0]" in data:
        return _encoder.encode(_whole_decoder.decode(data))
    return data


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _INTEGERS else value


_INTEGERS = 2.0**63
_whole_decoder = msgspec.json.Decoder(float_hook=_number)


def copy(obj: Obj) -> Obj:
    """A copy that shares nothing; several times as fast as `copy.deepcopy`."""
    result: Obj = _decoder.decode(_encoder.encode(obj))
    return result

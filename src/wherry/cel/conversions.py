"""Values of one type as another's: what `int(x)`, `string(x)` and their kin do, and how JSON becomes CEL.

Numbers, times and durations are read and written as Go does.
"""

from __future__ import annotations

import binascii
import math
import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from wherry.cel.errors import EvaluationError
from wherry.cel.types import BYTES, DOUBLE, DURATION, TIMESTAMP, UINT, ListType, MapType, OptionalType, Type
from wherry.cel.values import (
    INT_MAX,
    INT_MIN,
    SECOND,
    TIMESTAMP_MAX,
    TIMESTAMP_MIN,
    UINT_MAX,
    Duration,
    Optional,
    Timestamp,
    Uint,
    checked_int,
    checked_timestamp,
    checked_uint,
    fail,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE)
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_SPAN = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)


def _unconvertible(target: str) -> EvaluationError:
    return EvaluationError(f"type conversion error from 'string' to '{target}'")


def string_to_int(text: str) -> int:
    if _INTEGER.fullmatch(text) and len(text.lstrip("+-0")) <= 20:
        value = int(text)
        if INT_MIN <= value <= INT_MAX:
            return value
    raise _unconvertible("int")


def string_to_uint(text: str) -> Uint:
    if text.isascii() and text.isdigit() and len(text.lstrip("0")) <= 20:
        value = int(text)
        if value <= UINT_MAX:
            return Uint(value)
    raise _unconvertible("uint")


def string_to_double(text: str) -> float:
    if _FLOAT.fullmatch(text):
        value = float(text)
        if not math.isinf(value) or "n" in text.lower():
            return value
    raise _unconvertible("double")


_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


def string_to_bool(text: str) -> bool:
    value = _BOOLS.get(text)
    if value is None:
        raise _unconvertible("bool")
    return value


def string_to_bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def bytes_to_string(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return fail("invalid UTF-8 in bytes, cannot convert to string")


def double_to_int(value: float) -> int:
    return int(value) if -(2.0**63) < value < 2.0**63 else fail("integer overflow")


def double_to_uint(value: float) -> Uint:
    return Uint(value) if 0 <= value < 2.0**64 else fail("unsigned integer overflow")


def int_to_uint(value: int) -> Uint:
    return checked_uint(value)


def uint_to_int(value: Uint) -> int:
    return checked_int(int(value))


def int_to_string(value: int) -> str:
    return int.__repr__(value)


def bool_to_string(value: bool) -> str:
    return "true" if value else "false"


def double_to_string(value: float) -> str:
    """The shortest text that means the value, with an exponent from 10^6 on and below 10^-4."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).rstrip("0")
    power = exponent + len(digits) - 1 if text else 0
    if text and not -4 <= power < 6:
        fraction = f".{text[1:]}" if len(text) > 1 else ""
        return f"{'-' * sign}{text[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02}"
    plain = format(Decimal(repr(value)), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


# Durations


def parse_duration(text: str) -> Duration | None:
    """`1h30m`, `-1.5s`; None if it is none."""
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return Duration(0)
    total, position = 0, 0
    while position < len(rest):
        match = _SPAN.match(rest, position)
        if match is None or not (match[1] or match[2]) or len(match[1]) > 19:
            return None
        unit = _UNITS[match[3]]
        fraction = (match[2] or "")[:18]
        total += int(match[1] or 0) * unit + int(fraction or 0) * unit // 10 ** len(fraction)
        position = match.end()
    total *= sign
    return Duration(total) if rest and INT_MIN <= total <= INT_MAX else None


def string_to_duration(text: str) -> Duration:
    return parse_duration(text) or _no_duration(text)


def _no_duration(text: str) -> Duration:
    raise _unconvertible("google.protobuf.Duration")


def duration_to_string(value: Duration) -> str:
    """In seconds, with as many decimals as there are."""
    plain = format(Decimal(repr(value.nanoseconds / SECOND)), "f")
    return (plain.rstrip("0").rstrip(".") if "." in plain else plain) + "s"


def duration_to_int(value: Duration) -> int:
    return value.nanoseconds


# Timestamps


def parse_timestamp(text: str) -> Timestamp | None:
    """RFC 3339; None if it is not."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    if hour > 23 or minute > 59 or second > 59 or not 1 <= month <= 12 or not 1 <= day <= _days(year, month):
        return None
    days = _days_since_epoch(year, month, day)
    seconds = days * 86400 + hour * 3600 + minute * 60 + second
    offset = 0
    if match[8]:
        if int(match[9]) > 24 or int(match[10]) > 60:
            return None
        offset = (1 if match[8] == "+" else -1) * (int(match[9]) * 3600 + int(match[10]) * 60)
    return Timestamp((seconds - offset) * SECOND + int((match[7] or "0")[:9].ljust(9, "0")), offset)


def string_to_timestamp(text: str) -> Timestamp:
    value = parse_timestamp(text)
    if value is None:
        raise _unconvertible("google.protobuf.Timestamp")
    return checked_timestamp(value.nanoseconds, value.offset)


def int_to_timestamp(seconds: int) -> Timestamp:
    return checked_timestamp(seconds * SECOND)


def timestamp_to_int(value: Timestamp) -> int:
    return value.nanoseconds // SECOND


def timestamp_to_string(value: Timestamp) -> str:
    """RFC 3339, in the time zone that it was written in."""
    seconds, nanoseconds = divmod(value.nanoseconds, SECOND)
    offset = value.offset if TIMESTAMP_MIN <= (seconds + value.offset) * SECOND <= TIMESTAMP_MAX else 0
    moment = to_datetime(seconds + offset)
    fraction = f".{nanoseconds:09}".rstrip("0") if nanoseconds else ""
    hours, minutes = divmod(abs(offset) // 60, 60)
    zone = f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}" if offset else "Z"
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}{fraction}{zone}"


def to_datetime(seconds: int) -> datetime:
    """An instant in UTC; those that Python's dates cannot hold are no timestamps either."""
    return datetime.fromordinal(_EPOCH.toordinal() + seconds // 86400).replace(
        hour=seconds % 86400 // 3600, minute=seconds % 3600 // 60, second=seconds % 60, tzinfo=UTC
    )


def _days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _days_since_epoch(year: int, month: int, day: int) -> int:
    if year == 0:  # which Python does not know; it was a leap year
        return datetime(4, month, day, tzinfo=UTC).toordinal() - 4 * 365 - 1 - _EPOCH.toordinal()
    return datetime(year, month, day, tzinfo=UTC).toordinal() - _EPOCH.toordinal()


# From JSON


Converter = Callable[[Any], Any]


def _from_text(parse: Callable[[str], Any]) -> Converter:
    """A parser that leaves alone what has been parsed, and null."""
    return lambda value: parse(value) if type(value) is str else value


def _json_bytes(value: str) -> bytes:
    try:
        return b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return fail("illegal base64 data")


def _json_timestamp(text: str) -> Timestamp:
    """Besides RFC 3339, a date alone (its first instant) and a time without a zone (UTC): OpenAPI allows them."""
    found = (parse_timestamp(text + rest) for rest in ("", "Z", "T00:00:00Z"))
    return next(filter(None, found), None) or string_to_timestamp(text)


_WORDY = re.compile(r"([0-9]+)\s*([A-Za-zµ]+)")
_WORDS = {
    ("ns", "nano"): 1,
    ("us", "µs", "micro"): 10**3,
    ("ms", "milli"): 10**6,
    ("s", "sec"): SECOND,
    ("m", "min"): 60 * SECOND,
    ("h", "hr", "hour"): 3600 * SECOND,
    ("d", "day"): 86400 * SECOND,
    ("w", "wk", "week"): 7 * 86400 * SECOND,
}
"""Units as OpenAPI's format writes them. Of each, the last is a stem: `3 weeks`."""


def _json_duration(text: str) -> Duration:
    """Besides what Go writes, numbers with units in words."""
    if (value := parse_duration(text)) is not None:
        return value
    spans = [
        int(number) * length
        for number, unit in _WORDY.findall(text)
        for words, length in _WORDS.items()
        if unit.lower() in words or unit.lower().startswith(words[-1])
    ]
    return Duration(checked_int(sum(spans))) if spans else _no_duration(text)


_CONVERTERS: dict[Type, Converter] = {
    DOUBLE: float,
    UINT: checked_uint,
    BYTES: _from_text(_json_bytes),
    TIMESTAMP: _from_text(_json_timestamp),
    DURATION: _from_text(_json_duration),
}


def converter(type_: Type) -> Converter | None:
    """What turns JSON into a value of a type; None where it is one already. Nulls are not its business."""
    found = _CONVERTERS.get(type_)
    if found is not None:
        return found
    if isinstance(type_, ListType) and (item := converter(type_.item)):
        each = nullable(item)
        return lambda items: [each(value) for value in items]
    if isinstance(type_, MapType) and (item := converter(type_.value)):
        each = nullable(item)
        return lambda entries: {key: each(value) for key, value in entries.items()}
    if isinstance(type_, OptionalType) and (inner := converter(type_.inner)):
        present = nullable(inner)
        return lambda value: Optional(present(value.value)) if type(value) is Optional and value.has_value else value
    return None


def nullable(convert: Converter) -> Converter:
    """A converter that leaves null alone."""
    return lambda value: None if value is None else convert(value)

"""PodLogOptions: what the query of a log request may ask for, checked as upstream checks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from msgspec import Struct

from wherry.api.errors import BadRequest, Invalid
from wherry.api.field import FieldError, forbidden, invalid, not_supported
from wherry.lib.clock import format_time, parse_time

_FLAGS: Final = ("follow", "previous", "timestamps")
_NUMBERS: Final = ("sinceSeconds", "tailLines", "limitBytes")
_STREAMS: Final = ("All", "Stdout", "Stderr")
_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")


class LogOptions(Struct, frozen=True):
    """The container that is meant ("" if none is named), and the rest as the kubelet wants to have it."""

    container: str
    params: tuple[tuple[str, str], ...]


class _PodLogOptions:
    """The kind that faults are reported of."""

    group = ""
    plural = "podlogoptions"
    kind = "PodLogOptions"


def read_log_options(query: str, pod: str) -> LogOptions:
    """Read a query; raises BadRequest for what cannot be read and Invalid for what makes no sense."""
    asked: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        asked.setdefault(name, value)
    params = [(name, "true") for name in _FLAGS if _flag(asked, name)]
    numbers = {name: _number(asked[name]) for name in _NUMBERS if asked.get(name)}
    since = _moment(asked.get("sinceTime", ""))
    stream = asked.get("stream", "")
    if faults := _faults(numbers, since, stream):
        raise Invalid.of(_PodLogOptions(), pod, faults)
    params += [(name, str(number)) for name, number in numbers.items()]
    if since:
        params.append(("sinceTime", since))
    if stream:
        params.append(("stream", stream))
    return LogOptions(asked.get("container", ""), tuple(params))


def _faults(numbers: Mapping[str, int], since: str, stream: str) -> list[FieldError]:
    faults = []
    if (lines := numbers.get("tailLines", 0)) < 0:
        faults.append(invalid("tailLines", lines, "must be greater than or equal to 0"))
    if (limit := numbers.get("limitBytes", 1)) < 1:
        faults.append(invalid("limitBytes", limit, "must be greater than 0"))
    if "sinceSeconds" in numbers and since:
        faults.append(forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif (seconds := numbers.get("sinceSeconds", 1)) < 1:
        faults.append(invalid("sinceSeconds", seconds, "must be greater than 0"))
    if stream and stream not in _STREAMS:
        faults.append(not_supported("stream", stream, _STREAMS))
    elif stream not in ("", "All") and "tailLines" in numbers:
        faults.append(forbidden("", "`tailLines` and specific `stream` are mutually exclusive for now"))
    return faults


def _flag(asked: Mapping[str, str], name: str) -> bool:
    """A boolean of the query: present means true unless it says otherwise, as in upstream's conversion."""
    value = asked.get(name)
    return value is not None and value not in _FALSE


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _moment(text: str) -> str:
    if not text:
        return ""
    try:
        return format_time(parse_time(text))
    except ValueError:
        raise BadRequest(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}"') from None

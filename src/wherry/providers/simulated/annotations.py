"""How a Pod fares, as its own annotations say: `simulate.wherry.dev/run-time: 5s`. Pure.

An annotation means all containers of its Pod, or one: `simulate.wherry.dev/main.run-time`. Durations are Go's (`1m30s`,
`500ms`) or a number of seconds. Where a container may run several times, values are given with commas between them, one
for each run; the last holds for all that follow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from wherry.api.meta.quantity import parse_quantity
from wherry.api.types.core_v1 import Pod
from wherry.providers.simulated.behaviour import Behaviour, ContainerBehaviour

PREFIX: Final = "simulate.wherry.dev/"
START_DELAY: Final = "start-delay"

_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")


class BadAnnotation(ValueError):
    """An annotation that says nothing that can be simulated; the message says why."""


def duration(text: str) -> float:
    """Seconds. Raises ValueError."""
    if _NUMBER.fullmatch(text):
        return float(text)
    parts = list(_PART.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        raise ValueError(f"{text!r} is no duration such as 500ms, 5s or 1m30s")
    return sum(float(part[1]) * _UNITS[part[2]] for part in parts)


def _or(word: str) -> Callable[[str], float | None]:
    """A duration, or a word for no end."""
    return lambda text: None if text == word else duration(text)


def _listed(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: tuple(read(part.strip()) for part in text.split(","))


def _exit_code(text: str) -> int:
    code = int(text)
    if not 0 <= code <= 255:
        raise ValueError(f"{text} is no exit code: they are from 0 to 255")
    return code


_FIELDS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "pull-time": ("pull_seconds", duration),
    "image-size": ("image_bytes", lambda text: int(parse_quantity(text))),
    "pull-error": ("pull_error", str),
    "run-time": ("run_seconds", _listed(_or("forever"))),
    "exit-code": ("exit_codes", _listed(_exit_code)),
    "exit-reason": ("exit_reason", str),
    "message": ("message", str),
    "startup-delay": ("started_after", duration),
    "ready-delay": ("ready_after", _or("never")),
    "ready-until": ("ready_until", duration),
    "alive-for": ("alive_seconds", duration),
    "stop-time": ("stop_seconds", duration),
    "stop-code": ("stop_code", _exit_code),
    "logs": ("log", lambda text: tuple(text.splitlines())),
    "log-interval": ("log_seconds", duration),
    "cpu": ("cpu", lambda text: float(parse_quantity(text))),
    "memory": ("memory", lambda text: int(parse_quantity(text))),
}
"""What may stand behind the prefix: the field of `ContainerBehaviour`, and how its value is read."""


def annotated(pod: Pod, base: Behaviour) -> Behaviour:
    """`base`, but for what the Pod's annotations say. Raises BadAnnotation."""
    said = {key: value for key, value in pod.metadata.annotations.items() if key.startswith(PREFIX)}
    if not said:
        return base
    start_seconds = base.start_seconds
    common: dict[str, Any] = {}
    own: dict[str, dict[str, Any]] = {}
    for key, text in said.items():
        container, dot, name = key[len(PREFIX) :].rpartition(".")
        if not dot and name == START_DELAY:
            start_seconds = _read(key, text, duration)
            continue
        if name not in _FIELDS:
            known = ", ".join([START_DELAY, *_FIELDS])
            raise BadAnnotation(f"annotation {key}: there is no {name!r}, only {known}")
        field, read = _FIELDS[name]
        (own.setdefault(container, {}) if dot else common)[field] = _read(key, text, read)
    default = replace(base.default, **common)
    containers: dict[str, ContainerBehaviour] = {
        name: replace(fares, **common) for name, fares in base.containers.items()
    }
    for name, fields in own.items():
        containers[name] = replace(containers.get(name, default), **fields)
    return Behaviour(start_seconds=start_seconds, default=default, containers=containers)


def _read(key: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise BadAnnotation(f"annotation {key}: {error}") from None

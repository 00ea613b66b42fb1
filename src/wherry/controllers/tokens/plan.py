"""When a token that stands in a Secret is called in, and when its Secret goes. Pure.

Upstream sweeps once a day; here each Secret has its moment, so a cluster without such tokens never wakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from wherry.api.types.core_v1 import Pod, Secret
from wherry.api.types.decoding import to_obj
from wherry.identity.legacytokens import DAY_SECONDS, INVALID_SINCE, LAST_USED
from wherry.lib.clock import parse_date

PERIOD_SECONDS = 365 * DAY_SECONDS
"""For how long nobody must have used a token before it is called in, and after that before it is deleted."""


class Wait(Struct, frozen=True):
    """Nothing to do before `until`."""

    until: float


class CallIn(Struct, frozen=True):
    """From now on the token is good for nothing, but it can be had back."""


class Delete(Struct, frozen=True):
    """Nobody missed it."""


Step = Wait | CallIn | Delete


def next_step(secret: Secret, tracked_since: float, now: float) -> Step | None:
    """What to do with an unused token; None where its last use cannot be told. `tracked_since` is the beginning of the
    day on which the server began to note uses."""
    unused = _unused_at(secret, tracked_since)
    if unused is None:
        return None
    if now < unused:
        return Wait(unused)
    called_in = _day(secret.metadata.labels.get(INVALID_SINCE, ""))
    if called_in is None:
        return CallIn()
    missed = _over(called_in)
    return Wait(missed) if now < missed else Delete()


def _unused_at(secret: Secret, tracked_since: float) -> float | None:
    """From when on the token counts as unused, provided that nobody uses it until then."""
    created = secret.metadata.creation_timestamp
    moments = [_over(tracked_since), (created.timestamp() if created is not None else 0.0) + PERIOD_SECONDS]
    text = secret.metadata.labels.get(LAST_USED)
    if text is not None:
        used = _day(text)
        if used is None:
            return None
        moments.append(_over(used))
    return max(moments)


def _over(day: float) -> float:
    """When the period is over that begins with the end of a day."""
    return day + DAY_SECONDS + PERIOD_SECONDS


def _day(text: str) -> float | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def is_mounted(name: str, pods: Iterable[Pod]) -> bool:
    """Whether one of the Pods refers to the Secret, wherever a Pod can."""
    return any(name in _secrets(to_obj(pod.spec)) for pod in pods)


_REFERENCES = frozenset({"secret", "secretRef", "secretKeyRef", "nodePublishSecretRef"})


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _secrets(each)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "secretName":
                yield inner
            elif key == "imagePullSecrets":
                yield from (each.get("name", "") for each in inner)
            else:
                if key in _REFERENCES and "name" in inner:
                    yield inner["name"]
                yield from _secrets(inner)

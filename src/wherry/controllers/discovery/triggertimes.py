"""When that happened which endpoints were last changed for: a Pod became ready or ceased to be, a Service was made.

Whoever programs networks reads it from an annotation, to measure how long a change takes to arrive. Of several changes
since the last look the earliest counts. What was seen before lives in memory only, as upstream's.
"""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api.types.core_v1 import Pod, Service
from wherry.client import Key
from wherry.controllers.ownership import key_of
from wherry.controllers.podstate import condition
from wherry.lib.clock import format_time

ANNOTATION = "endpoints.kubernetes.io/last-change-trigger-time"


class TriggerTimes:
    """Of all Services of one controller."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[Key, dict[str, float]] = {}
        """By Service, when each of its Pods changed last; "" stands for the Service itself."""

    def note(self, service: Service, pods: Iterable[Pod]) -> str | None:
        """What to write when endpoints change now; None where nothing is known to have brought that about."""
        key = key_of(service.metadata)
        before, now = self._seen.get(key, {}), _times(service, pods)
        self._seen[key] = now
        moment = min((when for name, when in now.items() if when > before.get(name, 0.0)), default=None)
        return None if moment is None else format_time(moment)

    def forget(self, service: Key) -> None:
        self._seen.pop(service, None)


def _times(service: Service, pods: Iterable[Pod]) -> dict[str, float]:
    found: dict[str, float] = {}
    for pod in pods:
        ready = condition(pod, "Ready")
        if ready is not None and ready.last_transition_time is not None:
            found[pod.metadata.name] = ready.last_transition_time.timestamp()
    if service.metadata.creation_timestamp is not None:
        found[""] = service.metadata.creation_timestamp.timestamp()
    return found

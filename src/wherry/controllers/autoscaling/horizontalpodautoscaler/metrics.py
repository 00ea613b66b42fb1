"""Where figures come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from wherry.api import Obj


class Unavailable(Exception):
    """There are no figures; the text says why, as upstream's clients put it."""


class Sample(Struct, frozen=True):
    """One Pod's figure."""

    value: int
    """In thousandths."""
    taken: float
    """When, in seconds since the epoch."""
    window: float = 60.0
    """Over how many seconds it was measured."""


class Metrics(Protocol):
    """All raise Unavailable, or the API's own errors. Selectors are in the form of `kubectl -l`."""

    async def resource(self, namespace: str, selector: str, name: str, container: str) -> Mapping[str, Sample]:
        """What Pods use of a resource, altogether or in one container; by the Pod's name."""
        ...

    async def pods(self, namespace: str, selector: str, metric: str, metric_selector: str) -> Mapping[str, Sample]:
        """A metric that each Pod has; by the Pod's name."""
        ...

    async def object(self, namespace: str, reference: Obj, metric: str, metric_selector: str) -> int:
        """A metric that some object has, in thousandths."""
        ...

    async def external(self, namespace: str, metric: str, metric_selector: str) -> Sequence[int]:
        """What the world outside the cluster says, in thousandths."""
        ...

"""The hands of a cluster's clock, as tests turn them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from wherry.testing.cluster.client import AsyncCaller, Caller
from wherry.testing.cluster.core import Core


class ClockFace:
    """What a cluster's clock shows."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._core.clock.time()

    def now(self) -> datetime:
        """The same, with the time zone UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    @staticmethod
    def _span(seconds: float, minutes: float, hours: float, days: float) -> float:
        return timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days).total_seconds()


class ClusterClock(ClockFace):
    """The hands of a cluster's clock."""

    def __init__(self, core: Core, call: Caller) -> None:
        super().__init__(core)
        self._call = call

    def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0) -> None:
        """Let time pass: whatever falls due happens in its order, each at its moment, with all that follows from it."""
        span = self._span(seconds, minutes, hours, days)
        self._call(lambda: self._core.advance(span))


class AsyncClusterClock(ClockFace):
    """The hands of a cluster's clock."""

    def __init__(self, core: Core, call: AsyncCaller) -> None:
        super().__init__(core)
        self._call = call

    async def advance(
        self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0
    ) -> None:
        """Let time pass: whatever falls due happens in its order, each at its moment, with all that follows from it."""
        span = self._span(seconds, minutes, hours, days)
        await self._call(lambda: self._core.advance(span))

"""Keeps containers' logs from filling the disk: a log that has grown too large is set aside, old ones are dropped.

The runtime writes to the file that it opened; so the file is renamed and the runtime told to open its log anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from wherry.kubelet.runtime.protocol import Containers, RuntimeFailure
from wherry.lib.clock import Clock

log = logging.getLogger(__name__)

PERIOD_SECONDS = 10.0


class LogLimits(Struct, frozen=True):
    max_bytes: int = 10 << 20
    max_files: int = 5


_USUAL = LogLimits()


class Rotation:
    """Looks at the logs of running containers now and then; looking is one stat each."""

    def __init__(
        self,
        runtime: Containers,
        logs: Callable[[], Iterable[tuple[str, Path]]],
        clock: Clock,
        limits: LogLimits = _USUAL,
    ) -> None:
        """`logs` lists (container id, log file) of what runs."""
        self._runtime = runtime
        self._logs = logs
        self._clock = clock
        self._limits = limits

    async def run(self) -> None:
        while True:
            await self._clock.sleep(PERIOD_SECONDS)
            await self.rotate_all()

    async def rotate_all(self) -> None:
        for container_id, path in list(self._logs()):
            try:
                if path.stat().st_size >= self._limits.max_bytes:
                    await self._rotate(container_id, path)
            except FileNotFoundError:
                continue
            except (OSError, RuntimeFailure) as error:
                log.warning("rotating %s: %s", path, error)
            await asyncio.sleep(0)

    async def _rotate(self, container_id: str, path: Path) -> None:
        self._drop_old(path)
        aside = self._set_aside(path)
        try:
            await self._runtime.reopen_log(container_id)
        except RuntimeFailure:
            aside.rename(path)  # the runtime still writes to it; try again next time
            raise

    def _set_aside(self, path: Path) -> Path:
        stamp = datetime.fromtimestamp(self._clock.time(), UTC).strftime("%Y%m%d-%H%M%S")
        return path.rename(path.with_name(f"{path.name}.{stamp}"))

    def _drop_old(self, path: Path) -> None:
        """Leave room for one more beside the current file."""
        old = sorted(path.parent.glob(f"{path.name}.*"))
        keep = max(self._limits.max_files - 2, 0)
        for each in old[: len(old) - keep] if len(old) > keep else ():
            each.unlink(missing_ok=True)

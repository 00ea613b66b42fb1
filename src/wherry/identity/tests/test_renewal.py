"""Certificates are made again while the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from wherry.identity.pki import ADMIN, KUBELET_CLIENT, SERVING, open_pki
from wherry.identity.profiles import ServerNames
from wherry.identity.renewal import keep_renewed
from wherry.testing.clock import ManualClock

_DAY = 86_400.0


async def test_renewed_in_time_and_told(tmp_path: Path) -> None:
    clock = ManualClock()
    pki = open_pki(tmp_path, ServerNames(), clock.time())
    told: list[tuple[float, Sequence[str]]] = []
    started = clock.time()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(keep_renewed(pki, clock, lambda names: told.append((clock.time() - started, names))))
        await clock.advance(240 * _DAY)
        assert told == []
        await clock.advance(10 * _DAY)
        assert len(told) == 1
        assert list(told[0][1]) == [SERVING, KUBELET_CLIENT, ADMIN]
        assert 243 * _DAY < told[0][0] < 244 * _DAY
        await clock.advance(250 * _DAY)
        assert len(told) == 2
        task.cancel()

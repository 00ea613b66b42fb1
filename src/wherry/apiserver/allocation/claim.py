"""What a write has been given, from the moment it was found free until the write's fate is known.

Whoever orders a write may go away before it is carried out (the client hangs up, its task is cancelled); the write is
carried out all the same. Therefore a claim follows the write, not the writer.
"""

from __future__ import annotations

import asyncio
from typing import Any

from wherry.apiserver.allocation.pool import Pool


class NumberClaim:
    """Numbers of pools that are kept for one write. Whoever gives objects what they need makes a kind of it."""

    __slots__ = ("_taken", "_write")

    def __init__(self) -> None:
        self._taken: list[tuple[Pool, int]] = []
        self._write: asyncio.Future[Any] | None = None

    def take(self, pool: Pool, number: int) -> None:
        pool.claim(number)
        self._taken.append((pool, number))

    def follow(self, write: asyncio.Future[Any]) -> None:
        """See `core.Claim`."""
        self._write = write

    def release(self) -> None:
        """See `core.Claim`: what was not stored is free again, once the write that was ordered has been carried out."""
        taken, self._taken = self._taken, []
        if self._write is not None and not self._write.done():
            self._write.add_done_callback(lambda _: _free(taken))
        else:
            _free(taken)


def _free(taken: list[tuple[Pool, int]]) -> None:
    for pool, number in taken:
        pool.release(number)

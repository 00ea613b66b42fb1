"""Large answers, written in slices so that neither the event loop nor memory ever has to hold one whole.

A LIST of five thousand Pods is ten megabytes in ten thousand pieces. Joined and encrypted in one go it would hold up
every other client for twenty milliseconds; a slice takes less than one, and after each the loop gets round to others.
The next slice is written only when the reader has taken most of the last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from wherry.transport.stats import Stats


def slices(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Regroup pieces into parts of about `size` bytes; none is larger than that."""
    gathered: list[bytes] = []
    weight = 0
    for piece in pieces:
        if weight and weight + len(piece) > size:
            yield b"".join(gathered)
            gathered, weight = [], 0
        if len(piece) > size:
            yield from (piece[at : at + size] for at in range(0, len(piece), size))
        else:
            gathered.append(piece)
            weight += len(piece)
    if weight:
        yield b"".join(gathered)


class BodyWriter:
    """Writes one large answer; calls `done` when the transport has all of it."""

    __slots__ = ("_done", "_paused", "_running", "_slices", "_stats", "_transport", "_written")

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        head: bytes,
        body: bytes | list[bytes],
        size: int,
        stats: Stats,
        done: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._slices = slices(chain((head,), body if isinstance(body, list) else (body,)), size)
        self._stats = stats
        self._done = done
        self._paused = False
        self._running = False
        self._written = 0

    def start(self, paused: bool) -> None:
        self._paused = paused
        if not paused:
            self._write_slice()

    def written(self) -> int:
        """How much has been handed to the transport: whether there was progress."""
        return self._written

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        if not self._running:
            self._write_slice()

    def lose(self) -> None:
        """The peer is gone; write no more."""
        self._slices = iter(())
        self._paused = True
        self._done = _nothing

    def _write_slice(self) -> None:
        self._running = False
        if self._paused:
            return
        data = next(self._slices, None)
        if data is None:
            self._done()
            return
        self._running = True
        asyncio.get_running_loop().call_soon(self._write_slice)
        self._written += len(data)
        self._stats.bytes_out += len(data)
        self._transport.write(data)


def _nothing() -> None:
    return None

"""Whether a connection is being read."""

from __future__ import annotations

import asyncio


class Reading:
    """Stops and goes on reading; saying so twice is no error."""

    __slots__ = ("_paused", "_transport")

    def __init__(self, transport: asyncio.ReadTransport) -> None:
        self._transport = transport
        self._paused = False

    def pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()

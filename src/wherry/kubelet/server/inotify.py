"""Hears of changes in a folder from the kernel, so that following a quiet log costs nothing."""

from __future__ import annotations

import asyncio
import ctypes
import os
from pathlib import Path

_MODIFY, _MOVED_FROM, _CREATE, _DELETE, _MOVED_TO = 0x2, 0x40, 0x100, 0x200, 0x80
_MASK = _MODIFY | _MOVED_FROM | _CREATE | _DELETE | _MOVED_TO

_libc = ctypes.CDLL(None, use_errno=True)


class FolderWatch:
    """An asynchronous context in which `wait` returns whenever something in the folder has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1
        self._changed = asyncio.Event()

    async def __aenter__(self) -> FolderWatch:
        self._descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor >= 0:
            _libc.inotify_add_watch(self._descriptor, os.fsencode(self._folder), _MASK)
            asyncio.get_running_loop().add_reader(self._descriptor, self._on_readable)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    async def wait(self, seconds: float) -> None:
        """Return at the next change, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()

    def _on_readable(self) -> None:
        try:
            while os.read(self._descriptor, 65536):
                pass
        except BlockingIOError:
            pass
        self._changed.set()

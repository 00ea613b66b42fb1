"""Reads a container's log to a reader, and follows it for as long as the container runs.

A log may be rotated while it is read: the file that is open is read to its end, then the new one of the same name is
opened. Followers wait for the kernel's word that the folder changed; once a second they ask whether the container
still runs.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

from wherry.kubelet.server.inotify import FolderWatch
from wherry.kubelet.server.logfilter import LogFilter, LogOptions, tail_start

_BLOCK = 64 << 10
_ASK_SECONDS = 1.0


async def read_log(path: Path, options: LogOptions, is_running: Callable[[], Awaitable[bool]]) -> AsyncIterator[bytes]:
    """Yield what `options` ask for, piece by piece; raises FileNotFoundError when there is no log."""
    reader = _Reader(path, options)
    try:
        for piece in reader.pieces():
            yield piece
        if not options.follow or reader.is_full:
            if rest := reader.finish():
                yield rest
            return
        async with FolderWatch(path.parent) as watch:
            async for piece in _follow(reader, watch, is_running):
                yield piece
    finally:
        reader.close()


async def _follow(
    reader: _Reader, watch: FolderWatch, is_running: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    while not reader.is_full:
        was_running = await is_running()
        found = False
        for piece in reader.pieces():
            found = True
            yield piece
        if reader.reopen():
            continue
        if not was_running and not found:
            if rest := reader.finish():
                yield rest
            return
        await watch.wait(_ASK_SECONDS)


class _Reader:
    """An open log file and what is shown of it."""

    def __init__(self, path: Path, options: LogOptions) -> None:
        self._path = path
        self._filter = LogFilter(options)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        if options.tail is not None:
            size = os.fstat(self._descriptor).st_size
            start = tail_start(size, lambda at, length: os.pread(self._descriptor, length, at), options.tail)
            os.lseek(self._descriptor, start, os.SEEK_SET)

    @property
    def is_full(self) -> bool:
        return self._filter.is_full

    def pieces(self) -> Iterator[bytes]:
        """What the file has beyond what was read, block by block."""
        while not self.is_full and (data := os.read(self._descriptor, _BLOCK)):
            if piece := self._filter.feed(data):
                yield piece

    def finish(self) -> bytes:
        return self._filter.finish()

    def reopen(self) -> bool:
        """Whether the log was rotated and its next file is open now."""
        try:
            if self._path.stat().st_ino == os.fstat(self._descriptor).st_ino:
                return False
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False  # between two files of the name
        os.close(self._descriptor)
        self._descriptor = descriptor
        return True

    def close(self) -> None:
        os.close(self._descriptor)

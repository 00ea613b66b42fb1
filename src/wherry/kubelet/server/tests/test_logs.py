"""Reading and following log files, across rotation and the container's end."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from wherry.kubelet.server.logfilter import LogOptions
from wherry.kubelet.server.logs import read_log


def _line(text: str) -> bytes:
    return f"2026-01-01T00:00:00Z stdout F {text}\n".encode()


async def _gone() -> bool:
    return False


async def test_reads_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.write_bytes(_line("a") + _line("b") + _line("c"))
    shown = b"".join([piece async for piece in read_log(path, LogOptions(tail=2), _gone)])
    assert shown == b"b\nc\n"


async def test_a_missing_log_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await anext(read_log(tmp_path / "none", LogOptions(), _gone))


async def test_follows_across_rotation_until_the_container_ends(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.write_bytes(_line("1"))
    running = True

    async def is_running() -> bool:
        return running

    pieces = read_log(path, LogOptions(follow=True), is_running)
    assert await anext(pieces) == b"1\n"
    follower = asyncio.ensure_future(anext(pieces))  # noqa: TID251 - a test that waits for it at once
    with path.open("ab") as log:
        log.write(_line("2"))
    assert await follower == b"2\n"
    path.rename(tmp_path / "0.log.old")
    path.write_bytes(_line("3"))
    assert await anext(pieces) == b"3\n"
    running = False
    with path.open("ab") as log:
        log.write(_line("4"))
    assert [piece async for piece in pieces] == [b"4\n"]


class Vanishing(type(Path())):  # type: ignore[misc]
    """A log that is rotated once more in the moment after somebody has looked at it."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        found = os.stat(self)
        os.unlink(self)
        return found


async def test_a_log_that_vanishes_before_it_is_opened(tmp_path: Path) -> None:
    """The file that is open stays open, and is closed once."""
    path = Vanishing(tmp_path / "0.log")
    path.write_bytes(_line("1"))
    pieces = read_log(path, LogOptions(follow=True), _gone)
    assert await anext(pieces) == b"1\n"
    Path(tmp_path / "next").write_bytes(_line("2"))
    Path(tmp_path / "next").rename(path)
    with pytest.raises(StopAsyncIteration):
        await anext(pieces)

"""Bytes of a container's log in, what a user asked to see out: pure, however the bytes are cut."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from wherry.kubelet.runtime.crilog import LogEntry, parse_line
from wherry.lib.clock import parse_time


class LogOptions(Struct, frozen=True):
    """What `kubectl logs` can ask for. `since` is seconds since the epoch; None means no limit."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since: float | None = None
    tail: int | None = None
    limit_bytes: int | None = None
    stream: str = "All"


class LogFilter:
    """Turns a log's bytes into what is shown. Feed it; `is_full` says that no more is wanted."""

    __slots__ = ("_begins", "_left", "_options", "_rest")

    def __init__(self, options: LogOptions) -> None:
        self._options = options
        self._rest = b""
        self._left = options.limit_bytes
        self._begins = True

    @property
    def is_full(self) -> bool:
        return self._left is not None and self._left <= 0

    def feed(self, data: bytes) -> bytes:
        """What the lines completed by `data` show."""
        data = self._rest + data
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        return self._show(data[:end].splitlines(keepends=True))

    def finish(self) -> bytes:
        """What an unfinished last line shows: its writer was killed in the middle of it."""
        rest, self._rest = self._rest, b""
        return self._show([rest]) if rest else b""

    def _show(self, lines: list[bytes]) -> bytes:
        shown = []
        for line in lines:
            entry = parse_line(line)
            if entry is None or not self._is_wanted(entry):
                continue
            content = entry.content
            if self._options.timestamps and self._begins:
                content = f"{fixed_width(entry.time)} ".encode() + content
            self._begins = content.endswith(b"\n")
            shown.append(self._cut(content))
            if self.is_full:
                break
        return b"".join(shown)

    def _is_wanted(self, entry: LogEntry) -> bool:
        options = self._options
        if options.stream != "All" and entry.stream != options.stream.lower():
            return False
        return options.since is None or parse_log_time(entry.time) >= options.since

    def _cut(self, content: bytes) -> bytes:
        if self._left is None:
            return content
        content = content[: self._left]
        self._left -= len(content)
        return content


def parse_log_time(text: str) -> float:
    """Nanoseconds are more than Python's datetime holds; what is beyond microseconds is cut off."""
    head, dot, rest = text.partition(".")
    if not dot:
        return parse_time(text)
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return parse_time(f"{head}.{rest[: min(digits, 6)].ljust(6, '0')}{rest[digits:]}")


def fixed_width(text: str) -> str:
    """A log's time with nine digits after the point, as `kubectl logs --timestamps` shows it.

    Runtimes write RFC 3339 with the zeros at the end cut off.
    """
    head, dot, rest = text.partition(".")
    if not dot:
        head, rest = text[:19], text[19:]
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return f"{head}.{rest[:digits].ljust(9, '0')}{rest[digits:]}"


def tail_start(size: int, read: Callable[[int, int], bytes], lines: int, block: int = 64 << 10) -> int:
    """Where the last `lines` messages of a log begin; `read(start, length)` gives its bytes.

    A message may take several lines (all but its last are marked partial), so whole messages are counted.
    """
    if lines <= 0:
        return size
    at = size
    pending = b""
    count = 0
    begin = size
    while at > 0:
        start = max(0, at - block)
        data = read(start, at - start) + pending
        first = 0 if start == 0 else data.find(b"\n") + 1
        if first == 0 and start > 0:
            pending, at = data, start
            continue
        position = start + len(data)
        for line in reversed(data[first:].splitlines(keepends=True)):
            position -= len(line)
            entry = parse_line(line)
            if entry is None or not entry.is_partial:
                if count == lines:
                    return begin
                count += 1
            begin = position
        pending, at = data[:first], start
        if start == 0:
            break
    return 0 if count <= lines else begin

"""The log format of CRI runtimes, line by line: pure.

    2026-11-23T10:00:00.123456789Z stdout F the message
    time                           stream tag content

A tag `P` marks a part of a message that was too long for a line; the message ends with the first `F`. Tags may be
joined by colons, the first one counts.
"""

from __future__ import annotations

from msgspec import Struct


class LogEntry(Struct, frozen=True):
    """One line. `content` ends with a newline unless the entry is partial."""

    time: str
    stream: str
    is_partial: bool
    content: bytes


def parse_line(line: bytes) -> LogEntry | None:
    """The entry on a line (with or without its newline); None when it is not in this format."""
    head = line.split(b" ", 3)
    if len(head) < 3:
        return None
    time, stream, tags = head[:3]
    content = head[3] if len(head) == 4 else b""
    if stream not in (b"stdout", b"stderr") or not time[:4].isdigit():
        return None
    is_partial = tags.split(b":", 1)[0].rstrip(b"\n") == b"P"
    content = content.removesuffix(b"\n")
    return LogEntry(
        time.decode("ascii", "replace"), stream.decode(), is_partial, content if is_partial else content + b"\n"
    )

"""Lines of a CRI log."""

from __future__ import annotations

import pytest

from wherry.kubelet.runtime.crilog import LogEntry, parse_line


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        (b"2026-01-01T00:00:00Z stdout F a b\n", LogEntry("2026-01-01T00:00:00Z", "stdout", False, b"a b\n")),
        (b"2026-01-01T00:00:00Z stderr P part\n", LogEntry("2026-01-01T00:00:00Z", "stderr", True, b"part")),
        (b"2026-01-01T00:00:00Z stdout F:x \n", LogEntry("2026-01-01T00:00:00Z", "stdout", False, b"\n")),
        (b"2026-01-01T00:00:00Z stdout F", LogEntry("2026-01-01T00:00:00Z", "stdout", False, b"\n")),
        (b"2026-01-01T00:00:00Z stdin F a", None),
        (b"hello", None),
        (b"", None),
    ],
)
def test_parse(line: bytes, entry: LogEntry | None) -> None:
    assert parse_line(line) == entry

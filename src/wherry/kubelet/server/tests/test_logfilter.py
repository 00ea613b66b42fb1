"""Logs as users ask to see them, however the bytes arrive."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.kubelet.server.logfilter import LogFilter, LogOptions, fixed_width, parse_log_time, tail_start
from wherry.lib.clock import parse_time

LOG = (
    b"2026-01-01T00:00:00.000000001Z stdout F one\n"
    b"2026-01-01T00:00:01.5Z stderr P tw\n"
    b"2026-01-01T00:00:01.6Z stderr F o\n"
    b"not a log line\n"
    b"2026-01-01T00:00:02Z stdout F \n"
    b"2026-01-01T00:00:03.123456789Z stdout F three\n"
)


def _show(options: LogOptions, data: bytes = LOG) -> bytes:
    shown = LogFilter(options)
    return shown.feed(data) + shown.finish()


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (LogOptions(), b"one\ntwo\n\nthree\n"),
        (LogOptions(stream="Stderr"), b"two\n"),
        (LogOptions(since=parse_time("2026-01-01T00:00:02Z")), b"\nthree\n"),
        (LogOptions(limit_bytes=5), b"one\nt"),
        (LogOptions(limit_bytes=0), b""),
        (
            LogOptions(timestamps=True, since=parse_time("2026-01-01T00:00:01Z")),
            (
                b"2026-01-01T00:00:01.500000000Z two\n"
                b"2026-01-01T00:00:02.000000000Z \n"
                b"2026-01-01T00:00:03.123456789Z three\n"
            ),
        ),
    ],
    ids=["all", "stderr", "since", "limit", "nothing", "timestamps"],
)
def test_options(options: LogOptions, shown: bytes) -> None:
    assert _show(options) == shown


@given(st.lists(st.integers(0, len(LOG)), max_size=8), st.sampled_from([None, 3, 9, 1000]), st.booleans())
def test_any_cut_shows_the_same(cuts: list[int], limit: int | None, timestamps: bool) -> None:
    options = LogOptions(limit_bytes=limit, timestamps=timestamps)
    shown = LogFilter(options)
    edges = [0, *sorted(cuts), len(LOG)]
    pieces = [shown.feed(LOG[start:end]) for start, end in pairwise(edges)]
    assert b"".join(pieces) + shown.finish() == _show(options)


def test_a_line_cut_off_by_death_is_shown() -> None:
    assert _show(LogOptions(), b"2026-01-01T00:00:00Z stdout F half") == b"half\n"


@given(st.integers(0, 8), st.integers(1, 200))
def test_tail_starts_at_whole_messages(lines: int, block: int) -> None:
    start = tail_start(len(LOG), lambda at, length: LOG[at : at + length], lines, block)
    messages = [LOG.index(b"2026-01-01T00:00:00."), LOG.index(b"2026-01-01T00:00:01.5")]
    messages += [LOG.index(b"not a log"), LOG.index(b"2026-01-01T00:00:02Z"), LOG.index(b"2026-01-01T00:00:03")]
    assert start == (len(LOG) if lines == 0 else messages[max(0, len(messages) - lines)])


def test_times_with_any_number_of_digits() -> None:
    assert parse_log_time("2026-01-01T00:00:00.1234567891+00:00") == parse_time("2026-01-01T00:00:00.123456+00:00")
    assert parse_log_time("2026-01-01T00:00:00Z") == parse_time("2026-01-01T00:00:00Z")
    assert parse_log_time("2026-01-01T00:00:00.5Z") == parse_time("2026-01-01T00:00:00.5Z")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2026-01-01T00:00:00.07481585Z", "2026-01-01T00:00:00.074815850Z"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000000Z"),
        ("2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00.000000000+02:00"),
        ("2026-01-01T00:00:00.5-07:00", "2026-01-01T00:00:00.500000000-07:00"),
    ],
)
def test_times_are_shown_in_one_width(written: str, shown: str) -> None:
    assert fixed_width(written) == shown

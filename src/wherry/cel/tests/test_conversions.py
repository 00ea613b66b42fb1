"""Numbers, durations and instants as texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.cel.conversions import (
    converter,
    double_to_string,
    duration_to_string,
    parse_duration,
    parse_timestamp,
    string_to_bool,
    string_to_double,
    string_to_int,
    string_to_uint,
    timestamp_to_string,
)
from wherry.cel.errors import EvaluationError
from wherry.cel.types import DOUBLE, INT, STRING, TIMESTAMP, ListType, MapType
from wherry.cel.values import INT_MAX, INT_MIN, TIMESTAMP_MAX, TIMESTAMP_MIN, Duration, Timestamp


@given(st.integers(INT_MIN, INT_MAX))
def test_ints_come_back(value: int) -> None:
    assert string_to_int(str(value)) == value


@given(st.floats(allow_nan=False))
def test_doubles_come_back(value: float) -> None:
    assert string_to_double(double_to_string(value)) == value


@given(st.integers(-(10**14), 10**14))
def test_durations_come_back(nanoseconds: int) -> None:
    assert parse_duration(duration_to_string(Duration(nanoseconds))) == Duration(nanoseconds)


@given(st.integers(TIMESTAMP_MIN, TIMESTAMP_MAX))
def test_instants_come_back(nanoseconds: int) -> None:
    assert parse_timestamp(timestamp_to_string(Timestamp(nanoseconds))) == Timestamp(nanoseconds)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-14 * 60, 14 * 60))
def test_offsets_are_pythons(moment: datetime, minutes: int) -> None:
    sign, hours, rest = "-" if minutes < 0 else "+", *divmod(abs(minutes), 60)
    text = f"{moment.replace(tzinfo=None).isoformat()}{sign}{hours:02}:{rest:02}"
    wanted = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) - minutes * 60_000_000
    assert parse_timestamp(text) == Timestamp(wanted * 1000)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("1h2m3.5s", 3_723_500_000_000),
        ("-1.5h", -5_400_000_000_000),
        ("+5us", 5_000),
        ("1µs1μs", 2_000),
        (".5s", 500_000_000),
        ("1.s", 1_000_000_000),
        ("2600000h", None),
        ("", None),
        ("1", None),
        ("s", None),
        (".s", None),
        ("1d", None),
        (" 1s", None),
        ("1s ", None),
        ("--1s", None),
    ],
)
def test_durations_are_read_as_go_does(text: str, nanoseconds: int | None) -> None:
    assert parse_duration(text) == (None if nanoseconds is None else Duration(nanoseconds))


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-13-01T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:60Z",
        "2024-01-01t00:00:00z",
        "2024-01-01T00:00:00+0100",
        "24-01-01T00:00:00Z",
    ],
)
def test_what_is_no_instant(text: str) -> None:
    assert parse_timestamp(text) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.5, "1.5"),
        (100000.0, "100000"),
        (1000000.0, "1e+06"),
        (123456789.0, "1.23456789e+08"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (float("inf"), "+Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_doubles_are_written_as_go_does(value: float, text: str) -> None:
    assert double_to_string(value) == text


@pytest.mark.parametrize("text", ["", " 1", "1_000", "0x10", "1.0", "+", "9223372036854775808", "9" * 5000])
def test_what_is_no_int(text: str) -> None:
    with pytest.raises(EvaluationError, match="type conversion error from 'string' to 'int'"):
        string_to_int(text)


@pytest.mark.parametrize("text", ["-1", "+1", "18446744073709551616", "²"])
def test_what_is_no_uint(text: str) -> None:
    with pytest.raises(EvaluationError, match="type conversion error from 'string' to 'uint'"):
        string_to_uint(text)


@pytest.mark.parametrize("text", ["", " 1", "1_0", "1e999", "0x"])
def test_what_is_no_double(text: str) -> None:
    with pytest.raises(EvaluationError, match="type conversion error from 'string' to 'double'"):
        string_to_double(text)


def test_what_is_no_bool() -> None:
    assert string_to_bool("t") is True
    with pytest.raises(EvaluationError, match="type conversion error from 'string' to 'bool'"):
        string_to_bool("yes")


def test_only_what_needs_it_is_converted() -> None:
    assert converter(MapType(STRING, ListType(INT))) is None
    convert = converter(ListType(MapType(STRING, DOUBLE)))
    assert convert is not None
    assert [type(value) for value in convert([{"a": 1, "b": None}])[0].values()] == [float, type(None)]
    at = converter(TIMESTAMP)
    assert at is not None
    assert at("1970-01-01T00:00:00Z") == at(Timestamp(0)) == Timestamp(0)

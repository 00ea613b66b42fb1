"""Words without quotes, as Go's reader of YAML takes them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from wherry.apiserver.yamlscalars import read_number
from wherry.apiserver.yamltext import YamlError, parse_yaml


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12), ("-12", -12), ("+12", 12), ("0", 0), ("1_000", 1000), ("1__0", 10), ("017", 15), ("0o17", 15),
        ("0x1F", 31), ("-0x1f", -31), ("0b11", 3), ("-0b11", -3), ("08", 8), ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 2.0**64), ("9" * 25, 1e25), ("0x1" + "0" * 20, 2.0**80),
        ("1e3", 1000), ("1.", 1), ("1.0", 1), (".5", 0.5), ("-1.5e-3", -0.0015), ("1e30", 1e30), ("1_0.5", 10.5),
        ("1e400", "1e400"), ("12:30", "12:30"), ("1:11.5", "1:11.5"), ("10.0.0.1", "10.0.0.1"), ("1.2.3", "1.2.3"),
        ("2020-01-01", "2020-01-01"), ("1h", "1h"), ("500m", "500m"), (".", "."), ("+", "+"), ("_1", "_1"),
        ("0x", "0x"), ("1e", "1e"), ("...", "..."), (".a", ".a"), ("-a", "-a"), ("7f3a", "7f3a"),
        ("y", True), ("N", False), ("yes", True), ("off", False), ("True", True), ("maybe", "maybe"),
    ],
)  # fmt: skip
def test_a_word_is_what_go_makes_of_it(text: str, expected: Any) -> None:
    read = parse_yaml(f"a: {text}\nb: '{text}'".encode())
    assert read == {"a": expected, "b": text}
    assert type(read["a"]) is type(expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [(".inf", "+Inf"), ("+.Inf", "+Inf"), ("-.INF", "-Inf"), (".NaN", "NaN")],
)
def test_what_json_has_no_number_for_is_refused(text: str, value: str) -> None:
    with pytest.raises(YamlError) as caught:
        parse_yaml(f"a: {text}".encode())
    assert str(caught.value).endswith(f"json: unsupported value: {value}")


@pytest.mark.parametrize(
    "text",
    ["9" * 3_000_000, "0x" + "f" * 3_000_000, "1" + ":11" * 1_000_000, "0." + "9" * 3_000_000, "0" * 3_000_000],
    ids=["decimal", "hexadecimal", "to the base of 60", "fraction", "zeros"],
)
def test_no_number_takes_long_to_read(text: str) -> None:
    began = time.process_time()
    try:
        read_number(text)
    except ValueError as error:
        assert len(str(error)) < 200
    assert time.process_time() - began < 1

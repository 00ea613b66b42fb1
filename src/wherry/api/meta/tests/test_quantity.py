"""Quantities: exact values, canonical texts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.meta.quantity import (
    add_resources,
    canonical,
    ceiling,
    format_quantity,
    milli,
    parse_quantity,
    parse_resources,
    subtract_resources,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("1", "1"),
        ("100m", "0.1"),
        ("1500m", "1.5"),
        ("1Ki", "1024"),
        ("0.5Gi", "536870912"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("1E", "1000000000000000000"),
        ("12n", "0.000000012"),
        ("-3", "-3"),
        ("+.5", "0.5"),
        ("0.1n", "0.000000001"),
    ],
)
def test_values(text: str, value: str) -> None:
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1024Mi", "1Gi"),
        ("1000k", "1M"),
        ("1024", "1024"),
        ("0.5Ki", "512"),
        ("1.5Gi", "1536Mi"),
        ("100e3", "100e3"),
        ("0Gi", "0"),
        ("Gi", "0"),
    ],
)
def test_canonical_forms(text: str, form: str) -> None:
    assert canonical(text) == form


@pytest.mark.parametrize("text", ["", "x", "1x", "1.2.3", "1 Gi", "1ki", "--1"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="quantit"):
        parse_quantity(text)


def test_rounding_up() -> None:
    assert milli("1.0001") == 1001
    assert milli("250m") == 250
    assert ceiling("1500m") == 2
    assert ceiling("1Ki") == 1024


def test_resource_lists() -> None:
    a, b = parse_resources({"cpu": "100m", "memory": "1Gi"}), parse_resources({"cpu": "1"})
    total = add_resources([a, b])
    assert format_quantity(total["cpu"]) == "1100m"
    assert format_quantity(total["memory"], binary=True) == "1Gi"
    assert subtract_resources(total, b) == a
    assert parse_resources(None) == {}


@given(st.integers(-(10**27), 10**27))
def test_what_is_formatted_has_its_value(nanos: int) -> None:
    value = Decimal(nanos).scaleb(-9)
    assert parse_quantity(format_quantity(value)) == max(min(value, Decimal(2**63 - 1)), Decimal(-(2**63 - 1)))


@given(st.integers(-(2**62), 2**62))
def test_binary_forms_have_their_value(value: int) -> None:
    assert parse_quantity(format_quantity(value, binary=True)) == value


NUMBERS = st.from_regex(r"[+-]?[0-9]{1,6}(\.[0-9]{1,4})?", fullmatch=True)
SUFFIXES = st.sampled_from(["", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "e2", "E-3"])


@given(NUMBERS, SUFFIXES)
def test_the_canonical_form_is_settled_and_keeps_the_value(number: str, suffix: str) -> None:
    form = canonical(number + suffix)
    assert canonical(form) == form
    assert parse_quantity(form) == parse_quantity(number + suffix)

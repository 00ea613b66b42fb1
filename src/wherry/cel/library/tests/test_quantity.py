"""Quantities of rules: arithmetic is exact, and what is an integer depends on how it is kept."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.cel.errors import EvaluationError
from wherry.cel.library.quantity import (
    Quantity,
    add,
    as_approximate_float,
    as_integer,
    compare,
    is_integer,
    parse_quantity,
    sign,
    subtract,
    to_quantity,
)
from wherry.lib.quantity import parse

_TEXTS = st.builds(
    lambda number, suffix: f"{number}{suffix}",
    st.decimals(min_value=-(10**20), max_value=10**20, places=6).map(lambda number: f"{number:f}"),
    st.sampled_from(["", "n", "u", "m", "k", "M", "G", "E", "Ki", "Mi", "Gi", "Ei", "e3", "E-2"]),
)


def _value(quantity: Quantity) -> Decimal:
    return Decimal(quantity.number).scaleb(quantity.scale)


@given(_TEXTS)
def test_a_quantity_is_worth_what_it_says(text: str) -> None:
    assert _value(parse_quantity(text)) == parse(text)


@given(_TEXTS, _TEXTS)
def test_order_and_equality(left: str, right: str) -> None:
    ours, theirs = (parse_quantity(left), parse_quantity(right)), (parse(left), parse(right))
    assert compare(*ours) == (theirs[0] > theirs[1]) - (theirs[0] < theirs[1])
    assert (ours[0] == ours[1]) is (theirs[0] == theirs[1])
    assert ours[0] != ours[1] or hash(ours[0]) == hash(ours[1])
    assert sign(ours[0]) == (theirs[0] > 0) - (theirs[0] < 0)


@given(_TEXTS, _TEXTS)
def test_sums_are_exact(left: str, right: str) -> None:
    one, two = parse_quantity(left), parse_quantity(right)
    assert _value(add(one, two)) == parse(left) + parse(right)
    assert subtract(add(one, two), two) == one
    assert add(one, two) == add(two, one)


@given(_TEXTS, st.integers(-(2**63), 2**63 - 1))
def test_integers_are_added_as_they_are(text: str, number: int) -> None:
    assert _value(add(parse_quantity(text), number)) == parse(text) + number
    assert _value(subtract(parse_quantity(text), number)) == parse(text) - number


@pytest.mark.parametrize(
    ("text", "integer"),
    [
        ("50000000G", 50000000 * 10**9),
        ("50k", 50000),
        ("0", 0),
        ("1Gi", 2**30),
        ("-3", -3),
        ("1000m", None),
        ("1.0", None),
        ("0.5Ki", None),
        ("9999999999999999999999999999999999999G", None),
        ("1234567890123456789", None),
        ("123456789012345678", 123456789012345678),
        ("9Ei", None),
        ("1e19", None),
        ("1e18", 10**18),
    ],
)
def test_what_is_an_integer(text: str, integer: int | None) -> None:
    quantity = parse_quantity(text)
    assert is_integer(quantity) is (integer is not None)
    if integer is None:
        with pytest.raises(EvaluationError, match=r"^cannot convert value to integer$"):
            as_integer(quantity)
    else:
        assert as_integer(quantity) == integer


@pytest.mark.parametrize(
    ("text", "number"), [("50k", 50000.0), ("1500m", 1.5), ("1.5Gi", 1.5 * 2**30), ("1e400", float("inf")), ("0", 0.0)]
)
def test_floats(text: str, number: float) -> None:
    assert as_approximate_float(parse_quantity(text)) == pytest.approx(number)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("200K", "unable to parse quantity's suffix"),
        ("1Kii", "unable to parse quantity's suffix"),
        (
            "Three",
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
    ],
)
def test_faults(text: str, message: str) -> None:
    with pytest.raises(EvaluationError) as fault:
        to_quantity(text)
    assert str(fault.value) == message

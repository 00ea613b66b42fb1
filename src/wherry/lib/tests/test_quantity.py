from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.lib.quantity import LONGEST, WRONG_FORMAT, WRONG_SUFFIX, canonical, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("1", "1"),
        ("1000m", "1"),
        ("0.5", "500m"),
        (".5", "500m"),
        ("1.", "1"),
        ("1500m", "1500m"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("128974848", "128974848"),
        ("1024Mi", "1Gi"),
        ("0.5Gi", "512Mi"),
        ("1Ki", "1Ki"),
        ("512", "512"),
        ("0.5Ki", "512"),
        ("1.5Gi", "1536Mi"),
        ("0Mi", "0"),
        ("1e3", "1e3"),
        ("12E6", "12e6"),
        ("1000000", "1M"),
        ("-0.5", "-500m"),
        ("+1", "1"),
        ("0.0000000001", "1n"),
        ("1E", "1E"),
        ("007", "7"),
        (".", "0"),
        ("-", "0"),
        ("10E", "10E"),
        ("1000E", "1000E"),
        ("1e30", "1e30"),
        ("12e-4", "1200e-6"),
        ("9223372036854775808", "9223372036854775808"),
        ("100Ei", "9223372036854775807"),
        ("-100Ei", "-9223372036854775807"),
        ("1" + "0" * 400 + "m", "1" + "0" * 379 + "E"),
    ],
)
def test_canonical(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [("", WRONG_FORMAT), ("x", WRONG_FORMAT), ("1 Gi", WRONG_FORMAT), ("1..2", WRONG_FORMAT), ("1Zi", WRONG_FORMAT),
     ("1MiB", WRONG_FORMAT), ("1mi", WRONG_SUFFIX), ("1Kii", WRONG_SUFFIX), ("1e1000", WRONG_SUFFIX),
     ("1e", WRONG_SUFFIX), ("9" * (LONGEST + 1), WRONG_FORMAT)],
)  # fmt: skip
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        canonical(text)
    assert str(caught.value) == message


@given(
    number=st.decimals(min_value=-9999, max_value=9999, places=3),
    suffix=st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E-2"]),
)
def test_canonical_form_means_the_same_and_is_stable(number: Decimal, suffix: str) -> None:
    text = f"{number:f}{suffix}"
    form = canonical(text)
    assert parse(form) == parse(text)
    assert canonical(form) == form

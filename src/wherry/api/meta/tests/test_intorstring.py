"""Numbers and percentages."""

from __future__ import annotations

import pytest

from wherry.api.meta.intorstring import as_count, scaled, validate_at_most_100, validate_positive


@pytest.mark.parametrize(
    ("value", "total", "up", "result"),
    [(3, 10, True, 3), ("25%", 10, True, 3), ("25%", 10, False, 2), ("0%", 10, True, 0), ("150%", 4, False, 6)],
)
def test_scaling(value: int | str, total: int, up: bool, result: int) -> None:
    assert scaled(value, total, up) == result


def test_other_strings_do_not_scale() -> None:
    with pytest.raises(ValueError, match="string is not a percentage"):
        scaled("many", 3, True)


def test_faults() -> None:
    assert not validate_positive(0, "x")
    assert not validate_positive("10%", "x")
    assert validate_positive(-1, "x")
    assert validate_positive("10", "x")
    assert validate_at_most_100("101%", "x")
    assert not validate_at_most_100(101, "x")


def test_counts() -> None:
    assert as_count(3) == 3
    assert as_count("25%") == 25
    assert as_count("many") == 0


def test_percentages_of_any_length_are_numbers() -> None:
    huge = "9" * 5000 + "%"
    assert scaled(huge, 10, True) == 10**17
    assert as_count(huge) == 10**18
    assert [fault.detail for fault in validate_at_most_100(huge, "a")] == ["must not be greater than 100%"]
    assert validate_positive(huge, "a") == []

from __future__ import annotations

from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.lib.clock import format_date, format_long_time, format_time, parse_date, parse_time


@given(st.integers(0, 4_102_444_800))
def test_long_times_are_those_of_mail(seconds: int) -> None:
    text = format_long_time(seconds)
    assert text == format_datetime(parsedate_to_datetime(text))
    assert parsedate_to_datetime(text).timestamp() == seconds


@given(st.integers(0, 4_102_444_800))
def test_a_day_begins_at_midnight(seconds: int) -> None:
    began = parse_date(format_date(seconds))
    assert format_date(seconds) == format_date(began) and began <= seconds < began + 86400
    assert began == parse_time(format_time(began)[:10] + "T00:00:00Z")


@pytest.mark.parametrize("text", ["", "20231114", "2023-W46-2", "2023-1-4", "2023-02-30", "2023-11-14T00:00:00Z"])
def test_days_are_written_one_way(text: str) -> None:
    with pytest.raises(ValueError):
        parse_date(text)

from __future__ import annotations

from email.utils import format_datetime, parsedate_to_datetime

from hypothesis import given
from hypothesis import strategies as st

from wherry.lib.clock import format_long_time


@given(st.integers(0, 4_102_444_800))
def test_long_times_are_those_of_mail(seconds: int) -> None:
    text = format_long_time(seconds)
    assert text == format_datetime(parsedate_to_datetime(text))
    assert parsedate_to_datetime(text).timestamp() == seconds

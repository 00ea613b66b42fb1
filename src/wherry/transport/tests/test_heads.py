"""The date as HTTP writes it."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.transport.heads import http_date


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(784111777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0.9, "Thu, 01 Jan 1970 00:00:00 GMT")],
)
def test_date(seconds: float, text: str) -> None:
    assert http_date(seconds) == text


@given(st.floats(0, 32_503_680_000))
def test_date_is_that_of_the_library(seconds: float) -> None:
    assert http_date(int(seconds)) == formatdate(int(seconds), usegmt=True)

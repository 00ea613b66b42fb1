"""`format` with any text and any arguments: an answer or an error, in time and memory that do not depend on either."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.cel.errors import CostExceededError, EvaluationError
from wherry.cel.library.formatting import format_text
from wherry.cel.values import NONE, Duration, Timestamp, Uint

ARGUMENTS = st.recursive(
    st.sampled_from(
        (
            0,
            -1,
            Uint(3),
            1.5,
            -0.0,
            float("inf"),
            float("nan"),
            "x",
            "NaN",
            b"\xff",
            True,
            None,
            NONE,
            Duration(5),
            Timestamp(0),
        )
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
    max_leaves=4,
)


@given(st.text("%.0123sdfeboxX q", max_size=12), st.lists(ARGUMENTS, max_size=4))
def test_any_text_gives_text_or_an_error(text: str, arguments: list[Any]) -> None:
    try:
        assert isinstance(format_text(text, arguments), str)
    except EvaluationError as error:
        assert str(error)


@pytest.mark.parametrize("precision", [255, 256, 1000, 32768, 999999999, 10**17])
def test_no_precision_is_too_large(precision: int) -> None:
    started = time.process_time()
    assert len(format_text(f"%.{precision}f", [1 / 3])) < 2000
    assert len(format_text(f"%.{precision}e", [1 / 3])) < 2000
    assert time.process_time() - started < 0.5
    with pytest.raises(EvaluationError, match="value out of range"):
        format_text("%." + "9" * 30 + "f", [1.0])


@pytest.mark.parametrize(
    "value",
    ["x" * 1_000_000, ["x" * 1_000_000], {"k": "x" * 1_000_000}, [["x" * 1000] * 1000], b"x" * 1_000_000],
    ids=["text", "list", "map", "lists", "bytes"],
)
def test_no_text_is_made_that_nothing_could_look_at(value: Any) -> None:
    assert format_text("%s", [value])
    with pytest.raises(CostExceededError):
        format_text("%s" * 20, [value] * 20)

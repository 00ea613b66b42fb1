from __future__ import annotations

from typing import Any

import pytest

from wherry.providers.simulated.stages.formatting import printf
from wherry.providers.simulated.stages.parsing import TemplateError


@pytest.mark.parametrize(
    ("layout", "values", "text"),
    [
        ("kwok-%s", ("v0.7.0",), "kwok-v0.7.0"),
        ("%s and %v", ("a", 3), "a and 3"),
        ("%d%%", (50,), "50%"),
        ("pod-%03d|%-4d|%4d", (7, 8, 9), "pod-007|8   |   9"),
        ("%5s|%-5s|%.2s", ("ab", "ab", "abc"), "   ab|ab   |ab"),
        ("%q", ('say "it"',), r'"say \"it\""'),
        ("%t", (True,), "true"),
        ("%x %X %#x", (255, 255, 255), "ff FF 0xff"),
        ("%.2f %6.1f", (1.005, 2.25), "1.00    2.2"),
        ("nothing", (), "nothing"),
    ],
    ids=[
        "text",
        "values",
        "percent",
        "zeros and width",
        "text and width",
        "quoted",
        "truth",
        "hex",
        "fractions",
        "plain",
    ],
)
def test_layouts(layout: str, values: tuple[Any, ...], text: str) -> None:
    assert printf(str, layout, *values) == text


@pytest.mark.parametrize(
    ("layout", "values", "message"),
    [
        ("%s %s", ("a",), "nothing is left for '%s'"),
        ("%s", ("a", "b"), "no verb for b"),
        ("%d", ("a",), "'%d' does not take"),
        ("%d", (True,), "'%d' does not take"),
        ("%y", (1,), "'%y' does not take"),
    ],
    ids=["too few", "too many", "text for a number", "truth for a number", "an unknown verb"],
)
def test_what_does_not_fit_is_refused(layout: str, values: tuple[Any, ...], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        printf(str, layout, *values)

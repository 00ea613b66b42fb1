"""Field selectors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.meta.fields import FieldRequirement, SelectorError, format_field_selector, parse_field_selector


def test_terms() -> None:
    assert parse_field_selector("") == []
    assert parse_field_selector("a=b,c==d,e!=f,g=") == [
        FieldRequirement("a", "b"),
        FieldRequirement("c", "d"),
        FieldRequirement("e", "f", negated=True),
        FieldRequirement("g", ""),
    ]


def test_escapes() -> None:
    assert parse_field_selector(r"a=x\,y\=z\\") == [FieldRequirement("a", "x,y=z\\")]


@pytest.mark.parametrize("text", ["a", "a=b=c", "a=\\x", "a,b=c"])
def test_what_can_not_be_understood(text: str) -> None:
    with pytest.raises(SelectorError, match=r"invalid (field )?selector"):
        parse_field_selector(text)


VALUES = st.text(alphabet="ab\\,= ", max_size=8)


@given(st.lists(st.builds(FieldRequirement, st.sampled_from(["a", "b.c"]), VALUES, st.booleans()), max_size=4))
def test_what_is_formatted_is_understood(requirements: list[FieldRequirement]) -> None:
    assert parse_field_selector(format_field_selector(requirements)) == requirements

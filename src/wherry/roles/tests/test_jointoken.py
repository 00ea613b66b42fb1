"""Join tokens as strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.lib.failure import Failure
from wherry.roles.jointoken import JoinToken, format_join_token, parse_join_token, token_id

JOIN = JoinToken("https://192.0.2.1:6443", "abcdef.0123456789abcdef", "-----BEGIN CERTIFICATE-----\n")


@given(st.text(), st.text(), st.text())
def test_there_and_back(server: str, token: str, authority: str) -> None:
    join = JoinToken(server, token, authority)
    assert parse_join_token(format_join_token(join)) == join


def test_survives_a_terminal() -> None:
    text = format_join_token(JOIN)
    assert text.startswith("wherry-join.")
    assert text.replace("-", "").replace("_", "").replace(".", "").isalnum()
    assert parse_join_token(f"  {text}\n") == JOIN


def test_does_not_show_its_secret() -> None:
    assert "0123456789abcdef" not in repr(JOIN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "wherry-join.",
        "wherry-join.AAAA",
        "wherry-join.e30",
        "wherry-join.W10",
        "wherry-join.bnVsbA",
        "wherry-join.ä",
        format_join_token(JOIN)[:-9],
    ],
)
def test_anything_else_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(Failure, match=r"^this is not a join token$") as refused:
        parse_join_token(text)
    assert "wherry token create" in refused.value.hint


@pytest.mark.parametrize("text", ["abcdef", "abcdef.0123456789abcdef", f" {format_join_token(JOIN)}\n"])
def test_a_token_is_known_by_its_id_or_the_whole(text: str) -> None:
    assert token_id(text) == "abcdef"

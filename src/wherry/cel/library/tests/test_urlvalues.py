"""URLs of any kind: parsing ends with a URL or with a ValueError, and what a URL writes is read as the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.cel.library.urlvalues import parse_request_uri, parse_url

PARTS = st.sampled_from(
    (
        *("http:", "https:", "//", "/", "a", "example.com", ":80", ":", "@", "user:pw@", "?", "k=v", "&", "#", "%20"),
        *("%", "[::1]", "[", "]", " ", "é", "%C3%A9", "%zz", "..", "*", "+", ";", "\ud800", "'", '"', "<", "%25"),
    )
)
TEXTS = st.lists(PARTS, max_size=8).map("".join)


@given(TEXTS)
def test_a_url_is_read_as_it_is_written(text: str) -> None:
    try:
        url = parse_url(text)
    except ValueError:
        return
    if text.startswith("//") and not url.host:  # a path to one of the two parsers, an empty host to the other
        return
    again = parse_url(str(url))
    assert again == url
    assert (again.scheme, again.host, again.escaped_path, again.query) == (
        url.scheme,
        url.host,
        url.escaped_path,
        url.query,
    )
    assert hash(again) == hash(url)
    assert all(isinstance(value, list) for value in url.parameters().values())


@given(st.text(max_size=20))
def test_nothing_else_is_raised(text: str) -> None:
    try:
        parse_request_uri(text)
    except ValueError as error:
        assert str(error).startswith("parse ")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("HTTP://User:p%40ss@Example.com:80/a b?q#f g", "http://User:p%40ss@Example.com:80/a%20b?q#f%20g"),
        ("/path?", "/path?"),
        ("http:///path", "http:///path"),
        ("http:/path", "http:/path"),
        ("mailto:a@b", "mailto:a@b"),
        ("http://[fe80::1%25en0]/", "http://[fe80::1%25en0]/"),
        ("http://héy/", "http://h%C3%A9y/"),
    ],
)
def test_how_urls_are_written(text: str, written: str) -> None:
    assert str(parse_url(text)) == written


def test_too_many_parameters_are_none() -> None:
    assert parse_url("/?" + "&".join(["a=b"] * 10_001)).parameters() == {}
    assert len(parse_url("/?" + "&".join(["a=b"] * 10_000)).parameters()["a"]) == 10_000

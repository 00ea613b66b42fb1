from __future__ import annotations

import pytest

from wherry.api.patch.ordering import merge_orders


@pytest.mark.parametrize(
    ("merged", "wanted", "before", "expected"),
    [
        ("abc", "", "abc", "abc"),
        ("abc", "cba", "abc", "cba"),
        ("axb", "ba", "axb", "xba"),
        ("xab", "ab", "xab", "xab"),
        ("abx", "ab", "abx", "abx"),
        ("abn", "na", "ab", "nab"),
        ("abc", "ac", "abc", "abc"),
        ("abc", "ca", "abc", "bca"),
        ("abc", "ac", "bac", "bac"),
        ("aab", "b", "aab", "aab"),
    ],
)
def test_unnamed_items_keep_their_place(merged: str, wanted: str, before: str, expected: str) -> None:
    assert "".join(merge_orders(list(merged), list(wanted), list(before), "")) == expected

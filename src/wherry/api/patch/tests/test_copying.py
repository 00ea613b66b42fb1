from __future__ import annotations

from wherry.api.patch.copying import clone


def test_a_clone_shares_nothing_that_can_change() -> None:
    original = {"a": [1, {"b": []}], "c": "x", "d": None}
    copy = clone(original)
    assert copy == original
    copy["a"][1]["b"].append(1)
    assert original == {"a": [1, {"b": []}], "c": "x", "d": None}

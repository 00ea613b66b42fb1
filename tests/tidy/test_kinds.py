"""The page that tells of every kind says what the registry says."""

from __future__ import annotations

from tools import kinds

from wherry.api.registry import BUILTIN


def test_the_page_is_as_the_registry_has_it() -> None:
    text = kinds.PAGE.read_text()
    assert kinds.page(text, kinds.table(BUILTIN, kinds.differences())) == text, "run tools/kinds.py"


def test_every_difference_is_that_of_a_kind() -> None:
    assert sorted(kinds.differences().keys() - {resource.group_resource for resource in BUILTIN}) == []

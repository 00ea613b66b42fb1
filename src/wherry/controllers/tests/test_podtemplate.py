from __future__ import annotations

import pytest

from wherry.controllers.podtemplate import pod_from_template


@pytest.mark.parametrize(("name", "prefix"), [("web", "web-"), ("w" * 252, "w" * 252 + "-"), ("w" * 253, "w" * 253)])
def test_names_begin_with_the_owners(name: str, prefix: str) -> None:
    assert pod_from_template({}, name, {})["metadata"]["generateName"] == prefix

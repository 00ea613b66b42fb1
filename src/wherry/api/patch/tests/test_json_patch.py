from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.errors import BadRequest, RequestEntityTooLarge
from wherry.api.patch.json_patch import DoesNotFit, apply, parse

CASES = yaml.safe_load((Path(__file__).parent / "cases/json_patch.yaml").read_text())

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(case: dict[str, Any]) -> None:
    operations = parse(copy.deepcopy(case["patch"]))
    if "error" in case:
        with pytest.raises(DoesNotFit) as caught:
            apply(case["document"], operations)
        assert case["error"] in str(caught.value)
    else:
        assert apply(case["document"], operations) == case["result"]
    assert operations == parse(case["patch"])


@pytest.mark.parametrize("patch", [{}, "x", [1], [{"op": 1}], [{"op": "add", "path": {}}]])
def test_malformed(patch: Any) -> None:
    with pytest.raises(BadRequest):
        parse(patch)


def test_too_many_operations() -> None:
    step = {"op": "test", "path": "/a", "value": 1}
    assert len(parse([step] * 10_000)) == 10_000
    with pytest.raises(RequestEntityTooLarge) as caught:
        parse([step] * 10_001)
    assert caught.value.message == (
        "Request entity is too large: The allowed maximum operations in a JSON patch is 10000, got 10001"
    )


def test_documents_cannot_be_made_to_explode() -> None:
    doubling = [{"op": "copy", "from": "/a", "path": f"/a/{index}"} for index in range(60)]
    with pytest.raises(DoesNotFit, match=r"accumulated size increase of copy is \d+, exceeding the limit 3145728$"):
        apply({"a": {"x": "x" * 100}}, parse(doubling))


@given(document=st.dictionaries(st.text(max_size=3), JSON, max_size=3), key=st.text(max_size=5), value=JSON)
def test_what_was_added_can_be_tested_and_removed(document: dict[str, Any], key: str, value: Any) -> None:
    path = "/" + key.replace("~", "~0").replace("/", "~1")
    steps = [{"op": op, "path": path, "value": value} for op in ("add", "test", "remove")]
    expected = {name: item for name, item in document.items() if name != key}
    assert apply(document, parse(steps)) == expected


PATHS = st.lists(st.sampled_from(["", "a", "b", "0", "1", "-1", "-", "x~1y", "~0"]), max_size=4).map("/".join)
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "bogus"])},
    optional={"path": PATHS, "from": PATHS, "value": JSON},
)


@given(document=st.dictionaries(st.sampled_from("ab"), JSON, max_size=2), patch=st.lists(OPERATIONS, max_size=5))
def test_whatever_the_patch_it_applies_or_does_not_fit(document: dict[str, Any], patch: list[Any]) -> None:
    before = copy.deepcopy(patch)
    try:
        result = apply(document, parse(patch))
    except DoesNotFit:
        result = {}
    assert isinstance(result, (dict, list))
    assert patch == before

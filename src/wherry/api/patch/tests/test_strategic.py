from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.patch import strategic
from wherry.api.schema import schema

CASES = yaml.safe_load((Path(__file__).parent / "cases/strategic.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(case: dict[str, Any]) -> None:
    api_version, _, kind = case["kind"].rpartition("/")
    patch = copy.deepcopy(case["patch"])
    if "error" in case:
        name, message = case["error"]
        with pytest.raises(getattr(strategic, name)) as caught:
            strategic.apply(case["object"], patch, schema(api_version, kind))
        assert message in str(caught.value)
    else:
        assert strategic.apply(case["object"], patch, schema(api_version, kind)) == case["result"]
    assert patch == case["patch"]


NAMES = st.sampled_from("abcdef")
CONTAINERS = st.lists(st.fixed_dictionaries({"name": NAMES, "image": NAMES}), unique_by=lambda item: item["name"])


def pod(containers: list[dict[str, str]]) -> dict[str, Any]:
    return {"spec": {"containers": copy.deepcopy(containers)}}


@given(old=CONTAINERS, new=CONTAINERS)
def test_merged_lists_lose_nothing_and_take_everything(old: list[dict[str, str]], new: list[dict[str, str]]) -> None:
    merged = strategic.apply(pod(old), pod(new), schema("v1", "Pod"))["spec"]["containers"]
    expected = {item["name"]: item["image"] for item in [*old, *new]}
    assert {item["name"]: item["image"] for item in merged} == expected
    assert len(merged) == len(expected)
    assert [item["name"] for item in merged if item in new] == [item["name"] for item in new]
    untouched = {item["name"] for item in old} - {item["name"] for item in new}
    assert [i["name"] for i in merged if i["name"] in untouched] == [i["name"] for i in old if i["name"] in untouched]


@given(old=CONTAINERS, order=st.lists(NAMES, unique=True))
def test_element_order_is_obeyed(old: list[dict[str, str]], order: list[str]) -> None:
    patch = {"spec": {"$setElementOrder/containers": [{"name": name} for name in order]}}
    merged = strategic.apply(pod(old), patch, schema("v1", "Pod"))["spec"]["containers"]
    names = [item["name"] for item in merged]
    assert sorted(names) == sorted(item["name"] for item in old)
    assert [name for name in names if name in order] == [name for name in order if name in names]


@given(old=CONTAINERS, new=CONTAINERS)
def test_patching_twice_is_patching_once(old: list[dict[str, str]], new: list[dict[str, str]]) -> None:
    once = strategic.apply(pod(old), pod(new), schema("v1", "Pod"))
    twice = strategic.apply(copy.deepcopy(once), pod(new), schema("v1", "Pod"))
    assert once == twice

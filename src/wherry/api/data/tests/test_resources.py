"""The hand-written registry against upstream's table of resources."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from wherry.api.registry import BUILTIN
from wherry.api.resource import Resource
from wherry.api.schema.shapes import DATA

TABLE: dict[tuple[str, str, str], dict[str, Any]] = {
    (row["group"], row["version"], row["plural"]): row for row in json.loads((DATA / "resources.json").read_text())
}

STREAMS = {"attach", "exec", "portforward", "proxy"}
"""Subresources that the table, which is made for clients of objects, leaves out."""

NOT_WATCHED = {"componentstatuses"}
"""Upstream's document promises a watch that its server refuses."""


def test_every_stable_kind_is_registered() -> None:
    known = {(resource.group, resource.version, resource.plural) for resource in BUILTIN}
    assert {key for key in TABLE if re.fullmatch(r"v\d+", key[1])} <= known


@pytest.mark.parametrize("resource", BUILTIN, ids=lambda resource: f"{resource.api_version}.{resource.plural}")
def test_names_verbs_and_subresources(resource: Resource) -> None:
    row = TABLE[resource.group, resource.version, resource.plural]
    assert (resource.kind, resource.is_namespaced) == (row["kind"], row["namespaced"])
    unwatched = {"watch"} if resource.plural in NOT_WATCHED else set()
    assert set(resource.verbs) == set(row["verbs"]) - unwatched
    expected = {
        sub["name"]: (set(sub["verbs"]), (sub["group"], sub["version"], sub["kind"])) for sub in row["subresources"]
    }
    found = {
        sub.name: (
            set(sub.verbs),
            (sub.kind.group, sub.kind.version, sub.kind.kind)
            if sub.kind
            else (resource.group, resource.version, resource.kind),
        )
        for sub in resource.subresources
        if sub.name not in STREAMS
    }
    assert found == expected

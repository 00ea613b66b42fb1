from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.types.apps_v1 import ReplicaSet
from wherry.api.types.decoding import convert
from wherry.client import Key
from wherry.controllers.statuswrites import StatusWrites

KEY = Key("default", "web")


def view(status: Obj, **metadata: Any) -> ReplicaSet:
    whole = {"name": "web", "namespace": "default", "uid": "u", "generation": 1, **metadata}
    return convert(ReplicaSet, {"metadata": whole, "spec": {"replicas": 1}, "status": status})


BEFORE = view({"replicas": 1})
WRITTEN: Obj = {"replicas": 0, "readyReplicas": 2, "observedGeneration": 1}


@pytest.mark.parametrize(
    ("old", "new", "is_news"),
    [
        (BEFORE, view(WRITTEN), False),
        (None, view(WRITTEN), True),
        (BEFORE, None, True),
        (BEFORE, view({**WRITTEN, "readyReplicas": 1}), True),
        (BEFORE, view(WRITTEN, generation=2), True),
        (BEFORE, view(WRITTEN, deletionTimestamp="2024-01-01T00:00:00Z"), True),
        (BEFORE, view(WRITTEN, labels={"a": "b"}), True),
        (BEFORE, view(WRITTEN, annotations={"a": "b"}), True),
        (BEFORE, view(WRITTEN, uid="v"), True),
    ],
    ids=["own", "new", "gone", "other status", "other spec", "going", "labels", "annotations", "another object"],
)
def test_only_what_was_written_is_no_news(old: ReplicaSet | None, new: ReplicaSet | None, is_news: bool) -> None:
    writes = StatusWrites()
    writes.expect("u", WRITTEN)
    assert list(writes.news(old, new)) == ([KEY] if is_news else [])


def test_nothing_is_remembered_of_what_is_gone() -> None:
    writes = StatusWrites()
    writes.expect("u", WRITTEN)
    writes.news(BEFORE, None)
    assert list(writes.news(BEFORE, view(WRITTEN))) == [KEY]

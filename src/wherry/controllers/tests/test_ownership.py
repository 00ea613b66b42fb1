from __future__ import annotations

from typing import Any

import pytest

from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.controllers.ownership import is_up_for_adoption

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1", "controller": True}


def child(**metadata: Any) -> Pod:
    identity = {"name": "a", "namespace": "default", "uid": "2"}
    return convert(Pod, {"metadata": {**identity, **metadata}, "spec": {"containers": []}})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(None, child(), True, id="an orphan comes"),
        pytest.param(None, child(ownerReferences=[OWNER]), False, id="a child comes"),
        pytest.param(child(), child(), False, id="an orphan does something else"),
        pytest.param(child(), child(labels={"app": "web"}), True, id="its labels change"),
        pytest.param(child(ownerReferences=[OWNER]), child(), True, id="it is released"),
        pytest.param(child(), child(labels={"a": "b"}, deletionTimestamp="2026-01-01T00:00:00Z"), False, id="it goes"),
    ],
)
def test_who_may_be_adopted(old: Pod | None, new: Pod, expected: bool) -> None:
    assert is_up_for_adoption(old, new) is expected

from __future__ import annotations

import pytest

from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.secret import SECRETS
from wherry.api.types.metadata import Metadata
from wherry.client import Key
from wherry.controllers.drawing import Written, contested, document
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

MEETING = [
    ("pods", "pods", True),
    ("pods", "nodes", False),
    ("pods", "pods/status", False),
    ("pods/status", "pods/status.conditions", True),
    ("pods/status.phase", "pods/status.conditions", False),
    ("pods/status.conditions[Ready]", "pods/status.conditions[DisruptionTarget]", False),
    ("pods/status.conditions[Ready]", "pods/status.conditions", True),
    ("pods[of Jobs]", "pods[of ReplicaSets]", False),
    ("pods[of Jobs]", "pods (delete)", False),
    ("* (delete)", "pods", False),
    ("*/metadata.finalizers", "pods/metadata.finalizers", True),
]


@pytest.mark.parametrize(("one", "other", "meets"), MEETING)
def test_what_meets(one: str, other: str, meets: bool) -> None:
    assert Written.parse(one).meets(Written.parse(other)) is meets
    assert Written.parse(other).meets(Written.parse(one)) is meets


@pytest.mark.parametrize("term", ["", "pods status", "pods[", "pods (create)"])
def test_what_is_no_term(term: str) -> None:
    with pytest.raises(ValueError, match="not a declaration"):
        Written.parse(term)


async def _nothing(key: Key, deps: Deps) -> Result:
    return DONE


def controller(name: str, *writes: str) -> Controller:
    reads = (Watch(SECRETS, Metadata, lambda old, new, deps: ()),)
    return Controller(name, CONFIGMAPS, Metadata, _nothing, reads, writes)


def test_two_writers_are_named() -> None:
    found = list(contested([controller("a", "pods"), controller("b", "nodes", "pods")]))
    assert found == [("a", "pods", "b", "pods")]
    assert list(contested([controller("a", "pods", "pods/status")])) == []


def test_the_page() -> None:
    page = document([controller("one", "nodes/spec.taints", "* (delete)")])
    for line in (
        '  k_configmaps([configmaps]) --> one["one"]',
        "  one --> k_nodes([nodes])",
        "  one --> k_all([every kind])",
        "| one | `configmaps`, `secrets` | `nodes/spec.taints`, `* (delete)` |",
    ):
        assert line in page.splitlines()

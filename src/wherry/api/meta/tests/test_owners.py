"""Owner references."""

from __future__ import annotations

from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.meta.owners import controller_of, controller_reference, is_controlled_by


def test_a_reference_and_back() -> None:
    reference = controller_reference(REPLICASETS, {"metadata": {"name": "web", "uid": "u"}})
    assert reference["apiVersion"] == "apps/v1"
    pod = {"metadata": {"ownerReferences": [{"uid": "x"}, reference]}}
    assert controller_of(pod) == reference
    assert is_controlled_by(pod, "u")
    assert not is_controlled_by(pod, "x")
    assert controller_of({"metadata": {}}) is None

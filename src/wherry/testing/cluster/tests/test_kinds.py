from __future__ import annotations

import pytest

from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.core.event import EVENTS
from wherry.api.core.pod import PODS
from wherry.api.registry import Registry
from wherry.api.resource import Resource
from wherry.testing.cluster.kinds import Kinds, UnknownKind

NAMES = {
    "plural": ("deployments", DEPLOYMENTS),
    "kind": ("Deployment", DEPLOYMENTS),
    "short name": ("deploy", DEPLOYMENTS),
    "with its group": ("deployments.apps", DEPLOYMENTS),
    "kind with its group": ("Deployment.apps", DEPLOYMENTS),
    "with version and group": ("deployments.v1.apps", DEPLOYMENTS),
    "core kind with its version": ("pods.v1.", PODS),
    "of namesakes the core one": ("events", EVENTS),
    "the kind itself": (PODS, PODS),
}


@pytest.mark.parametrize(("name", "expected"), NAMES.values(), ids=NAMES)
def test_names(name: str | Resource, expected: Resource) -> None:
    assert Kinds(Registry()).find(name) is expected


def test_what_has_no_name_is_refused_with_a_hint() -> None:
    with pytest.raises(UnknownKind, match="no kind is called 'boats'; if a CustomResourceDefinition"):
        Kinds(Registry()).find("boats")
    with pytest.raises(UnknownKind, match="no kind 'Boat' in 'sea/v1'"):
        Kinds(Registry()).of({"apiVersion": "sea/v1", "kind": "Boat"})


def test_a_target_is_a_kind_and_perhaps_a_name() -> None:
    kinds = Kinds(Registry())
    assert kinds.target("deploy/web") == (DEPLOYMENTS, "web")
    assert kinds.target("pods") == (PODS, "")

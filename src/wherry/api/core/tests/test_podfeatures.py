from __future__ import annotations

from typing import Any

import msgspec
import pytest

from wherry.api.core.podfeatures import required_features
from wherry.api.types.core_v1 import PodSpec

RULE = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [42]}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, set(), id="nothing"),
        pytest.param({"hostNetwork": True}, set(), id="the host's network"),
        pytest.param(
            {"hostNetwork": True, "hostUsers": False},
            {"UserNamespacesHostNetworkSupport"},
            id="users of its own on the host's network",
        ),
        pytest.param(
            {"initContainers": [{"name": "i", "restartPolicyRules": [RULE]}]},
            {"RestartAllContainersOnContainerExits"},
            id="one restarts all",
        ),
        pytest.param(
            {"containers": [{"name": "c", "restartPolicyRules": [{**RULE, "action": "Restart"}]}]}, set(), id="one"
        ),
    ],
)
def test_what_only_some_kubelets_know(spec: Any, expected: set[str]) -> None:
    assert required_features(msgspec.convert(spec, PodSpec)) == expected

from __future__ import annotations

from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.core.pod import PODS
from wherry.testing.kindnames import kind_names


def test_a_kind_has_all_the_names_that_kubectl_knows() -> None:
    assert {"deployments", "deployment", "deploy", "deploy.apps", "deployment.v1.apps"} <= set(kind_names(DEPLOYMENTS))
    assert {"pods", "pod", "po", "pods.v1."} <= set(kind_names(PODS))
    assert not any(name.endswith(".apps") for name in kind_names(PODS))

"""Whether a container that has ended runs again: the pod's restart policy, and a container's own rules (KEP-5307)."""

from __future__ import annotations

from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import Pod
from wherry.kubelet.runtime.model import Container, ContainerState


def is_sidecar(container: ContainerSpec) -> bool:
    """Whether an init container is one of those that run along with the pod; ask of init containers only."""
    return container.restart_policy == "Always"


def restart_policy(pod: Pod) -> str:
    return pod.spec.restart_policy or "Always"


def may_restart_failed(pod: Pod) -> bool:
    return restart_policy(pod) != "Never"


def should_restart(pod: Pod, container: ContainerSpec, latest: Container) -> bool:
    """Whether a container in this state is to be started (again)."""
    if pod.metadata.deletion_timestamp is not None or latest.state is ContainerState.RUNNING:
        return False
    if not latest.is_exited:
        return True  # created and never started, or unknown: it has not had its run
    if (verdict := _by_rules(container, latest.exit_code)) is not None:
        return verdict
    policy = container.restart_policy or restart_policy(pod)
    if policy == "Never":
        return False
    return policy == "Always" or latest.exit_code != 0


def _by_rules(container: ContainerSpec, exit_code: int) -> bool | None:
    """What the container's restartPolicyRules say about this exit code; None when none matches."""
    for rule in container.restart_policy_rules:
        codes = rule.exit_codes
        if codes is None:
            continue
        if (exit_code in codes.values) == (codes.operator == "In"):
            return rule.action in ("Restart", "RestartAllContainers")
    return None

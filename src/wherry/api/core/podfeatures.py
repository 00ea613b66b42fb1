"""What of a Pod's specification only some kubelets know: those that declare it in `status.declaredFeatures`.

One reading for the scheduler, which looks for such a node, and for the kubelet, which judges what was bound to it.
"""

from __future__ import annotations

from wherry.api.types.core_v1 import PodSpec

_NOTHING: frozenset[str] = frozenset()
_RESTARTS_ALL, _USERS_ON_HOST_NETWORK = "RestartAllContainersOnContainerExits", "UserNamespacesHostNetworkSupport"


def required_features(spec: PodSpec) -> frozenset[str]:
    """By upstream's names."""
    found = _NOTHING
    if spec.host_network and spec.host_users is False:
        found |= {_USERS_ON_HOST_NETWORK}
    for container in (*spec.containers, *spec.init_containers):
        if any(rule.action == "RestartAllContainers" for rule in container.restart_policy_rules):
            found |= {_RESTARTS_ALL}
    return found

from __future__ import annotations

from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.rbac.role import ROLES
from wherry.api.resource import Resource
from wherry.apiserver.openapi.operations import Operation, listing_of, operations


def by_id(resource: Resource) -> dict[str, Operation]:
    return {operation.id: operation for operation in operations(resource)}


def test_paths_and_methods() -> None:
    found = {(operation.method, operation.path, operation.action) for operation in operations(DEPLOYMENTS)}
    root = "/apis/apps/v1/namespaces/{namespace}/deployments"
    assert found == {
        ("get", root, "list"),
        ("post", root, "post"),
        ("delete", root, "deletecollection"),
        ("get", root + "/{name}", "get"),
        ("put", root + "/{name}", "put"),
        ("patch", root + "/{name}", "patch"),
        ("delete", root + "/{name}", "delete"),
        ("get", "/apis/apps/v1/deployments", "list"),
        *((method, root + "/{name}/scale", method) for method in ("get", "put", "patch")),
        *((method, root + "/{name}/status", method) for method in ("get", "put", "patch")),
        ("get", "/apis/apps/v1/watch/namespaces/{namespace}/deployments", "watchlist"),
        ("get", "/apis/apps/v1/watch/namespaces/{namespace}/deployments/{name}", "watch"),
        ("get", "/apis/apps/v1/watch/deployments", "watchlist"),
    }


def test_ids_are_upstream_s() -> None:
    assert {"listAppsV1DeploymentForAllNamespaces", "replaceAppsV1NamespacedDeploymentScale"} <= set(by_id(DEPLOYMENTS))
    assert {"readCoreV1Node", "patchCoreV1NodeStatus"} <= set(by_id(NODES))
    assert "listRbacAuthorizationV1NamespacedRole" in by_id(ROLES)
    assert {
        "deleteCoreV1CollectionNamespacedPod",
        "connectCoreV1PutNamespacedPodProxyWithPath",
        "connectCoreV1PostNamespacedPodPortforward",
        "createCoreV1NamespacedPodEviction",
        "readCoreV1NamespacedPodEphemeralcontainers",
        "watchCoreV1NamespacedPod",
        "watchCoreV1PodListForAllNamespaces",
        "watchCoreV1NamespacedPodList",
        "listCoreV1PodForAllNamespaces",
    } <= set(by_id(PODS))
    assert listing_of(ROLES).id == "getRbacAuthorizationV1APIResources"
    assert listing_of(ROLES).path == "/apis/rbac.authorization.k8s.io/v1/"
    answer = by_id(PODS)["deleteCoreV1NamespacedPod"].answer
    assert answer is not None
    assert answer.kind == "Pod"
    assert by_id(ROLES)["listRbacAuthorizationV1NamespacedRole"].tag == "rbacAuthorization_v1"


def test_subresources_have_kinds_of_their_own() -> None:
    scale = by_id(DEPLOYMENTS)["readAppsV1NamespacedDeploymentScale"]
    assert scale.answer is not None
    assert (scale.answer.api_version, scale.answer.kind) == ("autoscaling/v1", "Scale")
    exec_ = by_id(PODS)["connectCoreV1GetNamespacedPodExec"]
    assert (exec_.action, exec_.answer, exec_.body) == ("connect", None, None)
    assert [parameter.name for parameter in exec_.query] == ["command", "container", "stdin", "stdout", "stderr", "tty"]
    assert by_id(PODS)["readCoreV1NamespacedPodLog"].answer is None

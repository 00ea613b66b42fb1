"""What a node may reach, and why not."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.storage.volumeattachment import VOLUMEATTACHMENTS
from wherry.apiserver.attributes import Attributes, User
from wherry.apiserver.authz.node import NodeAuthorizer
from wherry.testing.objects import Objects

N1 = User("system:node:n1", ("system:nodes", "system:authenticated"))
CONTAINER = {
    "name": "c",
    "env": [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "env-secret", "key": "k"}}},
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "env-config", "key": "k"}}},
        {"name": "C", "value": "x"},
    ],
    "envFrom": [{"secretRef": {"name": "from-secret"}}, {"configMapRef": {"name": "from-config"}}],
}
VOLUMES = [
    {"name": "a", "secret": {"secretName": "vol-secret"}},
    {"name": "b", "configMap": {"name": "vol-config"}},
    {"name": "c", "projected": {"sources": [{"secret": {"name": "p-secret"}}, {"configMap": {"name": "p-config"}}]}},
    {"name": "d", "persistentVolumeClaim": {"claimName": "claim"}},
    {"name": "e", "ephemeral": {"volumeClaimTemplate": {}}},
    {"name": "f", "csi": {"driver": "x", "nodePublishSecretRef": {"name": "csi-secret"}}},
]


def pod(name: str, node: str, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "ns", "uid": name},
        "spec": {"nodeName": node, "containers": [CONTAINER], "volumes": VOLUMES, "serviceAccountName": "sa", **spec},
    }


@pytest.fixture
def objects() -> Objects:
    objects = Objects()
    objects.put(PODS, pod("p", "n1", imagePullSecrets=[{"name": "pull-secret"}]))
    objects.put(
        PERSISTENTVOLUMECLAIMS, {"metadata": {"name": "claim", "namespace": "ns"}, "spec": {"volumeName": "pv"}}
    )
    csi = {"nodeStageSecretRef": {"name": "stage", "namespace": "storage"}}
    objects.put(PERSISTENTVOLUMES, {"metadata": {"name": "pv"}, "spec": {"csi": csi}})
    objects.put(VOLUMEATTACHMENTS, {"metadata": {"name": "va"}, "spec": {"nodeName": "n1"}})
    objects.put(VOLUMEATTACHMENTS, {"metadata": {"name": "vb"}, "spec": {"nodeName": "n2"}})
    return objects


GROUPS = {"volumeattachments": "storage.k8s.io", "leases": "coordination.k8s.io", "csinodes": "storage.k8s.io"}


def attributes(verb: str, path: str, user: User = N1) -> Attributes:
    """`verb namespace/resource/name`, or `resource.sub`."""
    namespace, resource, name = path.split("/")
    resource, _, subresource = resource.partition(".")
    return Attributes(user, verb, GROUPS.get(resource, ""), "v1", resource, subresource, namespace, name)


@pytest.mark.parametrize(
    "name",
    ["env-secret", "from-secret", "vol-secret", "p-secret", "csi-secret", "pull-secret"],
)
def test_secrets_of_its_pods(objects: Objects, name: str) -> None:
    authorizer = NodeAuthorizer(objects)
    for verb in ("get", "list", "watch"):
        assert authorizer.authorize(attributes(verb, f"ns/secrets/{name}")).allowed
    assert not authorizer.authorize(attributes("get", f"other/secrets/{name}")).allowed


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("get", "ns/configmaps/env-config"),
        ("get", "ns/configmaps/from-config"),
        ("get", "ns/configmaps/vol-config"),
        ("watch", "ns/configmaps/p-config"),
        ("get", "ns/persistentvolumeclaims/claim"),
        ("get", "ns/persistentvolumeclaims/p-e"),
        ("patch", "ns/persistentvolumeclaims.status/claim"),
        ("get", "/persistentvolumes/pv"),
        ("get", "storage/secrets/stage"),
        ("get", "/volumeattachments/va"),
        ("create", "ns/serviceaccounts.token/sa"),
        ("get", "ns/serviceaccounts/sa"),
        ("get", "ns/pods/p"),
        ("list", "/pods/"),
        ("patch", "ns/pods.status/p"),
        ("delete", "ns/pods/p"),
        ("get", "/nodes/n1"),
        ("watch", "/nodes/n1"),
        ("create", "/nodes/"),
        ("patch", "/nodes.status/n1"),
        ("update", "kube-node-lease/leases/n1"),
        ("create", "kube-node-lease/leases/"),
        ("update", "/csinodes/n1"),
        ("list", "/services/"),
        ("create", "ns/events/"),
    ],
)
def test_allowed(objects: Objects, verb: str, path: str) -> None:
    assert NodeAuthorizer(objects).authorize(attributes(verb, path)).allowed


UNRELATED = "no relationship found between node 'n1' and this object"


@pytest.mark.parametrize(
    ("verb", "path", "reason"),
    [
        ("get", "ns/secrets/other", UNRELATED),
        ("get", "ns/configmaps/other", UNRELATED),
        ("list", "ns/secrets/", "No Object name found"),
        ("list", "/secrets/", "can only read namespaced object of this type"),
        ("update", "ns/secrets/env-secret", "can only read resources of this type"),
        ("list", "ns/persistentvolumeclaims/claim", "can only get individual resources of this type"),
        ("get", "/persistentvolumes/other", UNRELATED),
        ("get", "/volumeattachments/vb", UNRELATED),
        ("create", "ns/serviceaccounts.token/other", UNRELATED),
        ("delete", "ns/serviceaccounts/sa", "can only get individual resources of this type"),
        ("get", "ns/pods/other", UNRELATED),
        ("get", "/nodes/n2", "node 'n1' cannot read 'n2', only its own Node object"),
        ("list", "/nodes/", "node 'n1' cannot read all nodes, only its own Node object"),
        ("delete", "/nodes/n1", ""),
        ("get", "ns/leases/n1", 'can only access leases in the "kube-node-lease" system namespace'),
        (
            "get",
            "kube-node-lease/leases/n2",
            "can only access node lease with the same name as the requesting node",
        ),
        ("list", "kube-node-lease/leases/", "can only get, create, update, patch, or delete a node lease"),
        ("get", "/csinodes/n2", "can only access CSINode with the same name as the requesting node"),
        ("create", "ns/deployments/", ""),
    ],
)
def test_refused(objects: Objects, verb: str, path: str, reason: str) -> None:
    decision = NodeAuthorizer(objects).authorize(attributes(verb, path))
    assert (decision.allowed, decision.reason) == (False, reason)


def test_only_nodes_are_judged(objects: Objects) -> None:
    authorizer = NodeAuthorizer(objects)
    for user in (User("alice"), User("system:node:n1"), User("alice", ("system:nodes",))):
        assert not authorizer.authorize(attributes("get", "/nodes/n1", user)).allowed
    nameless = User("system:node:", ("system:nodes",))
    assert (
        authorizer.authorize(attributes("get", "/nodes/n1", nameless)).reason == 'unknown node for user "system:node:"'
    )


def test_access_follows_the_pods(objects: Objects) -> None:
    authorizer = NodeAuthorizer(objects)
    n2 = User("system:node:n2", ("system:nodes",))

    def may(name: str) -> bool:
        return authorizer.authorize(attributes("get", f"ns/secrets/{name}", n2)).allowed

    assert not may("vol-secret")
    waiting = pod("q", "", volumes=[VOLUMES[0]], containers=[])
    objects.put(PODS, waiting)
    assert not may("vol-secret")
    objects.put(PODS, {**waiting, "spec": {**waiting["spec"], "nodeName": "n2"}})
    assert may("vol-secret") and not may("env-secret")
    debug = {**waiting["spec"], "nodeName": "n2", "ephemeralContainers": [CONTAINER]}
    objects.put(PODS, {**waiting, "spec": debug})
    assert may("env-secret")
    objects.drop(PODS, "ns", "q")
    assert not may("vol-secret")


def test_a_mirror_pod_gives_nothing(objects: Objects) -> None:
    mirror = pod("m", "n2")
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    objects.put(PODS, mirror)
    authorizer = NodeAuthorizer(objects)
    n2 = User("system:node:n2", ("system:nodes",))
    assert not authorizer.authorize(attributes("get", "ns/secrets/vol-secret", n2)).allowed
    assert authorizer.authorize(attributes("get", "ns/pods/m", n2)).allowed


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("spec.nodeName=n1", True),
        ("status.phase!=Failed,spec.nodeName==n1", True),
        ("spec.nodeName=n2", False),
        ("spec.nodeName!=n1", False),
        ("", False),
        (None, True),
    ],
)
def test_pods_are_listed_by_node(objects: Objects, selector: str | None, expected: bool) -> None:
    asked = Attributes(N1, "watch", "", "v1", "pods", field_selector=selector)
    decision = NodeAuthorizer(objects).authorize(asked)
    assert decision.allowed is expected
    assert decision.reason in ("", "can only list/watch pods with spec.nodeName field selector")

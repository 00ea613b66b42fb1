"""Admission of everything but pods' own contents."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.coordination.lease import LEASES
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.node import NODES
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.errors import ApiError, Forbidden, NotFound
from wherry.api.networking.ingress import INGRESSES
from wherry.api.networking.ingressclass import INGRESSCLASSES
from wherry.api.resource import Resource
from wherry.api.scheduling.priorityclass import PRIORITYCLASSES
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.api.storage.volumeattributesclass import VOLUMEATTRIBUTESCLASSES
from wherry.apiserver.admission.chain import mutating, validating
from wherry.apiserver.attributes import Admission, User
from wherry.testing.clock import ManualClock
from wherry.testing.objects import Objects

ALICE = User("alice")
N1 = User("system:node:n1", ("system:nodes",))


def admit(
    objects: Objects,
    operation: str,
    resource: Resource,
    path: str,
    obj: dict[str, Any] | None = None,
    old: dict[str, Any] | None = None,
    user: User = ALICE,
) -> None:
    """`namespace/name` or `namespace/name/subresource`."""
    namespace, name, *rest = path.split("/")
    admission = Admission(
        user, operation, resource, rest[0] if rest else "", namespace, name, obj, old, False, lambda _: None
    )
    for plugin in (*mutating(lambda: "abcde"), *validating(ManualClock().time)):
        plugin(admission, objects)


@pytest.fixture
def objects() -> Objects:
    objects = Objects()
    for name in ("ns", "kube-node-lease"):
        objects.put(NAMESPACES, {"metadata": {"name": name}})
    objects.put(SERVICEACCOUNTS, {"metadata": {"name": "default", "namespace": "ns"}})
    objects.put(NODES, {"metadata": {"name": "n1", "uid": "u-n1"}})
    for name, node in (("p", "n1"), ("q", "n2")):
        volume = {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"audience": "vault"}}]}}
        spec = {"nodeName": node, "containers": [], "volumes": [volume]}
        objects.put(PODS, {"metadata": {"name": name, "namespace": "ns", "uid": f"u-{name}"}, "spec": spec})
    return objects


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_namespaces_that_never_go(objects: Objects, name: str) -> None:
    with pytest.raises(Forbidden, match=f'namespaces "{name}" is forbidden: this namespace may not be deleted'):
        admit(objects, "DELETE", NAMESPACES, f"/{name}")
    admit(objects, "DELETE", NAMESPACES, "/ns")


@pytest.mark.parametrize("name", ["system-node-critical", "system-cluster-critical"])
def test_priority_classes_that_never_go(objects: Objects, name: str) -> None:
    why = "is forbidden: this is a system priority class and cannot be deleted"
    with pytest.raises(Forbidden, match=f'priorityclasses.scheduling.k8s.io "{name}" {why}'):
        admit(objects, "DELETE", PRIORITYCLASSES, f"/{name}")
    admit(objects, "DELETE", PRIORITYCLASSES, "/mine")


def test_content_needs_its_namespace(objects: Objects) -> None:
    with pytest.raises(NotFound, match='namespaces "gone" not found'):
        admit(objects, "CREATE", CONFIGMAPS, "gone/c", {"metadata": {"name": "c"}})
    admit(objects, "CREATE", CONFIGMAPS, "ns/c", {"metadata": {"name": "c"}})
    admit(objects, "DELETE", CONFIGMAPS, "gone/c")


def test_claims_get_the_default_class(objects: Objects) -> None:
    def created(**spec: Any) -> Any:
        obj = {"metadata": {"name": "c"}, "spec": spec}
        admit(objects, "CREATE", PERSISTENTVOLUMECLAIMS, "ns/c", obj)
        return obj["spec"].get("storageClassName")

    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    assert created() is None
    for name, time, marks in (("a", "1", annotations), ("b", "2", annotations), ("c", "3", {})):
        objects.put(STORAGECLASSES, {"metadata": {"name": name, "creationTimestamp": time, "annotations": marks}})
    assert created() == "b"
    assert created(storageClassName="") == ""
    assert created(storageClassName="c") == "c"


def test_ingresses_get_the_default_class(objects: Objects) -> None:
    def created(**spec: Any) -> Any:
        obj = {"metadata": {"name": "i"}, "spec": spec}
        admit(objects, "CREATE", INGRESSES, "ns/i", obj)
        return obj["spec"].get("ingressClassName")

    assert created() is None
    annotations = {"ingressclass.kubernetes.io/is-default-class": "true"}
    for name, time, marks in (("a", "1", annotations), ("b", "2", annotations), ("c", "3", {})):
        objects.put(INGRESSCLASSES, {"metadata": {"name": name, "creationTimestamp": time, "annotations": marks}})
    assert created() == "b"
    assert created(ingressClassName="c") == "c"


def test_claims_grow_if_their_class_allows_it(objects: Objects) -> None:
    def claim(storage: str, phase: str = "Bound") -> dict[str, Any]:
        spec = {"storageClassName": "a", "resources": {"requests": {"storage": storage}}}
        return {"metadata": {"name": "c"}, "spec": spec, "status": {"phase": phase}}

    objects.put(STORAGECLASSES, {"metadata": {"name": "a"}})
    with pytest.raises(Forbidden, match="only dynamically provisioned pvc can be resized"):
        admit(objects, "UPDATE", PERSISTENTVOLUMECLAIMS, "ns/c", claim("2Gi"), claim("1Gi"))
    objects.put(STORAGECLASSES, {"metadata": {"name": "a"}, "allowVolumeExpansion": True})
    admit(objects, "UPDATE", PERSISTENTVOLUMECLAIMS, "ns/c", claim("2Gi"), claim("1Gi"))
    with pytest.raises(Forbidden, match="Only bound persistent volume claims can be expanded"):
        admit(objects, "UPDATE", PERSISTENTVOLUMECLAIMS, "ns/c", claim("2Gi"), claim("1Gi", "Pending"))


def test_only_one_default_priority(objects: Objects) -> None:
    objects.put(PRIORITYCLASSES, {"metadata": {"name": "a"}, "value": 1, "globalDefault": True})
    other = {"metadata": {"name": "b"}, "value": 1, "globalDefault": True}
    with pytest.raises(Forbidden, match="PriorityClass a is already marked as default"):
        admit(objects, "CREATE", PRIORITYCLASSES, "/b", other)
    admit(objects, "UPDATE", PRIORITYCLASSES, "/a", {**other, "metadata": {"name": "a"}}, other)


def test_a_new_node_is_tainted(objects: Objects) -> None:
    node: dict[str, Any] = {"metadata": {"name": "n2"}, "spec": {"taints": [{"key": "x", "effect": "NoExecute"}]}}
    for _ in range(2):
        admit(objects, "CREATE", NODES, "/n2", node)
        assert node["spec"]["taints"][1:] == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]


def mirror(**changes: Any) -> dict[str, Any]:
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "u-n1", "controller": True}
    metadata = {
        "name": "m",
        "namespace": "ns",
        "annotations": {"kubernetes.io/config.mirror": "x"},
        "ownerReferences": [owner],
        **changes.pop("metadata", {}),
    }
    return {"metadata": metadata, "spec": {"nodeName": "n1", "containers": [{"name": "c"}], **changes}}


def token(name: str = "p", uid: str = "u-p", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {},
        "spec": {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid}, **spec},
    }


def node(labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "n1", "labels": labels}, "spec": spec}


def status(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p", **metadata}, "spec": {"nodeName": name}, "status": {}}


@pytest.mark.parametrize(
    ("operation", "resource", "path", "obj", "old"),
    [
        ("CREATE", PODS, "ns/m", mirror(), None),
        ("DELETE", PODS, "ns/p", None, None),
        ("UPDATE", PODS, "ns/p/status", status("n1"), status("n1")),
        ("CREATE", PODS, "ns/p/eviction", {}, None),
        (
            "CREATE",
            NODES,
            "/n1",
            node({"kubernetes.io/hostname": "n1", "mine": "x", "node.kubernetes.io/x": "y"}),
            None,
        ),
        ("UPDATE", NODES, "/n1/status", node({}), node({})),
        ("CREATE", LEASES, "kube-node-lease/n1", {"metadata": {"name": "n1"}}, None),
        ("CREATE", SERVICEACCOUNTS, "ns/default/token", token(), None),
        ("CREATE", SERVICEACCOUNTS, "ns/default/token", token(audiences=["vault"]), None),
    ],
    ids=["mirror", "delete", "status", "evict", "register", "node status", "lease", "token", "audience"],
)
def test_a_node_may(
    objects: Objects,
    operation: str,
    resource: Resource,
    path: str,
    obj: dict[str, Any] | None,
    old: dict[str, Any] | None,
) -> None:
    admit(objects, operation, resource, path, obj, old, N1)


@pytest.mark.parametrize(
    ("operation", "resource", "path", "obj", "old", "why"),
    [
        ("CREATE", PODS, "ns/m", mirror(metadata={"annotations": {}}), None, "can only create mirror pods"),
        ("CREATE", PODS, "ns/m", mirror(nodeName="n2"), None, "spec.nodeName set to itself"),
        ("CREATE", PODS, "ns/m", mirror(metadata={"ownerReferences": []}), None, "an owner reference set to itself"),
        (
            "CREATE",
            PODS,
            "ns/m",
            mirror(volumes=[{"name": "v", "configMap": {"name": "c"}}]),
            None,
            "reference configmaps",
        ),
        ("CREATE", PODS, "ns/m", mirror(serviceAccountName="x"), None, "may not reference service accounts"),
        ("UPDATE", PODS, "ns/p", status("n1"), status("n1"), 'unexpected operation "UPDATE"'),
        ("DELETE", PODS, "ns/q", None, None, "can only delete pods"),
        ("CREATE", PODS, "ns/q/eviction", {}, None, "can only evict pods"),
        ("CREATE", PODS, "ns/p/binding", {}, None, "unexpected pod subresource"),
        ("UPDATE", PODS, "ns/p/status", status("n2"), status("n2"), "can only update pod status"),
        ("UPDATE", PODS, "ns/p/status", status("n1", labels={"a": "b"}), status("n1"), "cannot update labels"),
        ("CREATE", NODES, "/n2", {"metadata": {"name": "n2"}}, None, 'not allowed to modify node "n2"'),
        (
            "CREATE",
            NODES,
            "/n1",
            node({"node-role.kubernetes.io/control-plane": "", "node-restriction.kubernetes.io/x": "y"}),
            None,
            "following labels: node-restriction.kubernetes.io/x, node-role.kubernetes.io/control-plane",
        ),
        ("UPDATE", NODES, "/n1", node({"a.k8s.io/b": "c"}), node({}), "modify labels: a.k8s.io/b"),
        ("UPDATE", NODES, "/n1", node({}, taints=[{"key": "x"}]), node({}), "not allowed to modify taints"),
        ("CREATE", LEASES, "ns/n1", {"metadata": {"name": "n1"}}, None, "can only access leases in"),
        ("CREATE", LEASES, "kube-node-lease/n2", {"metadata": {"name": "n2"}}, None, "with the same name"),
        ("CREATE", SERVICEACCOUNTS, "ns/default/token", {"spec": {}}, None, "token not bound to a pod"),
        ("CREATE", SERVICEACCOUNTS, "ns/default/token", token(uid=""), None, "without a uid"),
        ("CREATE", SERVICEACCOUNTS, "ns/default/token", token(uid="x"), None, "does not exist"),
        ("CREATE", SERVICEACCOUNTS, "ns/default/token", token("q", "u-q"), None, "scheduled on a different node"),
        ("CREATE", SERVICEACCOUNTS, "ns/default/token", token(audiences=["x"]), None, 'audience "x" not found'),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_a_node_may_not(
    objects: Objects,
    operation: str,
    resource: Resource,
    path: str,
    obj: dict[str, Any] | None,
    old: dict[str, Any] | None,
    why: str,
) -> None:
    with pytest.raises(ApiError) as caught:
        admit(objects, operation, resource, path, obj, old, N1)
    assert why in caught.value.message
    assert caught.value.http_code == 403


@pytest.mark.parametrize(
    ("resource", "path", "finalizer"),
    [
        (PERSISTENTVOLUMES, "/v", "kubernetes.io/pv-protection"),
        (PERSISTENTVOLUMECLAIMS, "ns/c", "kubernetes.io/pvc-protection"),
        (VOLUMEATTRIBUTESCLASSES, "/a", "kubernetes.io/vac-protection"),
    ],
    ids=["volume", "claim", "class"],
)
def test_what_holds_data_is_protected_from_the_start(
    objects: Objects, resource: Resource, path: str, finalizer: str
) -> None:
    made: dict[str, Any] = {"metadata": {"name": path.split("/")[1], "finalizers": ["mine"]}, "spec": {}}
    admit(objects, "CREATE", resource, path, made)
    admit(objects, "CREATE", resource, path, made)
    assert made["metadata"]["finalizers"] == ["mine", finalizer]

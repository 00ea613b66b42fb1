"""What a node may write: itself, the status of its pods, its lease, tokens for its pods; and none of it freely.

The Node authorizer says which objects a node may touch; here is looked at *what* it writes. A stolen node identity must
not be able to take pods, labels or tokens that belong elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wherry.api import Obj
from wherry.api.coordination.lease import LEASES
from wherry.api.core.node import NODES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.resource import Resource
from wherry.api.storage.csinode import CSINODES
from wherry.apiserver.admission.refusing import forbidden
from wherry.apiserver.attributes import Admission, Reader
from wherry.apiserver.authz.podreferences import pod_references
from wherry.identity.profiles import NODE_PREFIX
from wherry.identity.profiles import NODES as NODES_GROUP

_MIRROR = "kubernetes.io/config.mirror"
_LEASE_NAMESPACE = "kube-node-lease"
_KUBELET_LABELS = frozenset(
    {
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "node.kubernetes.io/windows-build",
    }
)
_KUBELET_NAMESPACES = ("kubelet.kubernetes.io", "node.kubernetes.io")
_RESERVED_NAMESPACES = ("kubernetes.io", "k8s.io")


def node_restriction(admission: Admission, reader: Reader) -> None:
    user = admission.user
    if NODES_GROUP not in user.groups or not user.name.startswith(NODE_PREFIX):
        return
    check = _CHECKS.get(admission.resource)
    if check is not None:
        check(admission, reader, user.name[len(NODE_PREFIX) :])


def _pod(admission: Admission, reader: Reader, node: str) -> None:
    match admission.subresource, admission.operation:
        case "", "CREATE":
            _create_pod(admission, reader, node)
        case "", "DELETE":
            if _node_of(admission, reader) not in (None, node):
                raise forbidden(admission, f'node "{node}" can only delete pods with spec.nodeName set to itself')
        case "", operation:
            why = f'unexpected operation "{operation}", node "{node}" can only create and delete mirror pods'
            raise forbidden(admission, why)
        case "status", _:
            _pod_status(admission, node)
        case "eviction", _:
            if _node_of(admission, reader) not in (None, node):
                raise forbidden(admission, f"node {node} can only evict pods with spec.nodeName set to itself")
        case subresource, _:
            why = f"unexpected pod subresource \"{subresource}\", only 'status' and 'eviction' are allowed"
            raise forbidden(admission, why)


def _create_pod(admission: Admission, reader: Reader, node: str) -> None:
    pod = admission.obj or {}
    metadata, spec = pod["metadata"], pod["spec"]
    if _MIRROR not in (metadata.get("annotations") or {}):
        why = f'pod does not have "{_MIRROR}" annotation, node "{node}" can only create mirror pods'
        raise forbidden(admission, why)
    if spec.get("nodeName") != node:
        raise forbidden(admission, f'node "{node}" can only create pods with spec.nodeName set to itself')
    _check_owner(admission, reader, node, metadata.get("ownerReferences") or [])
    bare = {**pod, "metadata": {"name": "", "namespace": "", **metadata, "annotations": {}}}
    for reference in pod_references(bare):
        why = f'node "{node}" can not create pods that reference {reference.resource}'
        raise forbidden(admission, why)


def _check_owner(admission: Admission, reader: Reader, node: str, owners: list[Obj]) -> None:
    item = reader.get(NODES, "", node)
    uid = item.decode()["metadata"]["uid"] if item else None
    mine = {"apiVersion": "v1", "kind": "Node", "name": node, "uid": uid}
    if len(owners) != 1 or any(owners[0].get(key) != value for key, value in mine.items()):
        raise forbidden(admission, f'node "{node}" can only create pods with an owner reference set to itself')
    if not owners[0].get("controller"):
        why = f'node "{node}" can only create pods with a controller owner reference set to itself'
        raise forbidden(admission, why)
    if owners[0].get("blockOwnerDeletion"):
        raise forbidden(admission, f'node "{node}" must not set blockOwnerDeletion on an owner reference')


def _pod_status(admission: Admission, node: str) -> None:
    new, old = admission.obj or {}, admission.old or {}
    if (old.get("spec") or {}).get("nodeName") != node:
        why = "can only update pod status for pods with spec.nodeName set to itself"
        raise forbidden(admission, f'node "{node}" {why}')
    if (new["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {}):
        raise forbidden(admission, f'node "{node}" cannot update labels through pod status')
    key = "resourceClaimStatuses"
    if ((new.get("status") or {}).get(key) or []) != ((old.get("status") or {}).get(key) or []):
        raise forbidden(admission, f'node "{node}" cannot update resource claim statuses')


def _node_of(admission: Admission, reader: Reader) -> str | None:
    """Where the pod in question runs; None when it is gone, which the verb itself will say."""
    pod = admission.old
    if pod is None:
        item = reader.get(PODS, admission.namespace, admission.name)
        pod = item.decode() if item else None
    return str(pod["spec"].get("nodeName") or "") if pod else None


def _node(admission: Admission, _: Reader, node: str) -> None:
    new, old = admission.obj, admission.old
    name = admission.name or ((new or {}).get("metadata") or {}).get("name", "")
    if new is not None and admission.operation == "CREATE":
        labels = _forbidden_labels(_labels(new))
        if labels:
            why = f'node "{node}" is not allowed to set the following labels: {", ".join(labels)}'
            raise forbidden(admission, why)
    if name != node:
        raise forbidden(admission, f'node "{node}" is not allowed to modify node "{name}"')
    if new is None or old is None or admission.operation != "UPDATE":
        return
    changed = [key for key, _ in set(_labels(new).items()) ^ set(_labels(old).items())]
    labels = _forbidden_labels(changed)
    if labels:
        raise forbidden(admission, f"is not allowed to modify labels: {', '.join(labels)}")
    if ((new.get("spec") or {}).get("taints") or []) != ((old.get("spec") or {}).get("taints") or []):
        raise forbidden(admission, f'node "{node}" is not allowed to modify taints')
    if (new["metadata"].get("ownerReferences") or []) != (old["metadata"].get("ownerReferences") or []):
        raise forbidden(admission, f'node "{node}" is not allowed to modify ownerReferences')


def _labels(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def _forbidden_labels(keys: Iterable[str]) -> list[str]:
    """Those in Kubernetes' own namespaces that a kubelet has no business with; roles, above all."""
    return sorted({key for key in keys if _is_reserved(key) and not _is_kubelets(key)})


def _is_reserved(key: str) -> bool:
    return _is_within(key.partition("/")[0] if "/" in key else "", _RESERVED_NAMESPACES)


def _is_kubelets(key: str) -> bool:
    return key in _KUBELET_LABELS or _is_within(key.partition("/")[0], _KUBELET_NAMESPACES)


def _is_within(domain: str, parents: tuple[str, ...]) -> bool:
    return any(domain == parent or domain.endswith("." + parent) for parent in parents)


def _lease(admission: Admission, _: Reader, node: str) -> None:
    if admission.namespace != _LEASE_NAMESPACE:
        raise forbidden(admission, f'can only access leases in the "{_LEASE_NAMESPACE}" system namespace')
    if _own_name(admission) != node:
        raise forbidden(admission, "can only access node lease with the same name as the requesting node")


def _csi_node(admission: Admission, _: Reader, node: str) -> None:
    if _own_name(admission) != node:
        raise forbidden(admission, "can only access CSINode with the same name as the requesting node")


def _own_name(admission: Admission) -> str:
    metadata = (admission.obj or {}).get("metadata") or {}
    return admission.name or str(metadata.get("name") or "")


def _claim(admission: Admission, _: Reader, node: str) -> None:
    if admission.subresource != "status":
        raise forbidden(admission, "may only update PVC status")
    new, old = admission.obj or {}, admission.old or {}
    for key in ("capacity", "conditions", "allocatedResources", "allocatedResourceStatuses"):
        new = {**new, "status": {**(new.get("status") or {}), key: None}}
        old = {**old, "status": {**(old.get("status") or {}), key: None}}
    ignored = {"resourceVersion", "managedFields"}
    stripped = [
        {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key not in ignored}}
        for obj in (new, old)
    ]
    if stripped[0] != stripped[1]:
        why = f'node "{node}" may not update fields other than status.quantity and status.conditions'
        raise forbidden(admission, why)


def _account(admission: Admission, reader: Reader, node: str) -> None:
    """Tokens only for pods that run here, and only for whom these pods ask."""
    if admission.subresource != "token" or admission.obj is None:
        return
    spec = admission.obj.get("spec") or {}
    bound = spec.get("boundObjectRef") or {}
    if bound.get("apiVersion") != "v1" or bound.get("kind") != "Pod" or not bound.get("name"):
        raise forbidden(admission, "node requested token not bound to a pod")
    if not bound.get("uid"):
        raise forbidden(admission, "node requested token with a pod binding without a uid")
    item = reader.get(PODS, admission.namespace, bound["name"])
    pod = item.decode() if item else None
    if pod is None or pod["metadata"]["uid"] != bound["uid"]:
        raise forbidden(admission, "node requested token bound to a pod that does not exist")
    if pod["spec"].get("nodeName") != node:
        raise forbidden(admission, "node requested token bound to a pod scheduled on a different node")
    asked = _audiences(pod)
    for audience in spec.get("audiences") or ():
        if audience and audience not in asked:
            raise forbidden(admission, f'audience "{audience}" not found in pod spec volume')


def _audiences(pod: Obj) -> set[str]:
    """For whom the pod's projected volumes want tokens."""
    return {
        source["serviceAccountToken"].get("audience") or ""
        for volume in pod["spec"].get("volumes") or ()
        for source in (volume.get("projected") or {}).get("sources") or ()
        if "serviceAccountToken" in source
    }


_CHECKS: dict[Resource, Callable[[Admission, Reader, str], None]] = {
    PODS: _pod,
    NODES: _node,
    LEASES: _lease,
    CSINODES: _csi_node,
    PERSISTENTVOLUMECLAIMS: _claim,
    SERVICEACCOUNTS: _account,
}

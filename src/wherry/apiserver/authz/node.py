"""A node reaches itself, and what the pods that run on it refer to; nothing of its neighbours.

Which secrets, config maps, claims and accounts a node may see follows from the pods bound to it. A pod's references
cannot change once it is bound (ephemeral containers apart), so each pod is looked at once, when a node first asks after
the pod appeared: a write of a pod costs a set insertion here, a status update nothing at all.
"""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.storage.volumeattachment import VOLUMEATTACHMENTS
from wherry.apiserver.attributes import Attributes, Decision, Reader
from wherry.apiserver.authz.noderules import NODE_RULES
from wherry.apiserver.authz.podreferences import Referenced, pod_references, volume_secrets
from wherry.identity.profiles import NODE_PREFIX, NODES
from wherry.watchcache.item import Item

ALLOWED = Decision(True)
NO_OPINION = Decision(False)
_READS = frozenset({"get", "list", "watch"})
_LEASE_NAMESPACE = "kube-node-lease"
_OWN_OBJECT_VERBS = frozenset({"get", "create", "update", "patch", "delete"})

_PodKey = tuple[str, str]


class NodeAuthorizer:
    """Decides for users in `system:nodes`; has no opinion of anybody else."""

    __slots__ = ("_nodes", "_pending", "_pods", "_reader")

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._pods: dict[_PodKey, tuple[str, frozenset[Referenced]]] = {}
        self._nodes: dict[str, dict[Referenced, int]] = {}
        self._pending: set[_PodKey] = {(item.namespace, item.name) for item in reader.list(PODS)}
        reader.observe(PODS, self._pod_changed)

    def authorize(self, attributes: Attributes) -> Decision:
        user = attributes.user
        if NODES not in user.groups or not user.name.startswith(NODE_PREFIX):
            return NO_OPINION
        node = user.name[len(NODE_PREFIX) :]
        if not node:
            return Decision(False, f'unknown node for user "{user.name}"')
        if attributes.resource:
            special = _SPECIAL.get((attributes.group, attributes.resource))
            if special is not None:
                return special(self, node, attributes)
        return _by_rules(attributes)

    def refers(self, node: str, referenced: Referenced) -> bool:
        """Whether a pod on `node` refers to this object."""
        self._settle()
        return referenced in self._nodes.get(node, ())

    def runs(self, node: str, namespace: str, name: str) -> bool:
        """Whether this pod is bound to `node`."""
        self._settle()
        return (namespace, name) in self._pods and self._pods[namespace, name][0] == node

    def claims(self, node: str) -> list[Referenced]:
        """The volume claims that pods on `node` use."""
        self._settle()
        return [one for one in self._nodes.get(node, ()) if one.resource == "persistentvolumeclaims"]

    def _pod_changed(self, before: Item | None, after: Item | None) -> None:
        if after is None:
            if before is not None:
                self._pending.discard((before.namespace, before.name))
                self._drop((before.namespace, before.name))
            return
        key = (after.namespace, after.name)
        if key not in self._pods or b'"ephemeralContainers":[' in after.data:
            self._pending.add(key)

    def _settle(self) -> None:
        """Look at the pods that have appeared since a node last asked."""
        for key in self._pending:
            item = self._reader.get(PODS, *key)
            if item is not None:
                self._add(key, item.decode())
        self._pending.clear()

    def _add(self, key: _PodKey, pod: Obj) -> None:
        node = pod["spec"].get("nodeName")
        if not node:
            return
        self._drop(key)
        references = frozenset(pod_references(pod))
        self._pods[key] = (node, references)
        counts = self._nodes.setdefault(node, {})
        for reference in references:
            counts[reference] = counts.get(reference, 0) + 1

    def _drop(self, key: _PodKey) -> None:
        node, references = self._pods.pop(key, ("", frozenset()))
        counts = self._nodes.get(node, {})
        for reference in references:
            counts[reference] -= 1
            if not counts[reference]:
                del counts[reference]
        if node and not counts:
            self._nodes.pop(node, None)

    def _read_referenced(self, node: str, attributes: Attributes) -> Decision:
        """Secrets and config maps: get, list and watch of one named object."""
        if attributes.verb not in _READS:
            return Decision(False, "can only read resources of this type")
        if attributes.subresource:
            return Decision(False, "cannot read subresource")
        if not attributes.namespace:
            return Decision(False, "can only read namespaced object of this type")
        return self._related(node, attributes)

    def _get_referenced(self, node: str, attributes: Attributes) -> Decision:
        if attributes.verb != "get":
            return Decision(False, "can only get individual resources of this type")
        if attributes.subresource:
            return Decision(False, "cannot get subresource")
        return self._related(node, attributes)

    def _claim(self, node: str, attributes: Attributes) -> Decision:
        if attributes.subresource != "status":
            return self._get_referenced(node, attributes)
        if attributes.verb not in ("get", "update", "patch"):
            return Decision(False, "can only get/update/patch this type")
        return self._related(node, attributes)

    def _account(self, node: str, attributes: Attributes) -> Decision:
        if attributes.subresource != "token":
            return self._get_referenced(node, attributes)
        if attributes.verb != "create" or not attributes.name:
            return Decision(False, "can only create tokens for individual service accounts")
        return self._related(node, attributes)

    def _related(self, node: str, attributes: Attributes) -> Decision:
        if not attributes.name:
            return Decision(False, "No Object name found")
        wanted = Referenced(attributes.resource, attributes.namespace, attributes.name)
        if self.refers(node, wanted) or self._reaches_by_volume(node, wanted):
            return ALLOWED
        return Decision(False, f"no relationship found between node '{node}' and this object")

    def _reaches_by_volume(self, node: str, wanted: Referenced) -> bool:
        """Volumes that a claim of the node's pods is bound to, the secrets of these, and attachments to the node."""
        if wanted.resource == "volumeattachments":
            item = self._reader.get(VOLUMEATTACHMENTS, "", wanted.name)
            return item is not None and item.decode()["spec"].get("nodeName") == node
        if wanted.resource not in ("persistentvolumes", "secrets"):
            return False
        for claim in self.claims(node):
            item = self._reader.get(PERSISTENTVOLUMECLAIMS, claim.namespace, claim.name)
            volume_name = item.decode()["spec"].get("volumeName") if item else None
            if not volume_name:
                continue
            if wanted.resource == "persistentvolumes":
                if volume_name == wanted.name:
                    return True
                continue
            volume = self._reader.get(PERSISTENTVOLUMES, "", volume_name)
            if volume is not None and wanted in volume_secrets(volume.decode(), claim.namespace):
                return True
        return False

    def _lease(self, node: str, attributes: Attributes) -> Decision:
        if attributes.verb not in _OWN_OBJECT_VERBS:
            return Decision(False, "can only get, create, update, patch, or delete a node lease")
        if attributes.namespace != _LEASE_NAMESPACE:
            return Decision(False, f'can only access leases in the "{_LEASE_NAMESPACE}" system namespace')
        if attributes.verb != "create" and attributes.name != node:
            return Decision(False, "can only access node lease with the same name as the requesting node")
        return ALLOWED

    def _csi_node(self, node: str, attributes: Attributes) -> Decision:
        if attributes.verb not in _OWN_OBJECT_VERBS:
            return Decision(False, "can only get, create, update, patch, or delete a CSINode")
        if attributes.subresource:
            return Decision(False, "cannot authorize CSINode subresources")
        if attributes.verb != "create" and attributes.name != node:
            return Decision(False, "can only access CSINode with the same name as the requesting node")
        return ALLOWED

    def _node(self, node: str, attributes: Attributes) -> Decision:
        """Its own Node, and reading no other; creation and updates are narrowed further by NodeRestriction."""
        if attributes.verb in _READS and not attributes.subresource:
            if attributes.name == node:
                return ALLOWED
            if not attributes.name:
                return Decision(False, f"node '{node}' cannot read all nodes, only its own Node object")
            return Decision(False, f"node '{node}' cannot read '{attributes.name}', only its own Node object")
        return _by_rules(attributes)

    def _pod(self, node: str, attributes: Attributes) -> Decision:
        if attributes.verb == "get" and not attributes.subresource:
            if self.runs(node, attributes.namespace, attributes.name):
                return ALLOWED
            return Decision(False, f"no relationship found between node '{node}' and this object")
        if attributes.verb in ("list", "watch") and not _selects_node(attributes.field_selector, node):
            return Decision(False, "can only list/watch pods with spec.nodeName field selector")
        return _by_rules(attributes)


def _selects_node(selector: str | None, node: str) -> bool:
    """Whether a selector keeps to the pods of this node; one that is not known is given the benefit of the doubt."""
    wanted = (f"spec.nodeName={node}", f"spec.nodeName=={node}")
    return selector is None or any(term.strip() in wanted for term in selector.split(","))


def _by_rules(attributes: Attributes) -> Decision:
    """What the role `system:node` says, whoever may have changed that role."""
    for rule in NODE_RULES:
        if rule.covers_verb(attributes.verb):
            if not attributes.resource:
                if rule.covers_path(attributes.path):
                    return ALLOWED
            elif rule.covers_resource(attributes.group, attributes.resource, attributes.subresource):
                return ALLOWED
    return NO_OPINION


_SPECIAL = {
    ("", "secrets"): NodeAuthorizer._read_referenced,
    ("", "configmaps"): NodeAuthorizer._read_referenced,
    ("", "persistentvolumeclaims"): NodeAuthorizer._claim,
    ("", "persistentvolumes"): NodeAuthorizer._get_referenced,
    ("", "serviceaccounts"): NodeAuthorizer._account,
    ("", "nodes"): NodeAuthorizer._node,
    ("", "pods"): NodeAuthorizer._pod,
    ("resource.k8s.io", "resourceclaims"): NodeAuthorizer._get_referenced,
    ("storage.k8s.io", "volumeattachments"): NodeAuthorizer._get_referenced,
    ("storage.k8s.io", "csinodes"): NodeAuthorizer._csi_node,
    ("coordination.k8s.io", "leases"): NodeAuthorizer._lease,
}

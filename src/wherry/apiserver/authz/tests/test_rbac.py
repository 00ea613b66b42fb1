"""Decisions by roles and bindings, and how they follow changes."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.rbac.clusterrole import CLUSTERROLES
from wherry.api.rbac.clusterrolebinding import CLUSTERROLEBINDINGS
from wherry.api.rbac.role import ROLES
from wherry.api.rbac.rolebinding import ROLEBINDINGS
from wherry.apiserver.attributes import Attributes, User
from wherry.apiserver.authz.rbac import Rbac
from wherry.testing.objects import Objects

ALICE = User("alice", ("dev", "system:authenticated"))
ACCOUNT = User("system:serviceaccount:ns:sa", ("system:serviceaccounts", "system:authenticated"))


def rule(verbs: list[str], resources: list[str], groups: tuple[str, ...] = ("",), **more: Any) -> dict[str, Any]:
    return {"verbs": verbs, "apiGroups": list(groups), "resources": resources, **more}


def binding(
    name: str, role: str, *subjects: dict[str, str], namespace: str = "", kind: str = "ClusterRole"
) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"metadata": metadata, "roleRef": {"kind": kind, "name": role}, "subjects": list(subjects)}


def user(name: str) -> dict[str, str]:
    return {"kind": "User", "name": name}


@pytest.fixture
def objects() -> Objects:
    objects = Objects()
    objects.put(CLUSTERROLES, {"metadata": {"name": "reader"}, "rules": [rule(["get", "list"], ["pods"])]})
    objects.put(
        CLUSTERROLES, {"metadata": {"name": "paths"}, "rules": [{"verbs": ["get"], "nonResourceURLs": ["/logs/*"]}]}
    )
    objects.put(
        ROLES,
        {"metadata": {"name": "one", "namespace": "ns"}, "rules": [rule(["get"], ["secrets"], resourceNames=["a"])]},
    )
    return objects


def ask(rbac: Rbac, who: User, verb: str, resource: str, namespace: str = "", name: str = "") -> bool:
    resource, _, subresource = resource.partition("/")
    return rbac.authorize(Attributes(who, verb, "", "v1", resource, subresource, namespace, name)).allowed


def test_nothing_is_allowed_without_a_binding(objects: Objects) -> None:
    assert not ask(Rbac(objects), ALICE, "get", "pods", "ns")


@pytest.mark.parametrize("subject", [user("alice"), {"kind": "Group", "name": "dev"}], ids=["user", "group"])
def test_a_cluster_role_binding_holds_everywhere(objects: Objects, subject: dict[str, str]) -> None:
    objects.put(CLUSTERROLEBINDINGS, binding("b", "reader", subject))
    rbac = Rbac(objects)
    assert ask(rbac, ALICE, "get", "pods", "ns", "p") and ask(rbac, ALICE, "list", "pods")
    assert not ask(rbac, ALICE, "delete", "pods", "ns", "p")
    assert not ask(rbac, ALICE, "get", "pods/log", "ns", "p")
    assert not ask(rbac, ACCOUNT, "get", "pods", "ns", "p")


def test_a_role_binding_holds_in_its_namespace(objects: Objects) -> None:
    objects.put(ROLEBINDINGS, binding("b", "reader", user("alice"), namespace="ns"))
    rbac = Rbac(objects)
    assert ask(rbac, ALICE, "get", "pods", "ns")
    assert not ask(rbac, ALICE, "get", "pods", "other")
    assert not ask(rbac, ALICE, "list", "pods")


def test_names_are_told_apart(objects: Objects) -> None:
    objects.put(
        ROLEBINDINGS, binding("b", "one", {"kind": "ServiceAccount", "name": "sa"}, namespace="ns", kind="Role")
    )
    rbac = Rbac(objects)
    for _ in range(2):
        assert ask(rbac, ACCOUNT, "get", "secrets", "ns", "a")
        assert not ask(rbac, ACCOUNT, "get", "secrets", "ns", "b")
        assert not ask(rbac, ACCOUNT, "get", "secrets", "ns")


def test_paths(objects: Objects) -> None:
    objects.put(CLUSTERROLEBINDINGS, binding("b", "paths", user("alice")))
    objects.put(ROLEBINDINGS, binding("b", "paths", user("bob"), namespace="ns"))
    rbac = Rbac(objects)
    assert rbac.authorize(Attributes(ALICE, "get", path="/logs/x")).allowed
    assert not rbac.authorize(Attributes(ALICE, "get", path="/metrics")).allowed
    assert not rbac.authorize(Attributes(User("bob"), "get", path="/logs/x")).allowed


def test_the_reason_names_the_binding(objects: Objects) -> None:
    objects.put(CLUSTERROLEBINDINGS, binding("b", "reader", {"kind": "Group", "name": "dev"}))
    objects.put(
        ROLEBINDINGS, binding("c", "one", {"kind": "ServiceAccount", "name": "sa"}, namespace="ns", kind="Role")
    )
    rbac = Rbac(objects)
    decision = rbac.authorize(Attributes(ALICE, "get", "", "v1", "pods"))
    assert decision.reason == 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to Group "dev"'
    decision = rbac.authorize(Attributes(ACCOUNT, "get", "", "v1", "secrets", "", "ns", "a"))
    assert decision.reason == 'RBAC: allowed by RoleBinding "c/ns" of Role "one" to ServiceAccount "sa/ns"'


def test_decisions_follow_every_change(objects: Objects) -> None:
    rbac = Rbac(objects)
    assert not ask(rbac, ALICE, "get", "pods")
    objects.put(CLUSTERROLEBINDINGS, binding("b", "reader", user("alice")))
    assert ask(rbac, ALICE, "get", "pods")
    objects.put(CLUSTERROLES, {"metadata": {"name": "reader"}, "rules": []})
    assert not ask(rbac, ALICE, "get", "pods")
    objects.put(CLUSTERROLES, {"metadata": {"name": "reader"}, "rules": [rule(["*"], ["*"], ("*",))]})
    assert ask(rbac, ALICE, "get", "pods/exec")
    objects.put(CLUSTERROLEBINDINGS, binding("b", "reader", user("bob")))
    assert not ask(rbac, ALICE, "get", "pods")
    objects.put(CLUSTERROLEBINDINGS, binding("b", "reader", user("alice")))
    objects.drop(CLUSTERROLEBINDINGS, "", "b")
    assert not ask(rbac, ALICE, "get", "pods")


def test_a_missing_role_is_said(objects: Objects) -> None:
    objects.put(CLUSTERROLEBINDINGS, binding("b", "gone", user("alice")))
    decision = Rbac(objects).authorize(Attributes(ALICE, "list", "", "v1", "pods", "", "default"))
    assert decision.reason == 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found'

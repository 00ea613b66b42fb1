"""Nobody grants what they do not have."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.errors import Forbidden, NotFound
from wherry.api.rbac.clusterrole import CLUSTERROLES
from wherry.api.rbac.clusterrolebinding import CLUSTERROLEBINDINGS
from wherry.api.rbac.role import ROLES
from wherry.api.rbac.rolebinding import ROLEBINDINGS
from wherry.api.resource import Resource
from wherry.apiserver.attributes import Admission, User
from wherry.apiserver.authz.chain import Authorization
from wherry.apiserver.authz.escalation import no_escalation
from wherry.testing.objects import Objects

ALICE = User("alice", ("system:authenticated",))


def rule(verbs: str, resources: str, group: str = "") -> dict[str, Any]:
    return {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}


def role(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns"}, "rules": list(rules)}


def binding(name: str, role: str, kind: str = "ClusterRole") -> dict[str, Any]:
    subjects = [{"kind": "User", "name": "alice"}]
    return {
        "metadata": {"name": name, "namespace": "ns"},
        "roleRef": {"kind": kind, "name": role},
        "subjects": subjects,
    }


def check(objects: Objects, resource: Resource, obj: dict[str, Any], user: User = ALICE, old: Any = None) -> None:
    operation = "UPDATE" if old else "CREATE"
    admission = Admission(user, operation, resource, "", "ns", obj["metadata"]["name"], obj, old, False, lambda _: None)
    no_escalation(Authorization(objects))(admission, objects)


@pytest.fixture
def objects() -> Objects:
    """Alice reads pods in `ns`."""
    objects = Objects()
    objects.put(CLUSTERROLES, role("reader", rule("get list", "pods")))
    objects.put(CLUSTERROLES, role("root", rule("*", "*", "*")))
    objects.put(CLUSTERROLES, role("granter", rule("bind escalate", "roles clusterroles", "rbac.authorization.k8s.io")))
    objects.put(ROLEBINDINGS, binding("b", "reader"))
    return objects


def test_what_one_has_can_be_granted(objects: Objects) -> None:
    check(objects, ROLES, role("r", rule("get", "pods")))
    check(objects, ROLEBINDINGS, binding("c", "reader"))


def test_more_is_refused_in_upstreams_words(objects: Objects) -> None:
    with pytest.raises(Forbidden) as caught:
        check(objects, ROLES, role("r", rule("get delete", "pods")))
    assert caught.value.message == (
        'roles.rbac.authorization.k8s.io "r" is forbidden: '
        'user "alice" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}'
    )


def test_binding_more_is_refused(objects: Objects) -> None:
    with pytest.raises(Forbidden, match="not currently held"):
        check(objects, ROLEBINDINGS, binding("c", "root"))
    with pytest.raises(NotFound):
        check(objects, ROLEBINDINGS, binding("c", "gone"))


def test_rights_in_a_namespace_are_no_rights_everywhere(objects: Objects) -> None:
    admission = Admission(
        ALICE, "CREATE", CLUSTERROLES, "", "", "r", role("r", rule("get", "pods")), None, False, lambda _: None
    )
    with pytest.raises(Forbidden):
        no_escalation(Authorization(objects))(admission, objects)


def test_the_verbs_bind_and_escalate_allow_it(objects: Objects) -> None:
    objects.put(CLUSTERROLEBINDINGS, {**binding("g", "granter"), "metadata": {"name": "g"}})
    check(objects, ROLES, role("r", rule("*", "*", "*")))
    check(objects, ROLEBINDINGS, binding("c", "root"))


def test_superusers_grant_anything(objects: Objects) -> None:
    check(objects, CLUSTERROLES, role("r", rule("*", "*", "*")), User("root", ("system:masters",)))


def test_a_change_of_labels_is_no_grant(objects: Objects) -> None:
    old = role("r", rule("*", "*", "*"))
    check(objects, ROLES, {**old, "metadata": {**old["metadata"], "labels": {"a": "b"}}}, old=old)


def test_aggregation_is_for_those_who_have_everything(objects: Objects) -> None:
    aggregated = {**role("r"), "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}
    with pytest.raises(Forbidden, match="must have cluster-admin privileges to use the aggregationRule"):
        check(objects, CLUSTERROLES, aggregated)

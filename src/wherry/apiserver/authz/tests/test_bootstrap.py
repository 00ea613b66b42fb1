"""The default policy is whole, and is restored without taking anything away."""

from __future__ import annotations

import time
from typing import Any

import pytest

from wherry.api.rbac.clusterrole import CLUSTERROLES
from wherry.api.rbac.clusterrolebinding import CLUSTERROLEBINDINGS
from wherry.api.rbac.role import ROLES
from wherry.api.rbac.rolebinding import ROLEBINDINGS
from wherry.apiserver.attributes import Attributes, User
from wherry.apiserver.authz.bootstrap import AUTOUPDATE, default_objects, plan_bootstrap
from wherry.apiserver.authz.chain import Authorization
from wherry.testing.objects import Objects


def fresh() -> Objects:
    objects = Objects()
    for step in plan_bootstrap(objects):
        assert step.verb == "create"
        objects.put(step.resource, step.obj)
    return objects


def stored(objects: Objects, resource: Any, name: str) -> dict[str, Any]:
    item = objects.get(resource, "", name)
    assert item is not None
    return item.decode()


def test_the_second_start_has_nothing_to_do() -> None:
    assert plan_bootstrap(fresh()) == []


def test_making_the_policy_is_cheap() -> None:
    started = time.process_time()
    assert len(list(default_objects())) > 100
    assert time.process_time() - started < 0.1


def test_every_binding_names_a_role_that_is_there() -> None:
    objects = fresh()
    for resource in (CLUSTERROLEBINDINGS, ROLEBINDINGS):
        for item in objects.list(resource):
            ref = item.decode()["roleRef"]
            role = CLUSTERROLES if ref["kind"] == "ClusterRole" else ROLES
            assert objects.get(role, "" if role is CLUSTERROLES else item.namespace, ref["name"]), item


def test_a_role_reads_as_upstream_writes_it() -> None:
    role = stored(fresh(), CLUSTERROLES, "system:kube-dns")
    del role["metadata"]["resourceVersion"]
    assert role == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {
            "name": "system:kube-dns",
            "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
            "annotations": {AUTOUPDATE: "true"},
        },
        "rules": [{"apiGroups": [""], "resources": ["endpoints", "services"], "verbs": ["list", "watch"]}],
    }


def test_admin_edit_and_view_are_made_of_their_parts() -> None:
    objects = fresh()
    sizes = [len(stored(objects, CLUSTERROLES, name)["rules"]) for name in ("view", "edit", "admin")]
    assert sizes == sorted(sizes) and sizes[0] > 10 and len(set(sizes)) == 3


def test_what_was_taken_away_comes_back_and_what_was_added_stays() -> None:
    objects = fresh()
    role = stored(objects, CLUSTERROLES, "system:kube-dns")
    extra = {"apiGroups": ["acme"], "resources": ["zones"], "verbs": ["get"]}
    objects.put(CLUSTERROLES, {**role, "rules": [extra]})
    binding = stored(objects, CLUSTERROLEBINDINGS, "system:discovery")
    mine = {"kind": "User", "name": "me", "apiGroup": "rbac.authorization.k8s.io"}
    objects.put(CLUSTERROLEBINDINGS, {**binding, "subjects": [mine]})
    steps = plan_bootstrap(objects)
    assert [(step.verb, step.obj["metadata"]["name"]) for step in steps] == [
        ("update", "system:kube-dns"),
        ("update", "system:discovery"),
    ]
    assert steps[0].obj["rules"] == [extra, *role["rules"]]
    assert steps[1].obj["subjects"] == [mine, *binding["subjects"]]


def test_the_annotation_keeps_us_out() -> None:
    objects = fresh()
    role = stored(objects, CLUSTERROLES, "system:kube-dns")
    role["metadata"]["annotations"][AUTOUPDATE] = "false"
    objects.put(CLUSTERROLES, {**role, "rules": []})
    assert plan_bootstrap(objects) == []


def test_a_binding_to_another_role_is_replaced() -> None:
    objects = fresh()
    binding = stored(objects, CLUSTERROLEBINDINGS, "system:discovery")
    objects.put(CLUSTERROLEBINDINGS, {**binding, "roleRef": {**binding["roleRef"], "name": "cluster-admin"}})
    assert [(step.verb, step.obj["roleRef"]["name"]) for step in plan_bootstrap(objects)] == [
        ("replace", "system:discovery")
    ]


@pytest.mark.parametrize(
    ("user", "attributes", "expected"),
    [
        (User("root", ("system:masters",)), ("delete", "", "nodes", "", "n"), True),
        (User("any"), ("create", "authorization.k8s.io", "selfsubjectaccessreviews", "", ""), True),
        (User("any"), ("list", "", "pods", "default", ""), False),
        (User("system:kube-scheduler"), ("create", "", "bindings", "default", ""), True),
        (User("system:serviceaccount:kube-system:job-controller"), ("create", "", "pods", "default", ""), True),
        (User("system:serviceaccount:default:job-controller"), ("create", "", "pods", "default", ""), False),
        (
            User("j", ("system:bootstrappers",)),
            ("create", "certificates.k8s.io", "certificatesigningrequests", "", ""),
            True,
        ),
        (User("j", ("system:bootstrappers",)), ("list", "", "secrets", "kube-system", ""), False),
    ],
    ids=["root", "any may ask", "any may not list", "scheduler", "controller", "namesake", "joins", "joins only"],
)
def test_who_may_what(user: User, attributes: tuple[str, str, str, str, str], expected: bool) -> None:
    verb, group, resource, namespace, name = attributes
    decision = Authorization(fresh()).authorize(Attributes(user, verb, group, "v1", resource, "", namespace, name))
    assert decision.allowed is expected


@pytest.mark.parametrize(
    ("groups", "path", "expected"),
    [
        (("system:authenticated",), "/apis/apps/v1", True),
        (("system:authenticated",), "/metrics", False),
        (("system:unauthenticated",), "/version", True),
        (("system:unauthenticated",), "/apis", False),
        (("system:monitoring",), "/metrics", True),
        (("system:serviceaccounts",), "/openid/v1/jwks", True),
    ],
)
def test_who_may_go_where(groups: tuple[str, ...], path: str, expected: bool) -> None:
    assert Authorization(fresh()).authorize(Attributes(User("u", groups), "get", path=path)).allowed is expected

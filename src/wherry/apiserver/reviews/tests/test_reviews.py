"""Tokens and questions through a whole API server in memory, doors and admission included."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.apiserver.authz.bootstrap import plan_bootstrap, restore_policy
from wherry.apiserver.reviews.tests.world import World
from wherry.transport.messages import Peer, Request, Response

AUTHN, AUTHZ = "/apis/authentication.k8s.io/v1", "/apis/authorization.k8s.io/v1"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.api.open()
    await world.make("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    await world.make("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "other"}})
    yield world
    await world.api.close()


async def token(world: World, spec: Any = None, user: str = "root", name: str = "default") -> tuple[int, Any]:
    path = f"/api/v1/namespaces/default/serviceaccounts/{name}/token"
    return await world.ask("POST", path, {"spec": spec or {}}, user)


async def pod(world: World, name: str = "p") -> Any:
    spec = {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]}
    return await world.make("/api/v1/namespaces/default/pods", {"metadata": {"name": name}, "spec": spec})


async def test_a_token_is_its_service_account(world: World) -> None:
    status, answer = await token(world, {"expirationSeconds": 600})
    assert status == 201
    assert answer["kind"] == "TokenRequest" and answer["metadata"]["name"] == "default"
    assert answer["spec"] == {"audiences": [world.issuer.url], "expirationSeconds": 600}
    assert answer["status"]["expirationTimestamp"] == "2023-11-14T22:23:20Z"
    status, me = await world.ask("POST", f"{AUTHN}/selfsubjectreviews", {}, answer["status"]["token"])
    assert status == 201
    assert me["status"]["userInfo"]["username"] == "system:serviceaccount:default:default"


async def test_a_token_bound_to_a_pod_dies_with_it(world: World) -> None:
    made = await pod(world)
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": made["metadata"]["uid"]}
    _, answer = await token(world, {"boundObjectRef": reference})
    text = answer["status"]["token"]
    _, me = await world.ask("POST", f"{AUTHN}/selfsubjectreviews", {}, text)
    assert me["status"]["userInfo"]["extra"]["authentication.kubernetes.io/pod-name"] == ["p"]
    assert me["status"]["userInfo"]["extra"]["authentication.kubernetes.io/node-name"] == ["n1"]
    await world.ask("DELETE", "/api/v1/namespaces/default/pods/p", {"gracePeriodSeconds": 0})
    status, failure = await world.ask("POST", f"{AUTHN}/selfsubjectreviews", {}, text)
    assert (status, failure["message"], failure["reason"]) == (401, "Unauthorized", "Unauthorized")


POD = {"apiVersion": "v1", "kind": "Pod", "name": "p"}


@pytest.mark.parametrize(
    ("spec", "name", "code", "message"),
    [
        ({"expirationSeconds": 10}, "default", 422, "may not specify a duration less than 10 minutes"),
        ({"expirationSeconds": 1 << 33}, "default", 422, "may not specify a duration larger than 2^32 seconds"),
        ({}, "gone", 404, 'serviceaccounts "gone" not found'),
        ({"boundObjectRef": {**POD, "name": "q"}}, "default", 404, 'pods "q" not found'),
        ({"boundObjectRef": {**POD, "uid": "x"}}, "default", 409, "does not match the UID in record"),
        (
            {"boundObjectRef": {**POD, "kind": "Job"}},
            "default",
            400,
            "to object of type /v1, Kind=Job",
        ),
        ({"boundObjectRef": POD}, "other", 400, "to pod running with different serviceaccount name."),
    ],
    ids=["too short", "too long", "no account", "no pod", "another uid", "a job", "another account"],
)
async def test_tokens_that_are_not_given(world: World, spec: Any, name: str, code: int, message: str) -> None:
    await pod(world)
    status, failure = await token(world, spec, name=name)
    assert status == code
    assert message in failure["message"]


async def test_a_node_gets_tokens_of_its_pods_only(world: World) -> None:
    made = await pod(world)
    reference = {**POD, "uid": made["metadata"]["uid"]}
    status, answer = await token(world, {"boundObjectRef": reference}, "node")
    assert status == 201, answer
    assert (await token(world, {}, "node"))[0] == 403
    status, failure = await token(world, {}, "node", "other")
    assert status == 403
    assert "no relationship found between node 'n1' and this object" in failure["message"]


async def test_token_reviews(world: World) -> None:
    _, given = await token(world, {"audiences": ["vault", world.issuer.url]})

    async def review(text: str, **spec: Any) -> Any:
        status, answer = await world.ask("POST", f"{AUTHN}/tokenreviews", {"spec": {"token": text, **spec}})
        assert status == 201
        return answer["status"]

    status = await review(given["status"]["token"], audiences=["vault", "x"])
    assert status["authenticated"] is True and status["audiences"] == ["vault"]
    assert status["user"]["groups"] == [
        "system:serviceaccounts",
        "system:serviceaccounts:default",
        "system:authenticated",
    ]
    assert "authenticated" not in await review("nonsense")
    assert "invalid bearer token" in (await review(given["status"]["token"], audiences=["x"]))["error"]
    assert (await review("alice"))["user"]["username"] == "alice"
    code, failure = await world.ask("POST", f"{AUTHN}/tokenreviews", {"spec": {}})
    assert (code, failure["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("user", "attributes", "allowed"),
    [
        ("alice", {"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "default"}}, False),
        ("alice", {"nonResourceAttributes": {"verb": "get", "path": "/api/v1"}}, True),
        ("root", {"resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}}, True),
    ],
)
async def test_may_i(world: World, user: str, attributes: Any, allowed: bool) -> None:
    status, answer = await world.ask("POST", f"{AUTHZ}/selfsubjectaccessreviews", {"spec": attributes}, user)
    assert (status, answer["status"]["allowed"]) == (201, allowed)
    assert answer["spec"] == attributes


async def test_may_they(world: World) -> None:
    pods = {"verb": "get", "resource": "pods", "namespace": "default"}
    spec = {"user": "system:kube-scheduler", "resourceAttributes": pods}
    _, answer = await world.ask("POST", f"{AUTHZ}/subjectaccessreviews", {"spec": spec})
    assert answer["status"] == {
        "allowed": True,
        "reason": (
            'RBAC: allowed by ClusterRoleBinding "system:kube-scheduler" of ClusterRole "system:kube-scheduler" '
            'to User "system:kube-scheduler"'
        ),
    }
    local = f"{AUTHZ}/namespaces/default/localsubjectaccessreviews"
    _, answer = await world.ask("POST", local, {"spec": spec})
    assert answer["status"]["allowed"] is True
    other = {**spec, "resourceAttributes": {**pods, "namespace": "kube-system"}}
    code, failure = await world.ask("POST", local, {"spec": other})
    assert code == 422
    assert failure["details"]["causes"] == [
        {
            "reason": "FieldValueInvalid",
            "message": 'Invalid value: "kube-system": must match metadata.namespace',
            "field": "spec.resourceAttributes.namespace",
        }
    ]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"user": "a"}, "exactly one of nonResourceAttributes or resourceAttributes must be specified"),
        ({"resourceAttributes": {}}, "at least one of user or group must be specified"),
        ({"user": "a", "resourceAttributes": {}, "nonResourceAttributes": {}}, "cannot be specified in combination"),
    ],
)
async def test_questions_that_ask_nothing(world: World, spec: Any, message: str) -> None:
    status, failure = await world.ask("POST", f"{AUTHZ}/subjectaccessreviews", {"spec": spec})
    assert status == 422
    assert message in failure["message"]


async def test_what_may_i_do(world: World) -> None:
    url = f"{AUTHZ}/selfsubjectrulesreviews"
    _, answer = await world.ask("POST", url, {"spec": {"namespace": "default"}}, "alice")
    status = answer["status"]
    assert status["incomplete"] is False
    assert {
        "verbs": ["create"],
        "apiGroups": ["authentication.k8s.io"],
        "resources": ["selfsubjectreviews"],
    } in status["resourceRules"]
    assert any("/version" in rule["nonResourceURLs"] for rule in status["nonResourceRules"])
    code, failure = await world.ask("POST", url, {"spec": {}}, "alice")
    assert (code, failure["message"]) == (400, "no namespace on request")


async def test_a_user_may_act_as_another_only_if_allowed(world: World) -> None:
    url = f"{AUTHN}/selfsubjectreviews"
    _, me = await world.ask("POST", url, {}, "root", **{"impersonate-user": "bob", "impersonate-group": "dev"})
    assert me["status"]["userInfo"] == {"username": "bob", "groups": ["dev", "system:authenticated"]}
    code, failure = await world.ask("POST", url, {}, "alice", **{"impersonate-user": "bob"})
    why = 'User "alice" cannot impersonate resource "users" in API group "" at the cluster scope'
    assert (code, failure["message"]) == (403, f'users "bob" is forbidden: {why}')


async def test_refusals_and_grants_take_effect_at_once(world: World) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    code, failure = await world.ask("GET", path, user="alice")
    why = 'User "alice" cannot list resource "configmaps" in API group "" in the namespace "default"'
    assert (code, failure["message"]) == (403, f"configmaps is forbidden: {why}")
    binding = {
        "metadata": {"name": "alice"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}],
    }
    await world.make("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", binding)
    assert (await world.ask("GET", path, user="alice"))[0] == 200
    assert (await world.ask("POST", path, {"metadata": {"name": "c"}}, "alice"))[0] == 403


async def test_nobody_is_let_in_without_a_name(world: World) -> None:
    for path, expected in (("/api", 401), ("/version", 200), ("/api/v1/pods", 401)):
        reply = world.api.handle(Request("GET", path, "", {}, b"", Peer("127.0.0.1", None)))
        assert isinstance(reply, Response) and reply.status == expected


async def test_escalation_is_refused_through_the_api(world: World) -> None:
    rule = {"verbs": ["create", "escalate"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"]}
    await world.make(
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        {"metadata": {"name": "r"}, "rules": [{**rule, "verbs": ["create"]}]},
    )
    binding = {
        "metadata": {"name": "alice"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}],
    }
    await world.make("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    role = {"metadata": {"name": "mine"}, "rules": [rule]}
    url = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"
    code, failure = await world.ask("POST", url, role, "alice")
    assert code == 403
    assert "not currently held" in failure["message"]


async def test_others_can_verify_our_tokens(world: World) -> None:
    _, keys = await world.ask("GET", "/openid/v1/jwks")
    assert keys["keys"][0]["alg"] == "ES256"
    _, document = await world.ask("GET", "/.well-known/openid-configuration", host="box:6443")
    assert document == {
        "issuer": world.issuer.url,
        "jwks_uri": "https://box:6443/openid/v1/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }


async def test_the_policy_is_restored_at_the_next_start(world: World) -> None:
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:kube-dns"
    assert plan_bootstrap(world.api.core.reader) == []
    await world.ask("DELETE", path)
    assert (await world.ask("GET", path))[0] == 404
    assert await restore_policy(world.api.client(), world.api.core.reader) == 1
    assert (await world.ask("GET", path))[0] == 200

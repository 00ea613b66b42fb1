"""Server-side apply as a client meets it: what it is told, and when."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.apiserver.access import Access, open_access
from wherry.apiserver.attributes import Attributes, Decision
from wherry.apiserver.core import Core
from wherry.apiserver.tests.harness import CONFIGMAPS, PODS, Answer, Server, configmap, pod, serving
from wherry.apiserver.tests.test_ownership import DEPLOYMENTS, HPAS, deployment, owners

YAML = {"content-type": "application/apply-patch+yaml"}
ME = "?fieldManager=me"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as one:
        yield one


async def apply(server: Server, path: str, body: Any) -> Answer:
    return await server.call("PATCH", path, body, YAML)


async def test_what_does_not_exist_is_created(server: Server) -> None:
    made = await apply(server, f"{CONFIGMAPS}/a{ME}", configmap("a", k="v"))
    assert made.status == 201
    assert made.body["metadata"]["namespace"] == "default"
    assert owners(made.body) == {("me", ""): {"f:data": {"f:k": {}}}}
    again = await apply(server, f"{CONFIGMAPS}/a{ME}", configmap("a", k="v"))
    assert (again.status, again.body) == (200, made.body)
    await server.clock.advance(5)
    changed = await apply(server, f"{CONFIGMAPS}/a{ME}", configmap("a", k="w"))
    assert changed.body["data"] == {"k": "w"}
    assert changed.body["metadata"]["managedFields"][0]["time"] == "2023-11-14T22:13:25Z"


async def test_those_who_are_late_to_create_apply_to_what_is_there(server: Server) -> None:
    bodies = [configmap("a", None, **{f"k{number}": "v"}) for number in range(5)]
    answers = await asyncio.gather(
        *(apply(server, f"{CONFIGMAPS}/a?fieldManager=m{number}", body) for number, body in enumerate(bodies))
    )
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 200, 201]
    found = await server.get(f"{CONFIGMAPS}/a")
    assert found["data"] == {f"k{number}": "v" for number in range(5)}
    assert len(owners(found)) == 5


async def test_yaml(server: Server) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: v\n"
    assert (await apply(server, f"{CONFIGMAPS}/a{ME}", text)).body["data"] == {"k": "v"}


async def test_defaults_are_nobodys_and_stay(server: Server) -> None:
    made = (await apply(server, f"{DEPLOYMENTS}/web{ME}", deployment())).body
    assert made["spec"]["strategy"]["type"] == "RollingUpdate"
    assert set(owners(made)["me", ""]["f:spec"]) == {"f:replicas", "f:selector", "f:template"}
    less = deployment()
    del less["spec"]["replicas"]
    left = (await apply(server, f"{DEPLOYMENTS}/web{ME}", less)).body
    assert left["spec"]["replicas"] == 1, "it goes, and is defaulted again"
    assert "f:replicas" not in owners(left)["me", ""]["f:spec"]
    del less["spec"]["template"]["spec"]["containers"][0]["ports"]
    assert (
        "ports"
        not in (await apply(server, f"{DEPLOYMENTS}/web{ME}", less)).body["spec"]["template"]["spec"]["containers"][0]
    )


async def test_a_conflict(server: Server) -> None:
    await server.post(f"{CONFIGMAPS}?fieldManager=editor", configmap("a", k="v", other="x"))
    refused = await apply(server, f"{CONFIGMAPS}/a{ME}", configmap("a", k="w"))
    assert refused.status == 409
    assert refused.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.k',
        "reason": "Conflict",
        "details": {
            "causes": [
                {"reason": "FieldManagerConflict", "message": 'conflict with "editor" using v1', "field": ".data.k"}
            ]
        },
        "code": 409,
    }
    for word in ("force=true", "force=1", "force"):
        taken = await apply(server, f"{CONFIGMAPS}/a{ME}&{word}", configmap("a", k="w"))
        assert taken.body["data"] == {"k": "w", "other": "x"}
    assert (await apply(server, f"{CONFIGMAPS}/a?fieldManager=you&force=false", configmap("a", k="z"))).status == 409


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("", 422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'),
        (
            "?fieldManager=me&dryRun=some",
            422,
            'PatchOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["some"]: supported values: "All"',
        ),
        (
            "?fieldManager=" + "x" * 129,
            422,
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes',
        ),
    ],
)
async def test_options(server: Server, query: str, status: int, message: str) -> None:
    answer = await apply(server, f"{CONFIGMAPS}/a{query}", configmap("a"))
    assert (answer.status, answer.body["message"]) == (status, message)


async def test_force_is_for_applying_alone(server: Server) -> None:
    await server.post(CONFIGMAPS, configmap("a"))
    merge = {"content-type": "application/merge-patch+json"}
    answer = await server.call("PATCH", f"{CONFIGMAPS}/a?force=true", {}, merge)
    assert answer.status == 422
    assert "force: Forbidden: may not be specified for non-apply patch" in answer.body["message"]


def changed(path: str, value: Any) -> dict[str, Any]:
    """A Deployment with something else at a place; None takes it away."""
    obj = copy.deepcopy(deployment())
    *way, last = path.split(".")
    inner = obj
    for step in way:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return obj


TYPED = "failed to create typed patch object (/web; apps/v1, Kind=Deployment): "


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        pytest.param(changed("kind", "ReplicaSet"), 400, "invalid object type: apps/v1, Kind=ReplicaSet", id="kind"),
        pytest.param(changed("apiVersion", "v1"), 400, "invalid object type: /v1, Kind=Deployment", id="version"),
        pytest.param(changed("kind", None), 400, "invalid object type: apps/v1, Kind=", id="no kind"),
        pytest.param(b"", 400, "invalid object type: /, Kind=", id="nothing"),
        pytest.param(
            [],
            400,
            "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go "
            "value of type map[string]interface {}",
            id="a list",
        ),
        pytest.param(changed("metadata.managedFields", []), 400, "metadata.managedFields must be nil", id="entries"),
        pytest.param(changed("spec.bogus", 1), 500, TYPED + ".spec.bogus: field not declared in schema", id="unknown"),
        pytest.param(
            changed("spec.replicas", "two"),
            500,
            TYPED + ".spec.replicas: expected numeric (int or float), got string",
            id="type",
        ),
        pytest.param(
            changed("metadata.name", "other"),
            400,
            "the name of the object (other) does not match the name on the URL (web)",
            id="name",
        ),
        pytest.param(
            changed("metadata.name", None),
            400,
            "the name of the object (web based on URL) was undeterminable: name must be provided",
            id="no name",
        ),
        pytest.param(
            changed("metadata.namespace", "other"),
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
            id="namespace",
        ),
        pytest.param(
            changed("metadata.uid", "u"),
            409,
            'Operation cannot be fulfilled on deployments.apps "web": uid mismatch: the provided object specified uid '
            "u, and no existing object was found",
            id="uid",
        ),
    ],
)
async def test_what_is_refused(server: Server, body: Any, status: int, message: str) -> None:
    answer = await apply(server, f"{DEPLOYMENTS}/web{ME}", body)
    assert (answer.status, answer.body["message"]) == (status, message)


async def test_what_is_no_yaml(server: Server) -> None:
    answer = await apply(server, f"{CONFIGMAPS}/a{ME}", b"{a: [")
    assert answer.status == 400
    assert answer.body["message"].startswith("error encoding patch: ")


async def test_the_merged_object_is_validated(server: Server) -> None:
    answer = await apply(server, f"{DEPLOYMENTS}/web{ME}", changed("spec.replicas", -1))
    assert answer.status == 422
    assert "spec.replicas: Invalid value: -1" in answer.body["message"]
    await apply(server, f"{DEPLOYMENTS}/web{ME}", deployment())
    answer = await apply(server, f"{DEPLOYMENTS}/web{ME}", changed("spec.selector", {"matchLabels": {"app": "else"}}))
    assert answer.status == 422
    assert "field is immutable" in answer.body["message"]


async def test_an_old_version_is_refused(server: Server) -> None:
    made = (await apply(server, f"{CONFIGMAPS}/a{ME}", configmap("a", k="1"))).body
    await apply(server, f"{CONFIGMAPS}/a{ME}", configmap("a", k="2"))
    old = configmap("a", k="3")
    old["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    answer = await apply(server, f"{CONFIGMAPS}/a{ME}", old)
    assert answer.status == 409
    assert "the object has been modified" in answer.body["message"]


async def test_a_version_of_what_does_not_exist_says_nothing(server: Server) -> None:
    body = configmap("a")
    body["metadata"]["resourceVersion"] = "7"
    assert (await apply(server, f"{CONFIGMAPS}/a{ME}", body)).status == 201


async def test_dry_run(server: Server) -> None:
    made = await apply(server, f"{CONFIGMAPS}/a{ME}&dryRun=All", configmap("a", k="v"))
    assert made.status == 201
    assert (await server.call("GET", f"{CONFIGMAPS}/a")).status == 404
    await apply(server, f"{CONFIGMAPS}/a{ME}", configmap("a", k="v"))
    changed = await apply(server, f"{CONFIGMAPS}/a{ME}&dryRun=All", configmap("a", k="w"))
    assert changed.body["data"] == {"k": "w"}
    assert (await server.get(f"{CONFIGMAPS}/a"))["data"] == {"k": "v"}


TWICE = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: v\n  k: w\n"


async def test_keys_that_stand_twice(server: Server) -> None:
    warned = await apply(server, f"{CONFIGMAPS}/a{ME}", TWICE)
    assert warned.status == 201
    assert warned.headers["Warning"] == '299 - "line 6: key \\"k\\" already set in map"'
    assert "Warning" not in (await apply(server, f"{CONFIGMAPS}/a{ME}&fieldValidation=Ignore", TWICE)).headers
    strict = await apply(server, f"{CONFIGMAPS}/a{ME}&fieldValidation=Strict", TWICE)
    assert strict.status == 400
    assert strict.body["message"].startswith("error strict decoding patch: ")
    in_json = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v","k":"w"}}'
    assert (await apply(server, f"{CONFIGMAPS}/a{ME}&fieldValidation=Strict", in_json)).status == 400


async def test_the_status(server: Server) -> None:
    await server.post(PODS, pod("p"))
    status = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "status": {"reason": "Because"}}
    applied = await apply(server, f"{PODS}/p/status{ME}", status)
    assert applied.body["status"]["reason"] == "Because"
    assert owners(applied.body)["me", "status"] == {"f:status": {"f:reason": {}}}
    none = await apply(server, f"{PODS}/p/status{ME}", {**status, "status": {}})
    assert "reason" not in none.body["status"]
    missing = {**status, "metadata": {"name": "q"}}
    assert (await apply(server, f"{PODS}/q/status{ME}", missing)).status == 404


async def test_the_status_is_not_the_main_paths_to_apply(server: Server) -> None:
    body = pod("p") | {"status": {"reason": "Because"}}
    made = (await apply(server, f"{PODS}/p{ME}", body)).body
    assert made["status"].get("reason") is None
    assert "f:status" not in owners(made)["me", ""]


async def test_scale(server: Server) -> None:
    await apply(server, f"{DEPLOYMENTS}/web{ME}", deployment(1))
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 3}}
    refused = await apply(server, f"{DEPLOYMENTS}/web/scale?fieldManager=hpa", scale)
    assert refused.status == 409
    taken = await apply(server, f"{DEPLOYMENTS}/web/scale?fieldManager=hpa&force=true", scale)
    assert (taken.body["kind"], taken.body["spec"]) == ("Scale", {"replicas": 3})
    found = owners(await server.get(f"{DEPLOYMENTS}/web"))
    assert found["hpa", "scale"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in found["me", ""]["f:spec"]
    wrong = await apply(server, f"{DEPLOYMENTS}/web/scale?fieldManager=hpa", deployment())
    assert wrong.body["message"] == "invalid object type: apps/v1, Kind=Deployment"


async def test_ephemeral_containers(server: Server) -> None:
    await server.post(PODS, pod("p"))
    containers = [{"name": "debug", "image": "busybox"}]
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"ephemeralContainers": containers}}
    applied = await apply(server, f"{PODS}/p/ephemeralcontainers{ME}", body)
    assert applied.status == 200, applied.body
    found = owners(await server.get(f"{PODS}/p"))
    assert found["me", "ephemeralcontainers"] == {
        "f:spec": {"f:ephemeralContainers": {'k:{"name":"debug"}': {".": {}, "f:image": {}, "f:name": {}}}}
    }


async def test_two_versions_of_a_kind(server: Server) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    old = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 5, "targetCPUUtilizationPercentage": 50},
    }
    await apply(server, f"{HPAS.format('v1')}/h{ME}", old)
    new = {**old, "apiVersion": "autoscaling/v2", "spec": {"scaleTargetRef": target, "maxReplicas": 6}}
    refused = await apply(server, f"{HPAS.format('v2')}/h?fieldManager=you", new)
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "me": .spec.maxReplicas'
    mine = await apply(server, f"{HPAS.format('v2')}/h{ME}", new)
    assert mine.body["spec"]["maxReplicas"] == 6
    assert [entry["apiVersion"] for entry in mine.body["metadata"]["managedFields"]] == ["autoscaling/v2"]


async def test_what_is_forgotten_begins_anew(server: Server) -> None:
    await server.post(CONFIGMAPS, configmap("a", k="v"))
    merge = {"content-type": "application/merge-patch+json"}
    await server.call("PATCH", f"{CONFIGMAPS}/a", {"metadata": {"managedFields": [{}]}}, merge)
    refused = await apply(server, f"{CONFIGMAPS}/a{ME}", configmap("a", k="w"))
    assert 'conflict with "before-first-apply" using v1: .data.k' in refused.body["message"]
    applied = await apply(server, f"{CONFIGMAPS}/a{ME}", configmap("a", k="v"))
    assert {name for name, _ in owners(applied.body)} == {"before-first-apply", "me"}


async def test_creating_takes_the_right_to_create() -> None:
    def access(core: Core) -> Access:
        return Access(open_access(core).authenticate, _NoCreation(), None)

    async with serving(access=access) as server:
        answer = await apply(server, f"{CONFIGMAPS}/a{ME}", configmap("a"))
        assert answer.status == 403
        assert 'cannot create resource "configmaps"' in answer.body["message"]
        there = (await server.get(CONFIGMAPS.rpartition("/")[0] + "/configmaps"))["items"]
        assert [item["metadata"]["name"] for item in there if item["metadata"]["name"] == "a"] == []


class _NoCreation:
    def authorize(self, attributes: Attributes) -> Decision:
        return Decision(attributes.verb != "create")

"""Eviction, ephemeral containers, resize, finalize."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.apiserver.tests.harness import PODS, Server, pod, serving

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}
STRATEGIC = {"content-type": "application/strategic-merge-patch+json"}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


async def running_pod(server: Server) -> None:
    made = await server.post(PODS, pod("a", nodeName="n"))
    made["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    answer = await server.call("PUT", f"{PODS}/a/status", made)
    assert answer.status == 200, answer.body


async def budget(server: Server, name: str, spec: dict[str, Any] | None = None, **status: Any) -> None:
    whole = {"selector": {"matchLabels": {"app": "a"}}, "minAvailable": 1, **(spec or {})}
    made = await server.post(BUDGETS, {"metadata": {"name": name}, "spec": whole})
    made["status"] = {"observedGeneration": 1, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1, **status}
    answer = await server.call("PUT", f"{BUDGETS}/{name}/status", made)
    assert answer.status == 200, answer.body


async def test_eviction_without_a_budget_deletes(server: Server) -> None:
    await running_pod(server)
    answer = await server.call("POST", f"{PODS}/a/eviction", EVICTION)
    assert (answer.status, answer.body["status"]) == (201, "Success")
    assert (await server.get(f"{PODS}/a"))["metadata"]["deletionTimestamp"]


async def test_there_are_no_tables_of_what_can_only_be_sent(server: Server) -> None:
    await running_pod(server)
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    refused = await server.call("POST", f"{PODS}/a/eviction", EVICTION, {"accept": table})
    assert (refused.status, refused.body["reason"]) == (406, "NotAcceptable")
    assert "deletionTimestamp" not in (await server.get(f"{PODS}/a"))["metadata"]
    answer = await server.call("POST", f"{PODS}/a/eviction", EVICTION, {"accept": f"{table},application/json"})
    assert answer.status == 201


async def test_old_clients_evict_too(server: Server) -> None:
    await running_pod(server)
    assert (await server.call("POST", f"{PODS}/a/eviction", {**EVICTION, "apiVersion": "policy/v1beta1"})).status == 201


async def test_component_statuses_are_made_up(server: Server) -> None:
    answer = await server.call("GET", "/api/v1/componentstatuses")
    assert (answer.body["kind"], len(answer.body["items"])) == ("ComponentStatusList", 3)
    assert "deprecated" in answer.headers["Warning"]
    as_table = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    rows = (await server.get("/api/v1/componentstatuses", as_table))["rows"]
    assert [row["cells"] for row in rows][1] == ["etcd-0", "Healthy", "ok", ""]
    assert (await server.get("/api/v1/componentstatuses/scheduler"))["metadata"]["name"] == "scheduler"
    assert (await server.call("GET", "/api/v1/componentstatuses/x")).status == 404


async def test_eviction_spends_the_budget(server: Server) -> None:
    await running_pod(server)
    await budget(server, "b", disruptionsAllowed=1)
    assert (await server.call("POST", f"{PODS}/a/eviction", EVICTION)).status == 201
    status = (await server.get(f"{BUDGETS}/b"))["status"]
    assert (status["disruptionsAllowed"], list(status["disruptedPods"])) == (0, ["a"])
    assert status["conditions"][0]["reason"] == "InsufficientPods"


def verdict(reason: str, message: str) -> list[dict[str, Any]]:
    stamp = "2023-11-14T22:13:20Z"
    return [
        {
            "type": "DisruptionAllowed",
            "status": "False",
            "reason": reason,
            "message": message,
            "lastTransitionTime": stamp,
        }
    ]


_NOT_NOW = "The disruption budget b does not allow evicting pods currently"


@pytest.mark.parametrize(
    ("status", "cause", "retry"),
    [
        (
            {"disruptionsAllowed": 0, "conditions": verdict("SyncFailed", "no")},
            f"{_NOT_NOW} because it failed sync: no",
            None,
        ),
        ({"currentHealthy": 4, "conditions": verdict("Other", "no")}, f"{_NOT_NOW} (Other): no", None),
        ({"currentHealthy": 4, "conditions": verdict("InsufficientPods", "")}, _NOT_NOW, None),
        ({"disruptionsAllowed": 0}, "The disruption budget b needs 1 healthy pods and has 1 currently", None),
        (
            {"disruptionsAllowed": 1, "observedGeneration": 0},
            "The disruption budget b is still being processed by the server.",
            "10",
        ),
    ],
    ids=["not counted", "another reason", "no reason", "spent", "not yet observed"],
)
async def test_eviction_is_refused(server: Server, status: dict[str, Any], cause: str, retry: str | None) -> None:
    await running_pod(server)
    await budget(server, "b", **status)
    answer = await server.call("POST", f"{PODS}/a/eviction", EVICTION)
    assert (answer.status, answer.body["reason"]) == (429, "TooManyRequests")
    assert answer.body["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert answer.body["details"]["causes"][0]["message"] == cause
    assert answer.headers.get("Retry-After") == retry


HEALTHY, ILL = {"currentHealthy": 1, "desiredHealthy": 1}, {"currentHealthy": 0, "desiredHealthy": 1}
EVICTIONS = [
    pytest.param("Running", True, {}, HEALTHY, 429, id="a Pod that runs"),
    pytest.param(
        "Running", True, {"unhealthyPodEvictionPolicy": "AlwaysAllow"}, HEALTHY, 429, id="whatever the policy"
    ),
    pytest.param("Running", False, {}, HEALTHY, 201, id="one that is not ready, while the others are enough"),
    pytest.param("Running", False, {}, ILL, 429, id="while they are not"),
    pytest.param("Running", False, {"unhealthyPodEvictionPolicy": "IfHealthyBudget"}, ILL, 429, id="the same said"),
    pytest.param("Running", False, {"unhealthyPodEvictionPolicy": "AlwaysAllow"}, ILL, 201, id="always"),
    pytest.param("Running", False, {}, {"currentHealthy": 0, "desiredHealthy": 0}, 429, id="none are wanted"),
    pytest.param("Succeeded", False, {}, ILL, 201, id="one that has succeeded"),
    pytest.param("Failed", False, {}, ILL, 201, id="one that has failed"),
    pytest.param("Pending", False, {}, ILL, 201, id="one that has not begun"),
    pytest.param("Running", True, {"selector": {"matchLabels": {"app": "b"}}}, ILL, 201, id="of another budget"),
    pytest.param("Running", True, {"selector": {}}, HEALTHY, 429, id="of a budget of all"),
]


@pytest.mark.parametrize(("phase", "is_ready", "spec", "counts", "code"), EVICTIONS)
async def test_who_may_go_when_the_budget_is_spent(
    server: Server, phase: str, is_ready: bool, spec: dict[str, Any], counts: dict[str, int], code: int
) -> None:
    made = await server.post(PODS, pod("a", nodeName="n"))
    made["status"] = {"phase": phase, "conditions": [{"type": "Ready", "status": str(is_ready)}]}
    await server.call("PUT", f"{PODS}/a/status", made)
    await budget(server, "b", spec, disruptionsAllowed=0, **counts)
    assert (await server.call("POST", f"{PODS}/a/eviction", EVICTION)).status == code
    left = (await server.call("GET", f"{PODS}/a")).body["metadata"]
    assert ("name" in left and "deletionTimestamp" not in left) is (code == 429)


async def test_two_budgets_are_one_too_many(server: Server) -> None:
    await running_pod(server)
    await budget(server, "b", disruptionsAllowed=1)
    await budget(server, "c", disruptionsAllowed=1)
    assert (await server.call("POST", f"{PODS}/a/eviction", EVICTION)).status == 500


async def test_a_dry_run_of_an_eviction_changes_nothing(server: Server) -> None:
    await running_pod(server)
    await budget(server, "b", disruptionsAllowed=1)
    before = (await server.get(f"{PODS}/a"), await server.get(f"{BUDGETS}/b"))
    asked = {**EVICTION, "deleteOptions": {"dryRun": ["All"]}}
    assert (await server.call("POST", f"{PODS}/a/eviction", asked)).status == 201
    assert (await server.get(f"{PODS}/a"), await server.get(f"{BUDGETS}/b")) == before


async def test_evicted_pods_say_so_and_pending_ones_cost_nothing(server: Server) -> None:
    await server.post(PODS, pod("a", nodeName="n"))
    await budget(server, "b", disruptionsAllowed=0)
    assert (await server.call("POST", f"{PODS}/a/eviction", EVICTION)).status == 201
    found = await server.get(f"{PODS}/a")
    assert found["metadata"]["deletionTimestamp"]
    assert [(c["type"], c["reason"], c["observedGeneration"]) for c in found["status"]["conditions"]] == [
        ("DisruptionTarget", "EvictionByEvictionAPI", 1)
    ]


@pytest.mark.parametrize(
    ("preconditions", "code"),
    [({"uid": "other"}, 409), ({"resourceVersion": "1"}, 409)],
    ids=["another pod", "another state"],
)
async def test_evictions_keep_to_their_preconditions(server: Server, preconditions: dict[str, str], code: int) -> None:
    await running_pod(server)
    asked = {**EVICTION, "deleteOptions": {"preconditions": preconditions}}
    answer = await server.call("POST", f"{PODS}/a/eviction", asked)
    assert (answer.status, answer.body["reason"]) == (code, "Conflict")
    assert "conditions" in (found := (await server.get(f"{PODS}/a"))["status"])
    assert [each["type"] for each in found["conditions"]] == ["Ready"]


async def test_ephemeral_containers_are_added_and_never_changed(server: Server) -> None:
    await server.post(PODS, pod("a", nodeName="n"))
    added = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "busybox"}]}}
    answer = await server.call("PATCH", f"{PODS}/a/ephemeralcontainers", added, STRATEGIC)
    assert answer.status == 200, answer.body
    assert answer.body["spec"]["ephemeralContainers"][0]["terminationMessagePolicy"] == "File"
    changed = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "other"}]}}
    refused = await server.call("PATCH", f"{PODS}/a/ephemeralcontainers", changed, STRATEGIC)
    assert refused.status == 422


def sized(cpu: str, memory: str = "1Gi", **more: str) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory, **more}}


async def test_resize_changes_cpu_and_memory(server: Server) -> None:
    await server.post(PODS, pod("a", containers=[{"name": "c", "image": "i", "resources": sized("1")}]))
    larger = {"spec": {"containers": [{"name": "c", "image": "other", "resources": {"requests": {"cpu": "2"}}}]}}
    answer = await server.call("PATCH", f"{PODS}/a/resize", larger, STRATEGIC)
    assert answer.status == 200, answer.body
    container = answer.body["spec"]["containers"][0]
    assert (container["resources"], container["image"]) == (sized("2"), "i")
    assert answer.body["metadata"]["generation"] == 2


REFUSED_RESIZES = [
    pytest.param({"limits": {"cpu": "1", "memory": "1Gi"}}, "Pod QOS Class may not change", id="class"),
    pytest.param(
        {"requests": {"example.com/x": "1"}, "limits": {"example.com/x": "1"}},
        "spec: Forbidden: only cpu and memory resources are mutable",
        id="other resources",
    ),
    pytest.param({"requests": {"cpu": None}}, "resources.requests: Forbidden: resource requests cannot", id="removed"),
]


@pytest.mark.parametrize(("resources", "why"), REFUSED_RESIZES)
async def test_resize_refuses(server: Server, resources: dict[str, Any], why: str) -> None:
    await server.post(PODS, pod("a", containers=[{"name": "c", "image": "i", "resources": sized("1")}]))
    body = {"spec": {"containers": [{"name": "c", "resources": resources}]}}
    refused = await server.call("PATCH", f"{PODS}/a/resize", body, STRATEGIC)
    assert refused.status == 422
    assert why in refused.body["message"]


async def test_a_namespace_goes_when_it_is_finalized(server: Server) -> None:
    await server.post("/api/v1/namespaces", {"metadata": {"name": "n"}})
    deleted = await server.call("DELETE", "/api/v1/namespaces/n")
    assert deleted.body["status"]["phase"] == "Terminating"
    namespace = await server.get("/api/v1/namespaces/n")
    namespace["spec"]["finalizers"] = []
    answer = await server.call("PUT", "/api/v1/namespaces/n/finalize", namespace)
    assert answer.status == 200, answer.body
    assert (await server.call("GET", "/api/v1/namespaces/n")).status == 404

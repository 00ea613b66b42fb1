"""Discovery, health, version, metrics and the index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.apiserver.health import Check
from wherry.apiserver.tests.harness import CONFIGMAPS, Server, serving

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


def entry(document: Any, name: str) -> Any:
    return next(each for each in document["resources"] if each["name"] == name)


async def test_legacy_discovery(server: Server) -> None:
    assert (await server.get("/api"))["versions"] == ["v1"]
    core = await server.get("/api/v1")
    pods = entry(core, "pods")
    assert (pods["kind"], pods["namespaced"], pods["shortNames"]) == ("Pod", True, ["po"])
    assert entry(core, "pods/eviction") == {
        "name": "pods/eviction",
        "singularName": "",
        "namespaced": True,
        "group": "policy",
        "version": "v1",
        "kind": "Eviction",
        "verbs": ["create"],
    }
    groups = await server.get("/apis")
    assert groups["groups"][1]["name"] == "apps"
    assert (await server.get("/apis/autoscaling"))["preferredVersion"]["version"] == "v2"
    assert entry(await server.get("/apis/apps/v1"), "deployments")["kind"] == "Deployment"
    assert (await server.call("GET", "/apis/nothing/v1")).status == 404


async def test_aggregated_discovery_with_etag(server: Server) -> None:
    accept = {"accept": f"{AGGREGATED},application/json;q=0.9"}
    answer = await server.call("GET", "/apis", headers=accept)
    assert (answer.content_type, answer.body["kind"]) == (AGGREGATED, "APIGroupDiscoveryList")
    again = await server.call("GET", "/apis", headers={**accept, "if-none-match": answer.headers["ETag"]})
    assert (again.status, again.body) == (304, "")
    core = (await server.get("/api", accept))["items"][0]
    nodes = next(each for each in core["versions"][0]["resources"] if each["resource"] == "nodes")
    assert (nodes["scope"], nodes["responseKind"]["kind"]) == ("Cluster", "Node")
    assert {sub["subresource"] for sub in nodes["subresources"]} == {"proxy", "status"}
    plain = await server.get("/apis", {"accept": "application/json"})
    assert plain["kind"] == "APIGroupList"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/html", 406),
        ("application/json;as=Table;v=v1;g=meta.k8s.io", 406),
        ("application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList", 406),
        ("application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,application/json", 200),
        ("text/html,*/*;q=0.8", 200),
        ("application/yaml", 200),
    ],
)
@pytest.mark.parametrize("path", ["/api", "/apis", "/apis/apps", "/apis/apps/v1"])
async def test_forms_of_discovery_that_there_are_not(server: Server, path: str, accept: str, status: int) -> None:
    answer = await server.call("GET", path, headers={"accept": accept})
    assert (answer.status, answer.headers["Cache-Control"]) == (status, "no-cache, private")


async def test_health(server: Server) -> None:
    assert await _text(server, "/livez") == (200, "ok")
    assert await _text(server, "/readyz?verbose") == (200, "[+]ping ok\n[+]log ok\nreadyz check passed\n")
    assert await _text(server, "/healthz/ping") == (200, "ok")
    assert (await server.call("GET", "/healthz/nothing")).status == 404


async def test_a_failing_check() -> None:
    check = Check("store", lambda: "the disk is full", for_readiness_only=True)
    async with serving(checks=(check,)) as server:
        assert (await _text(server, "/livez"))[0] == 200
        code, text = await _text(server, "/readyz")
        assert (code, "[-]store failed: reason withheld" in text) == (500, True)
        assert (await _text(server, "/readyz?exclude=store"))[0] == 200


async def _text(server: Server, url: str) -> tuple[int, str]:
    answer = await server.call("GET", url)
    return answer.status, answer.body


async def test_version_and_index(server: Server) -> None:
    version = await server.get("/version")
    assert (version["major"], version["minor"]) == ("1", "37")
    assert version["gitVersion"].startswith("v1.37.0+wherry")
    paths = (await server.get("/"))["paths"]
    assert {"/api/v1", "/apis/apps/v1", "/healthz/ping", "/version"} <= set(paths)
    assert (await server.call("POST", "/version")).status == 405


async def test_metrics_count_requests(server: Server) -> None:
    await server.get(CONFIGMAPS)
    await server.call("GET", "/apis/made/up/things")
    await server.call("GET", f"{CONFIGMAPS}/x/made-up")
    await server.post(CONFIGMAPS, {"metadata": {"name": "a"}})
    await server.watch(f"{CONFIGMAPS}?watch=1")
    answer = await server.call("GET", "/metrics")
    assert "made" not in answer.body
    what = 'group="",version="v1",resource="configmaps",subresource="",scope="namespace",component="apiserver"'
    assert {
        f'apiserver_request_total{{verb="LIST",{what},code="200"}} 1',
        f'apiserver_request_total{{verb="POST",{what},code="201"}} 1',
        f'apiserver_request_total{{verb="WATCH",{what},code="200"}} 1',
        f'apiserver_request_duration_seconds_count{{verb="LIST",{what}}} 1',
        'apiserver_current_inflight_requests{request_kind="mutating"} 0',
        'apiserver_storage_objects{resource="configmaps"} 1',
        f'apiserver_longrunning_requests{{verb="WATCH",{what}}} 1'.replace(',subresource="",scope="namespace"', ""),
    } <= set(answer.body.splitlines())

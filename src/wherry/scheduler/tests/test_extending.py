"""Extenders over HTTP: what they leave, how they rate, whom they evict, and what happens when they are away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from wherry.api.core.pod import PODS
from wherry.scheduler.configuration import Configuration, ExtenderSettings
from wherry.scheduler.tests.scene import Scene, scene
from wherry.transport.messages import Request, Response
from wherry.transport.server import Server

Answers = Callable[[str, Any], Any]


class Remote:
    """An extender that answers with what the test says, and remembers what it was asked."""

    def __init__(self, **answers: Callable[[Any], Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []

    def __call__(self, request: Request) -> Response:
        verb, body = request.path.rsplit("/", 1)[-1], msgspec.json.decode(request.body)
        self.asked.append((verb, body))
        answer = self.answers[verb](body)
        if isinstance(answer, int):
            return Response(answer, b"")
        return Response(200, msgspec.json.encode(answer), "application/json")


@asynccontextmanager
async def extended(remote: Remote, **settings: Any) -> AsyncIterator[Scene]:
    server = Server(remote)
    await server.start()
    verbs = {f"{verb}_verb": verb for verb in remote.answers}
    extender = ExtenderSettings(url=f"http://127.0.0.1:{server.port}/scheduler", **{**verbs, **settings})
    try:
        async with scene(Configuration(extenders=(extender,))) as on:
            yield on
    finally:
        await server.stop(0)


def names(body: Any) -> list[str]:
    return [one["metadata"]["name"] for one in body["nodes"]["items"]]


async def until_asked(on: Scene, remote: Remote, times: int = 1) -> None:
    for _ in range(100):
        await on.settle()
        if len(remote.asked) >= times:
            break
    for _ in range(5):
        await on.settle()


async def test_it_leaves_some_nodes() -> None:
    remote = Remote(filter=lambda body: {"nodes": {"items": [body["nodes"]["items"][1]]}, "failedNodes": {}})
    async with extended(remote) as on:
        await on.node("n1")
        await on.node("n2")
        await on.pod("web")
        await until_asked(on, remote)
        verb, body = remote.asked[0]
        assert (verb, names(body), body["pod"]["metadata"]["name"]) == ("filter", ["n1", "n2"], "web")
        assert await on.home("web") == "n2"


async def test_one_that_knows_the_nodes_is_told_names() -> None:
    remote = Remote(filter=lambda body: {"nodenames": ["n1"]})
    async with extended(remote, has_nodes=True) as on:
        await on.node("n1")
        await on.node("n2")
        await on.pod("web")
        await until_asked(on, remote)
        assert remote.asked[0][1]["nodenames"] == ["n1", "n2"]
        assert await on.home("web") == "n1"


async def test_what_it_says_of_nodes_is_told() -> None:
    remote = Remote(filter=lambda body: {"nodenames": [], "failedAndUnresolvableNodes": {"n1": "no licence"}})
    async with extended(remote, has_nodes=True) as on:
        await on.node("n1")
        await on.node("tainted", taints=[{"key": "x", "effect": "NoSchedule"}])
        await on.pod("web")
        await until_asked(on, remote)
        assert await on.why("web") == (
            "0/2 nodes are available: 1 no licence, 1 node(s) had untolerated taint(s). "
            "no new claims to deallocate, "
            "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
        )


async def test_its_ratings_count() -> None:
    remote = Remote(prioritize=lambda body: [{"host": "n1", "score": 0}, {"host": "n2", "score": 10}])
    async with extended(remote, has_nodes=True, weight=5) as on:
        await on.node("n1")
        await on.node("n2")
        await on.node("n3")
        await on.pod("web")
        await until_asked(on, remote)
        assert await on.home("web") == "n2"


async def test_it_binds() -> None:
    remote = Remote(bind=lambda body: {"error": ""})
    async with extended(remote) as on:
        await on.node("n1")
        await on.pod("web")
        await until_asked(on, remote)
        uid = (await on.get("web"))["metadata"]["uid"]
        assert remote.asked[0][1] == {"podName": "web", "podNamespace": "default", "podUID": uid, "node": "n1"}
        assert await on.home("web") == ""
        assert ("Scheduled", "Successfully assigned default/web to n1") in await on.events("web")


async def test_it_is_asked_only_about_what_it_manages() -> None:
    remote = Remote(filter=lambda body: {"nodenames": []})
    async with extended(remote, has_nodes=True, resources=frozenset(("example.com/gpu",))) as on:
        await on.node("n1")
        await on.pod("web")
        assert (await on.home("web"), remote.asked) == ("n1", [])


@pytest.mark.parametrize(
    ("answer", "message"),
    [(500, "failed filter with extender at URL {url}/filter, code 500"), ({"error": "full"}, "full")],
    ids=["status", "error"],
)
async def test_one_that_fails_fails_the_pod(answer: Any, message: str) -> None:
    remote = Remote(filter=lambda body: answer)
    async with extended(remote, has_nodes=True) as on:
        await on.node("n1")
        await on.pod("web")
        await until_asked(on, remote)
        url = on.scheduler._consultants._extenders[0].settings.url
        assert await on.events("web") == [("FailedScheduling", message.format(url=url))]


async def test_one_that_is_ignorable_is_passed_over() -> None:
    remote = Remote(filter=lambda body: 500)
    async with extended(remote, has_nodes=True, is_ignorable=True) as on:
        await on.node("n1")
        await on.pod("web")
        await until_asked(on, remote)
        assert await on.home("web") == "n1"


async def test_it_chooses_among_victims() -> None:
    def spare_n1(body: Any) -> Any:
        victims = body["nodeNameToMetaVictims"]
        return {"nodeNameToMetaVictims": {name: said for name, said in victims.items() if name != "n1"}}

    remote = Remote(preempt=spare_n1)
    async with extended(remote, has_nodes=True, resources=frozenset(("cpu",))) as on:
        await on.node("n1", cpu="1")
        await on.pod("first", cpu="1")
        await until_asked(on, remote, 0)
        await on.node("n2", cpu="1")
        await on.pod("second", cpu="1", priority=5)
        await until_asked(on, remote, 0)
        for name in ("first", "second"):
            await on.client.patch(PODS, name, {"status": {"phase": "Running"}}, "default", subresource="status")
        await on.pod("high", cpu="1", priority=1000)
        await until_asked(on, remote)
        assert (await on.get("high"))["status"]["nominatedNodeName"] == "n2"
        assert "deletionTimestamp" in (await on.get("second"))["metadata"]
        assert "deletionTimestamp" not in (await on.get("first"))["metadata"]

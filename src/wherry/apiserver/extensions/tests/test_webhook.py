"""Versions that a webhook converts, through a real HTTPS server on loopback."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from wherry.api import Obj
from wherry.apiserver.extensions.tests.custom import (
    DEFINITIONS,
    MERGE,
    WIDGETS,
    Shop,
    definition,
    shop,
    version,
    widget,
)
from wherry.apiserver.tests.harness import Screen
from wherry.transport.messages import Request, Response, Stream
from wherry.transport.server import Server
from wherry.transport.tests.rawclient import Authority, Certificates, until

V2 = WIDGETS.replace("/v1/", "/v2/")
FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder)
    return Certificates(folder, authority.path, authority.issue("server"), authority.issue("apiserver"))


class Hook:
    """A webhook that knows that `size` of v1 is `dimension` in v2; the test may have it answer otherwise."""

    def __init__(self) -> None:
        self.asked: list[Obj] = []
        self.spoil: Callable[[Obj], Any] = lambda review: None
        self.status = 200
        self.wait: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, request: Request) -> Response:
        asked = json.loads(request.body)
        self.asked.append(asked)
        if self.wait is not None:
            await self.wait()
        wanted = asked["request"]["desiredAPIVersion"]
        converted = [_convert(obj, wanted) for obj in asked["request"]["objects"]]
        response = {"uid": asked["request"]["uid"], "result": {"status": "Success"}, "convertedObjects": converted}
        review = {"apiVersion": asked["apiVersion"], "kind": "ConversionReview", "response": response}
        self.spoil(review)
        return Response(self.status, json.dumps(review).encode())


def _convert(obj: Obj, wanted: str) -> Obj:
    before, after = ("size", "dimension") if wanted.endswith("v2") else ("dimension", "size")
    spec = dict(obj.get("spec") or {})
    if before in spec:
        spec[after] = spec.pop(before)
    return {**obj, "apiVersion": wanted, "spec": spec}


class World:
    def __init__(self, server: Shop, hook: Hook, port: int) -> None:
        self.server = server
        self.hook = hook
        self.port = port


@asynccontextmanager
async def converting(certificates: Certificates) -> AsyncIterator[World]:
    hook = Hook()
    there = Server(hook)
    await there.start(tls=certificates.server_context())
    async with shop() as server:
        await server.define(hooked(there.port, certificates))
        yield World(server, hook, there.port)
    await there.stop(0)


def hooked(port: int, certificates: Certificates, **config: Any) -> Obj:
    bundle = base64.b64encode(certificates.ca.read_bytes()).decode()
    client = {"url": f"https://127.0.0.1:{port}/convert", "caBundle": bundle, **config}
    conversion = {"strategy": "Webhook", "webhook": {"clientConfig": client, "conversionReviewVersions": ["v1"]}}
    versions = [version(), version("v2", storage=False)]
    versions[1]["schema"]["openAPIV3Schema"]["properties"]["spec"] = {
        "type": "object",
        "properties": {
            "dimension": {"type": "integer"},
            "color": {"type": "string"},
            "shape": {"default": "round", "type": "string"},
        },
    }
    versions[1]["selectableFields"] = [{"jsonPath": ".spec.dimension"}]
    return definition(versions=versions, conversion=conversion)


@pytest.fixture
async def world(certificates: Certificates) -> AsyncIterator[World]:
    async with converting(certificates) as world:
        yield world


def second(name: str = "b", **spec: Any) -> Obj:
    return widget(name, api_version="shop.example.com/v2", **spec)


async def test_reads_are_converted_once(world: World) -> None:
    made = await world.server.post(WIDGETS, widget(size=1))
    assert world.hook.asked == []
    shown = await world.server.get(f"{V2}/a")
    assert shown["spec"] == {"dimension": 1, "color": "blue", "shape": "round"}
    assert shown["metadata"] == made["metadata"]
    await world.server.get(f"{V2}/a")
    await world.server.get(V2)
    assert len(world.hook.asked) == 1
    asked = world.hook.asked[0]
    assert (asked["kind"], asked["request"]["desiredAPIVersion"]) == ("ConversionReview", "shop.example.com/v2")


async def test_writes_are_kept_in_the_storage_version(world: World) -> None:
    made = await world.server.post(V2, second(dimension=7))
    assert (made["apiVersion"], made["spec"]) == ("shop.example.com/v2", {"dimension": 7, "shape": "round"})
    assert (await world.server.get(f"{WIDGETS}/b"))["spec"] == {"size": 7, "color": "blue"}
    changed = await world.server.call("PATCH", f"{V2}/b", {"spec": {"dimension": 8}}, MERGE)
    assert changed.body["spec"]["dimension"] == 8
    again = await world.server.call("PUT", f"{V2}/b", {**changed.body, "spec": {"dimension": 9}})
    assert again.status == 200, again.body
    assert (await world.server.get(f"{WIDGETS}/b"))["spec"]["size"] == 9
    gone = await world.server.call("DELETE", f"{V2}/b")
    assert gone.status == 200, gone.body


async def test_server_side_apply_speaks_the_version_it_is_asked_in(world: World) -> None:
    apply = {"content-type": "application/apply-patch+yaml"}
    url = f"{V2}/b?fieldManager=me"
    made = await world.server.call("PATCH", url, second(dimension=1), apply)
    assert (made.status, made.body["spec"]["dimension"]) == (201, 1)
    same = await world.server.call("PATCH", url, second(dimension=1), apply)
    assert same.body["metadata"]["resourceVersion"] == made.body["metadata"]["resourceVersion"]
    changed = await world.server.call("PATCH", url, second(dimension=2), apply)
    assert changed.body["spec"]["dimension"] == 2
    assert (await world.server.get(f"{WIDGETS}/b"))["spec"]["size"] == 2
    other = await world.server.call("PATCH", f"{V2}/b?fieldManager=you", second(dimension=3), apply)
    assert other.status == 409
    assert other.body["message"] == 'Apply failed with 1 conflict: conflict with "me": .spec.dimension'


async def test_lists_ask_once_for_all(world: World) -> None:
    for number in range(5):
        await world.server.post(WIDGETS, widget(f"w{number}", size=number + 1))
    page = await world.server.get(V2)
    assert [item["spec"]["dimension"] for item in page["items"]] == [1, 2, 3, 4, 5]
    assert [len(asked["request"]["objects"]) for asked in world.hook.asked] == [5]
    chosen = await world.server.get(f"{V2}?fieldSelector=spec.dimension%3D3")
    assert [item["metadata"]["name"] for item in chosen["items"]] == ["w2"]
    chunk = await world.server.get(f"{V2}?limit=2")
    rest = await world.server.get(f"{V2}?limit=9&continue={chunk['metadata']['continue']}")
    assert [item["spec"]["dimension"] for item in rest["items"]] == [3, 4, 5]


async def test_large_objects_are_converted_few_at_a_time(world: World) -> None:
    for number in range(5):
        await world.server.post(WIDGETS, {**widget(f"w{number}", size=1), "status": {"text": "x" * 1_500_000}})
    assert len((await world.server.get(V2))["items"]) == 5
    assert [len(asked["request"]["objects"]) for asked in world.hook.asked] == [2, 2, 1]


async def test_watches_see_everything_in_order(world: World) -> None:
    await world.server.post(WIDGETS, widget("w0", size=1))
    watch = await world.server.watch(f"{V2}?watch=true")
    for number in (1, 2):
        await world.server.post(WIDGETS, widget(f"w{number}", size=number + 1))
    await world.server.call("DELETE", f"{WIDGETS}/w1")
    await until(lambda: len(watch.events) == 4)
    assert watch.seen == [("ADDED", "w0"), ("ADDED", "w1"), ("ADDED", "w2"), ("DELETED", "w1")]
    assert [event["object"]["spec"]["dimension"] for event in watch.events] == [1, 2, 3, 2]


async def test_watches_with_a_selector_ask_about_the_version_they_show(world: World) -> None:
    watch = await world.server.watch(f"{V2}?watch=true&fieldSelector=spec.dimension%3D2")
    for number in (1, 2):
        await world.server.post(WIDGETS, widget(f"w{number}", size=number))
    changed = await world.server.call("PATCH", f"{WIDGETS}/w2", {"spec": {"size": 3}}, MERGE)
    assert changed.status == 200
    await until(lambda: len(watch.events) == 2)
    assert watch.seen == [("ADDED", "w2"), ("DELETED", "w2")]


async def test_no_bookmark_passes_what_is_still_being_converted(world: World) -> None:
    """Whoever goes on from a bookmark must not miss what came before it."""
    release = asyncio.Event()

    async def wait() -> None:
        await release.wait()

    watch = await world.server.watch(f"{V2}?watch=true&allowWatchBookmarks=true")
    world.hook.wait = wait
    await world.server.post(WIDGETS, widget(size=1))
    await until(lambda: world.hook.asked)
    before = len(watch.events)
    await world.server.clock.advance(61)
    assert len(watch.events) == before
    release.set()
    await until(lambda: len(watch.events) > before)
    await world.server.clock.advance(1)
    assert [event["type"] for event in watch.events[before:]] == ["ADDED", "BOOKMARK"]


async def test_a_watcher_that_leaves_during_a_conversion_is_forgotten(world: World) -> None:
    release = asyncio.Event()

    async def wait() -> None:
        await release.wait()

    await world.server.post(WIDGETS, widget(size=1))
    world.hook.wait = wait
    reply = await world.server.raw("GET", f"{V2}?watch=true")
    assert isinstance(reply, Stream)
    screen = Screen()

    async def begin() -> None:
        started = reply.start(screen)
        assert started is not None
        await started

    beginning = world.server.api.core.tasks.spawn(begin())
    await until(lambda: world.hook.asked)
    kind = next(kind for kind in world.server.api.core.cache.kinds if kind.prefix == "widgets.shop.example.com")
    assert kind.watchers == 1
    screen.leave()
    assert kind.watchers == 0
    release.set()
    await beginning
    assert screen.data == b""


async def test_a_watch_that_cannot_be_shown_ends_with_the_error(world: World) -> None:
    watch = await world.server.watch(f"{V2}?watch=true")
    world.hook.spoil = lambda review: review["response"].update(uid="x")
    await world.server.post(WIDGETS, widget(size=1))
    await until(lambda: watch.is_closed)
    assert watch.events[-1]["type"] == "ERROR"
    assert "expected response.uid" in watch.events[-1]["object"]["message"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda review: review["response"].update(result={"status": "Failed", "message": "I forgot how"}),
            "failed: I forgot how",
        ),
        (
            lambda review: review["response"]["convertedObjects"][0]["metadata"].update(name="c"),
            "returned invalid object: must have the same name: a != c",
        ),
        (lambda review: review["response"].update(convertedObjects=[]), "returned 0 objects, expected 1"),
    ],
    ids=["refusal", "renamed", "nothing"],
)
async def test_a_webhook_that_lies_is_an_error_of_the_server(
    world: World, spoil: Callable[[Obj], Any], message: str
) -> None:
    await world.server.post(WIDGETS, widget(size=1))
    world.hook.spoil = spoil
    answer = await world.server.call("GET", f"{V2}/a")
    assert (answer.status, answer.body.get("reason")) == (500, None)
    assert answer.body["message"] == f"conversion webhook for shop.example.com/v1, Kind=Widget {message}"
    assert (await world.server.call("GET", V2)).status == 500
    assert (await world.server.call("POST", V2, second())).status == 500
    assert (await world.server.call("GET", f"{WIDGETS}/b")).status == 404


async def test_a_webhook_that_fails_says_so(world: World) -> None:
    await world.server.post(WIDGETS, widget(size=1))
    world.hook.status = 404
    answer = await world.server.call("GET", f"{V2}/a")
    about = "conversion webhook for shop.example.com/v1, Kind=Widget failed: "
    assert answer.body["message"] == about + "the server could not find the requested resource"


async def test_a_webhook_that_is_not_who_it_should_be(world: World, certificates: Certificates) -> None:
    await world.server.post(WIDGETS, widget(size=1))
    other = Authority(certificates.folder, "stranger").path.read_bytes()
    patch = {"spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": base64.b64encode(other).decode()}}}}}
    await world.server.redefine(patch)
    answer = await world.server.call("GET", f"{V2}/a")
    assert answer.status == 500
    assert (
        f'failed: Post "https://127.0.0.1:{world.port}/convert?timeout=30s": tls: failed to' in answer.body["message"]
    )


async def test_a_webhook_of_a_service_that_is_not_there(world: World) -> None:
    await world.server.post(WIDGETS, widget(size=1))
    service = {"namespace": "default", "name": "hook", "path": "/convert"}
    patch = {"spec": {"conversion": {"webhook": {"clientConfig": {"url": None, "service": service}}}}}
    await world.server.redefine(patch)
    answer = await world.server.call("GET", f"{V2}/a")
    about = "conversion webhook for shop.example.com/v1, Kind=Widget failed: "
    assert answer.body["message"] == about + 'service "hook" not found'


async def test_a_kind_can_go_whose_webhook_is_gone(world: World) -> None:
    await world.server.post(WIDGETS, widget(size=1))
    world.hook.status = 500
    await world.server.remove()
    await world.server.clock.advance(1)
    await world.server.settle()
    assert (await world.server.call("GET", f"{DEFINITIONS}/widgets.shop.example.com")).status == 404

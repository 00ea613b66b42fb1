"""Lists through `handle`: pages, revisions, forms; and lists and watches against a model."""

from __future__ import annotations

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api.features import features
from wherry.apiserver.tests.harness import CONFIGMAPS, PODS, Server, configmap, pod, serving
from wherry.transport.messages import Response

TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


def names(page: Any) -> list[str]:
    return [item["metadata"]["name"] for item in page["items"]]


async def test_pages_show_one_state(server: Server) -> None:
    for name in "abcde":
        await server.post(CONFIGMAPS, configmap(name))
    first = await server.get(f"{CONFIGMAPS}?limit=2")
    assert names(first) == ["a", "b"]
    assert first["metadata"]["remainingItemCount"] == 3
    await server.call("DELETE", f"{CONFIGMAPS}/c")
    await server.post(CONFIGMAPS, configmap("bb"))
    second = await server.get(f"{CONFIGMAPS}?limit=2&continue={first['metadata']['continue']}")
    assert names(second) == ["c", "d"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    last = await server.get(f"{CONFIGMAPS}?limit=2&continue={second['metadata']['continue']}")
    assert (names(last), "continue" in last["metadata"]) == (["e"], False)


async def test_expired_continue_token_offers_another(server: Server) -> None:
    for name in "abc":
        await server.post(CONFIGMAPS, configmap(name))
    first = await server.get(f"{CONFIGMAPS}?limit=1")
    await server.post(CONFIGMAPS, configmap("d"))
    server.api.core.cache.kind("configmaps").window.forget(server.api.core.cache.revision)
    answer = await server.call("GET", f"{CONFIGMAPS}?limit=1&continue={first['metadata']['continue']}")
    assert (answer.status, answer.body["reason"]) == (410, "Expired")
    assert answer.body["message"].startswith("The provided continue parameter is too old")
    rest = await server.get(f"{CONFIGMAPS}?continue={answer.body['metadata']['continue']}")
    assert names(rest) == ["b", "c", "d"]


async def test_exact_and_not_older_than(server: Server) -> None:
    version = (await server.post(CONFIGMAPS, configmap("a")))["metadata"]["resourceVersion"]
    await server.post(CONFIGMAPS, configmap("b"))
    exact = await server.get(f"{CONFIGMAPS}?resourceVersion={version}&resourceVersionMatch=Exact")
    assert names(exact) == ["a"]
    later = await server.get(f"{CONFIGMAPS}?resourceVersion={version}&resourceVersionMatch=NotOlderThan")
    assert names(later) == ["a", "b"]


async def test_a_version_from_the_future_times_out(server: Server) -> None:
    waiting = asyncio.gather(server.call("GET", f"{CONFIGMAPS}?resourceVersion=1000"))
    await asyncio.sleep(0)
    await server.clock.advance(3.1)
    (answer,) = await waiting
    assert (answer.status, answer.body["reason"]) == (504, "Timeout")
    assert answer.body["message"].startswith("Too large resource version: 1000, current: ")
    assert answer.headers["Retry-After"] == "1"


async def test_selectors(server: Server) -> None:
    await server.post(CONFIGMAPS, configmap("a", {"x": "1"}))
    await server.post(CONFIGMAPS, configmap("b", {"x": "2"}))
    assert names(await server.get(f"{CONFIGMAPS}?labelSelector=x%20in%20(1,3)")) == ["a"]
    assert names(await server.get(f"{CONFIGMAPS}?fieldSelector=metadata.name%21%3Da")) == ["b"]
    await server.post(PODS, pod("p", nodeName="n1"))
    await server.post(PODS, pod("q"))
    assert names(await server.get(f"{PODS}?fieldSelector=spec.nodeName%3Dn1")) == ["p"]


async def test_table_and_partial(server: Server) -> None:
    await server.post(PODS, pod("p"))
    table = await server.get(PODS, TABLE)
    assert table["kind"] == "Table"
    assert table["columnDefinitions"][0] == {
        "name": "Name",
        "type": "string",
        "format": "name",
        "description": table["columnDefinitions"][0]["description"],
        "priority": 0,
    }
    assert table["rows"][0]["cells"][:4] == ["p", "0/1", "Pending", "0"]
    one = await server.get(f"{PODS}/p?includeObject=None", TABLE)
    assert "object" not in one["rows"][0]
    odd = await server.call("GET", f"{PODS}?includeObject=Rows", headers=TABLE)
    assert odd.status == 400
    assert odd.body["message"] == (
        'Unable to convert to Table as requested: includeObject: Invalid value: "Rows": '
        "must be 'Metadata', 'Object', 'None', or empty"
    )
    partial = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    page = await server.get(PODS, partial)
    assert page["kind"] == "PartialObjectMetadataList"
    assert "spec" not in page["items"][0]


STEPS = st.lists(st.tuples(st.sampled_from(["put", "delete"]), st.sampled_from("abcd"), st.booleans()), max_size=25)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS, begin=st.integers(0, 25))
def test_a_list_and_the_watch_from_it_add_up_to_the_present(steps: list[tuple[str, str, bool]], begin: int) -> None:
    """Whatever happens, and wherever a client begins, list + events == list, with and without a selector."""

    async def play() -> None:
        async with serving() as server:
            for query in ("", "&labelSelector=on%3D1"):
                await _check(server, steps, begin, query)

    asyncio.run(play())


async def _check(server: Server, steps: list[tuple[str, str, bool]], begin: int, query: str) -> None:
    state: dict[str, Any] = {}
    screen = None
    for index, (what, name, on) in enumerate([*steps, ("delete", "a", False)]):
        if index == min(begin, len(steps)):
            page = await server.get(f"{CONFIGMAPS}?x=1{query}")
            state = {item["metadata"]["name"]: item for item in page["items"]}
            version = page["metadata"]["resourceVersion"]
            screen = await server.watch(f"{CONFIGMAPS}?watch=1&resourceVersion={version}{query}")
        body = configmap(name, {"on": "1"} if on else None, n=str(index))
        if what == "delete":
            await server.call("DELETE", f"{CONFIGMAPS}/{name}")
        elif (await server.call("PUT", f"{CONFIGMAPS}/{name}", body)).status == 404:
            await server.post(CONFIGMAPS, body)
    for _ in range(6):
        await asyncio.sleep(0)
    assert screen is not None
    for event in screen.events:
        name = event["object"]["metadata"]["name"]
        if event["type"] == "DELETED":
            del state[name]
        else:
            assert (event["type"] == "ADDED") is (name not in state)
            state[name] = event["object"]
    page = await server.get(f"{CONFIGMAPS}?x=1{query}")
    assert state == {item["metadata"]["name"]: item for item in page["items"]}


async def test_long_lists_are_compressed_for_those_who_accept_it(server: Server) -> None:
    for index in range(150):
        await server.post(CONFIGMAPS, configmap(f"c{index}", x="y" * 1000))
    gzip_accepted = {"accept-encoding": "gzip"}
    for form in ({}, TABLE):
        url = f"{CONFIGMAPS}?includeObject=Object"
        plain = await server.raw("GET", url, headers=form)
        packed = await server.raw("GET", url, headers={**form, **gzip_accepted})
        assert isinstance(plain, Response)
        assert isinstance(packed, Response)
        assert ("Content-Encoding", "gzip") in packed.headers
        assert gzip.decompress(b"".join(packed.body)) == b"".join(plain.body)  # type: ignore[arg-type]
    short = await server.raw("GET", f"{CONFIGMAPS}?limit=2", headers=gzip_accepted)
    assert isinstance(short, Response)
    assert ("Content-Encoding", "gzip") not in short.headers


@pytest.mark.parametrize(("method", "query"), [("GET", "limit=1"), ("DELETE", "limit=1"), ("DELETE", "exact")])
async def test_a_state_that_is_still_to_come_cannot_be_listed(server: Server, method: str, query: str) -> None:
    """A token of another control plane, or of this one before its database was restored."""
    await server.post(CONFIGMAPS, configmap("a"))
    token = base64.urlsafe_b64encode(b'{"v":"meta.k8s.io/v1","rv":999999,"start":"default/a\\u0000"}').decode()
    query = f"{query}&continue={token}" if query != "exact" else "resourceVersion=999999&resourceVersionMatch=Exact"
    answer = await server.call(method, f"{CONFIGMAPS}?{query}")
    assert (answer.status, answer.body["reason"]) == (504, "Timeout")
    assert answer.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
    assert len((await server.get(CONFIGMAPS))["items"]) == 1


def token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


REFUSED = yaml.safe_load((Path(__file__).parent / "cases/list_options.yaml").read_text())


@pytest.mark.parametrize("case", REFUSED, ids=[case["name"] for case in REFUSED])
async def test_what_makes_no_sense_is_refused(server: Server, case: dict[str, Any]) -> None:
    query = case["query"] + (f"&continue={token(case['token'])}" if "token" in case else "")
    answer = await server.call("GET", f"{CONFIGMAPS}?{query}")
    assert (answer.status, answer.body["code"]) == (case["status"], case["status"])
    assert case["message"] in answer.body["message"]


async def test_any_negative_revision_of_a_token_is_the_latest(server: Server) -> None:
    for name in "ab":
        await server.post(CONFIGMAPS, configmap(name))
    start = token('{"v":"meta.k8s.io/v1","rv":-7,"start":"default/a\\u0000"}')
    assert names(await server.get(f"{CONFIGMAPS}?continue={start}")) == ["b"]


async def test_a_watched_path_and_its_selector_name_the_same(server: Server) -> None:
    path = "/api/v1/watch/namespaces/default/configmaps/a"
    refused = await server.call("GET", f"{path}?fieldSelector=metadata.name%3Db")
    assert (refused.status, refused.body["message"]) == (
        400,
        "fieldSelector metadata.name doesn't match requested name",
    )
    await server.post(CONFIGMAPS, configmap("a"))
    screen = await server.watch(f"{path}?fieldSelector=metadata.name%3Da")
    assert screen.seen == [("ADDED", "a")]


async def test_an_object_not_older_than_a_version(server: Server) -> None:
    made = await server.post(CONFIGMAPS, configmap("a"))
    version = int(made["metadata"]["resourceVersion"])
    for asked in ("", "0", str(version)):
        assert await server.get(f"{CONFIGMAPS}/a?resourceVersion={asked}") == made
    async with asyncio.TaskGroup() as group:
        early = group.create_task(server.call("GET", f"{CONFIGMAPS}/a?resourceVersion={version + 1}"))
        await asyncio.sleep(0)
        await server.post(CONFIGMAPS, configmap("b"))
    assert early.result().body == made
    async with asyncio.TaskGroup() as group:
        never = group.create_task(server.call("GET", f"{CONFIGMAPS}/a?resourceVersion={version + 9}"))
        await asyncio.sleep(0)
        await server.clock.advance(4)
    assert never.result().status == 504
    assert never.result().body["message"] == f"Too large resource version: {version + 9}, current: {version + 1}"


async def test_any_state_comes_whole_whatever_the_limit(server: Server) -> None:
    for name in "abc":
        await server.post(CONFIGMAPS, configmap(name))
    whole = await server.get(f"{CONFIGMAPS}?limit=1&resourceVersion=0")
    assert names(whole) == ["a", "b", "c"]
    assert "continue" not in whole["metadata"]


async def test_watches_begin_with_all_only_where_the_feature_is_on() -> None:
    async with serving(features=features({"WatchList": False})) as server:
        await server.post(CONFIGMAPS, configmap("a"))
        asked = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        refused = await server.call("GET", f"{CONFIGMAPS}?{asked}")
        why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        assert refused.status == 422
        assert f"sendInitialEvents: Forbidden: {why}" in refused.body["message"]
        screen = await server.watch(f"{CONFIGMAPS}?watch=1&allowWatchBookmarks=true")
        assert [event["type"] for event in screen.events] == ["ADDED"]

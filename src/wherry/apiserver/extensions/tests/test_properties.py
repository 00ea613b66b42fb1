"""Whatever happens to a definition, what a watcher has seen adds up to what a list shows."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.apiserver.extensions.tests.custom import MERGE, WIDGETS, Shop, definition, shop, version, widget

V2 = WIDGETS.replace("/v1/", "/v2/")
NAMES = st.sampled_from(["a", "b", "c"])
STEPS = st.one_of(
    st.tuples(st.just("create"), NAMES, st.sampled_from([WIDGETS, V2])),
    st.tuples(st.just("change"), NAMES, st.integers(1, 3)),
    st.tuples(st.just("delete"), NAMES, st.just(0)),
    st.tuples(st.just("define"), st.sampled_from(["v1", "v2"]), st.sampled_from(["red", "blue", "green"])),
)
"""What to do, to what, and how. Definitions differ in which version is stored and in a default."""


def defined(storing: str, color: str) -> list[Obj]:
    versions = [version(name, storage=name == storing) for name in ("v1", "v2")]
    for each in versions:
        each["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["color"]["default"] = color
    return versions


async def carry_out(server: Shop, step: tuple[str, str, Any]) -> None:
    match step:
        case "create", name, url:
            body = widget(name, api_version="shop.example.com/v2" if url is V2 else "shop.example.com/v1", size=1)
            await server.call("POST", url, body)
        case "change", name, size:
            await server.call("PATCH", f"{WIDGETS}/{name}", {"spec": {"size": size}}, MERGE)
        case "delete", name, _:
            await server.call("DELETE", f"{V2}/{name}")
        case "define", storing, color:
            await server.redefine({"spec": {"versions": defined(storing, color)}})


def remembered(events: list[Obj]) -> dict[str, str]:
    """Names and revisions of what is there, to one who watches."""
    known: dict[str, str] = {}
    for event in events:
        metadata = event["object"]["metadata"]
        if event["type"] == "ADDED":
            assert metadata["name"] not in known
        if event["type"] in ("ADDED", "MODIFIED"):
            known[metadata["name"]] = metadata["resourceVersion"]
        elif event["type"] == "DELETED":
            del known[metadata["name"]]
    return known


async def check(steps: list[tuple[str, str, Any]]) -> None:
    async with shop() as server:
        await server.define(definition(versions=defined("v1", "blue")))
        watches = {url: await server.watch(f"{url}?watch=true") for url in (WIDGETS, V2)}
        for step in steps:
            await carry_out(server, step)
        await server.settle()
        await server.clock.advance(0)
        for url, watch in watches.items():
            listed = (await server.get(url))["items"]
            assert not watch.is_closed
            present = {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in listed}
            assert remembered(watch.events) == present
            assert {item["apiVersion"] for item in listed} <= {"shop.example.com/" + url.split("/")[3]}
            for item in listed:
                assert await server.get(f"{url}/{item['metadata']['name']}") == item
        first, second = [(await server.get(url))["items"] for url in (WIDGETS, V2)]
        assert [{**item, "apiVersion": ""} for item in first] == [{**item, "apiVersion": ""} for item in second]


@settings(max_examples=15, deadline=None)
@given(st.lists(STEPS, max_size=10))
def test_what_is_watched_adds_up_to_what_is_listed(steps: list[tuple[str, str, Any]]) -> None:
    asyncio.run(check(steps))

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from wherry.api import errors
from wherry.api.coordination.lease import LEASES
from wherry.api.core.configmap import CONFIGMAPS
from wherry.apiserver.api import Api, Settings
from wherry.apiserver.attributes import User
from wherry.apiserver.tests import harness
from wherry.client import Client
from wherry.store.memory import MemoryStore
from wherry.testing.clientsuite import configmap
from wherry.testing.clock import ManualClock
from wherry.testing.faults import Faults

URL = harness.CONFIGMAPS


class Place:
    """An API with faults, and both doors to it."""

    def __init__(self, api: Api, clock: ManualClock, faults: Faults) -> None:
        self.faults = faults
        self.clock = clock
        self.api = api
        self.client: Client = api.client().named("mine")
        self.http = harness.Server(api, clock)


@asynccontextmanager
async def open_place() -> AsyncIterator[Place]:
    clock = ManualClock()
    faults = Faults(clock)
    api = Api(Settings(store=MemoryStore(), clock=clock, random=random.Random(7), gate=faults))
    await api.open()
    try:
        yield Place(api, clock, faults)
    finally:
        await api.close()


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with open_place() as place:
        yield place


async def names(place: Place) -> list[str]:
    return [obj["metadata"]["name"] for obj in (await place.client.list(CONFIGMAPS, "default")).items]


async def test_refuses_as_often_as_it_is_told(place: Place) -> None:
    fault = place.faults.fail_next("create", "configmaps", status=503, times=2)
    with pytest.raises(errors.ServiceUnavailable):
        await place.client.create(CONFIGMAPS, configmap("a"))
    refused = await place.http.call("POST", URL, configmap("a"))
    assert (refused.status, refused.body["reason"]) == (503, "ServiceUnavailable")
    assert await names(place) == []
    await place.client.create(CONFIGMAPS, configmap("a"))
    assert (fault.hits, fault.left) == (2, 0)


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        ({}, errors.InternalError, 500),
        ({"status": 409}, errors.Conflict, 409),
        ({"status": 429, "retry_after": 3}, errors.TooManyRequests, 429),
        ({"status": 418}, errors.ApiError, 418),
        ({"reason": "AlreadyExists"}, errors.AlreadyExists, 409),
        ({"reason": "Expired"}, errors.Expired, 410),
    ],
    ids=str,
)
async def test_what_a_status_or_reason_stands_for(
    place: Place, said: dict[str, Any], kind: type[errors.ApiError], code: int
) -> None:
    place.faults.fail_next(**said, times=2)
    with pytest.raises(errors.ApiError) as raised:
        await place.client.get(CONFIGMAPS, "a", "default")
    assert (type(raised.value), raised.value.http_code) == (kind, code)
    assert (await place.http.call("GET", f"{URL}/a")).status == code


async def test_conflicts_name_what_was_to_be_changed(place: Place) -> None:
    await place.client.create(CONFIGMAPS, configmap("a"))
    place.faults.conflict_next("update", "configmaps")
    with pytest.raises(errors.Conflict, match='on configmaps "a": the object has been modified'):
        await place.client.update(CONFIGMAPS, configmap("a", "2"))
    await place.client.update(CONFIGMAPS, configmap("a", "2"))


async def test_slow_requests_take_the_clusters_time(place: Place) -> None:
    with place.faults.slow("create", "configmaps", seconds=2):
        async with asyncio.TaskGroup() as group:
            made = group.create_task(place.client.create(CONFIGMAPS, configmap("a")))
            await place.clock.advance(1.9)
            assert not made.done()
            await place.clock.advance(0.1)
            assert made.done()
    await place.client.create(CONFIGMAPS, configmap("b"))


async def test_a_lost_reply_is_of_a_write_that_happened(place: Place) -> None:
    place.faults.lose_reply("create", "configmaps")
    with pytest.raises(errors.ServiceUnavailable):
        await place.client.create(CONFIGMAPS, configmap("a"))
    assert await names(place) == ["a"]


async def test_throttled_clients_are_told_when_to_come_back(place: Place) -> None:
    place.faults.throttle_next(retry_after=7)
    answer = await place.http.call("GET", URL)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


FITTING: list[tuple[str, str, dict[str, Any], bool]] = [
    ("*", "*", {}, True),
    ("update", "configmaps", {}, True),
    ("update", "config*", {}, True),
    ("patch", "configmaps", {}, False),
    ("update", "configmaps/status", {}, False),
    ("update", "leases", {}, False),
    ("update", "configmaps", {"manager": "mine"}, True),
    ("update", "configmaps", {"manager": "another"}, False),
    ("update", "configmaps", {"user": "system:admin"}, True),
    ("update", "configmaps", {"namespace": "kube-*"}, False),
    ("update", "configmaps", {"name": "a"}, True),
]


@pytest.mark.parametrize(("verb", "resource", "who", "fits"), FITTING, ids=str)
async def test_only_what_fits_is_met(place: Place, verb: str, resource: str, who: dict[str, Any], fits: bool) -> None:
    await place.client.create(CONFIGMAPS, configmap("a"))
    fault = place.faults.fail_next(verb, resource, **who)
    try:
        await place.client.update(CONFIGMAPS, configmap("a", "2"))
    except errors.InternalError:
        assert fits
    else:
        assert not fits
    assert fault.hits == fits


async def test_groups_and_subresources_are_told_apart(place: Place) -> None:
    faults = place.faults
    one, other = faults.fail_next("get", "leases.coordination.k8s.io"), faults.fail_next("get", "leases/*", times=None)
    with pytest.raises(errors.InternalError):
        await place.client.get(LEASES, "x", "default")
    assert (one.hits, other.hits) == (1, 1)


def test_nonsense_is_refused_at_once() -> None:
    faults = Faults(ManualClock())
    with pytest.raises(ValueError, match="there is no verb 'upate'"):
        faults.slow("upate", "pods")
    with pytest.raises(ValueError, match="there is no reason 'Busy'"):
        faults.fail_next("update", "pods", reason="Busy")
    with pytest.raises(ValueError, match="at least once"):
        faults.fail_next("update", "pods", times=0)


async def test_several_faults_meet_one_request(place: Place) -> None:
    place.faults.fail_next("create", "configmaps", times=None)
    slow = place.faults.slow("create", "configmaps", seconds=1)
    async with asyncio.TaskGroup() as group:
        made = group.create_task(refused(place.client))
        await place.clock.advance(1)
        assert made.result()
    slow.remove()
    slow.remove()
    assert await refused(place.client)


async def refused(client: Client) -> bool:
    try:
        await client.create(CONFIGMAPS, configmap("a"))
    except errors.InternalError:
        return True
    return False


async def test_watches_over_http_are_dropped(place: Place) -> None:
    screen = await place.http.watch(f"{URL}?watch=1")
    assert place.faults.drop_watches("leases") == 0
    assert place.faults.drop_watches("configmaps") == 1
    assert screen.is_closed
    assert place.faults.drop_watches() == 0


async def test_watches_in_process_are_dropped(place: Place) -> None:
    await place.client.create(CONFIGMAPS, configmap("a"))
    seen = []
    async for event in place.client.watch(CONFIGMAPS, "default"):
        seen.append(event.object["metadata"]["name"])
        assert place.faults.drop_watches(manager="mine") == 1
    assert seen == ["a"]


@pytest.mark.parametrize("door", ["http", "process"])
async def test_watches_expire(place: Place, door: str) -> None:
    if door == "http":
        screen = await place.http.watch(f"{URL}?watch=1")
        assert place.faults.expire_watches("configmaps") == 1
        [event] = screen.events
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
        assert screen.is_closed
        return
    await place.client.create(CONFIGMAPS, configmap("a"))
    events = place.client.watch(CONFIGMAPS, "default")
    await anext(events)
    place.faults.expire_watches("configmaps")
    with pytest.raises(errors.Expired):
        await anext(events)


async def test_an_isolated_user_reaches_nothing_until_the_network_is_mended(place: Place) -> None:
    node = place.api.client(User("system:node:n1"))
    await place.client.create(CONFIGMAPS, configmap("a"))
    with place.faults.isolate("system:node:n1"):
        with pytest.raises(errors.ServiceUnavailable):
            await node.get(CONFIGMAPS, "a", "default")
        with pytest.raises(errors.ServiceUnavailable):
            await anext(node.watch(CONFIGMAPS, "default"))
        await place.client.get(CONFIGMAPS, "a", "default")
    await node.get(CONFIGMAPS, "a", "default")


VERBS: dict[str, Callable[[Client], Any]] = {
    "get": lambda client: client.get(CONFIGMAPS, "a", "default"),
    "list": lambda client: client.list(CONFIGMAPS, "default"),
    "create": lambda client: client.create(CONFIGMAPS, configmap("b")),
    "update": lambda client: client.update(CONFIGMAPS, configmap("a", "2")),
    "patch": lambda client: client.patch(CONFIGMAPS, "a", {"data": {"x": "2"}}, "default"),
    "delete": lambda client: client.delete(CONFIGMAPS, "a", "default"),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_every_verb_passes_the_gate_and_works_behind_it(place: Place, verb: str) -> None:
    await place.client.create(CONFIGMAPS, configmap("a"))
    fault = place.faults.fail_next(verb, "configmaps")
    with pytest.raises(errors.InternalError):
        await VERBS[verb](place.client)
    await VERBS[verb](place.client)
    assert fault.hits == 1


async def test_applying_passes_the_gate_as_its_manager(place: Place) -> None:
    place.faults.fail_next("patch", "configmaps", manager="tool")
    with pytest.raises(errors.InternalError):
        await place.client.apply(CONFIGMAPS, configmap("a"), manager="tool")
    await place.client.apply(CONFIGMAPS, configmap("a"), manager="tool")


METHODS = [
    ("GET", f"{URL}/a", "get", None),
    ("GET", URL, "list", None),
    ("POST", URL, "create", configmap("b")),
    ("PUT", f"{URL}/a", "update", configmap("a")),
    ("DELETE", f"{URL}/a", "delete", None),
    ("DELETE", URL, "deletecollection", None),
]


@pytest.mark.parametrize(("method", "url", "verb", "body"), METHODS, ids=[method[2] for method in METHODS])
async def test_every_method_passes_the_gate_and_works_behind_it(
    place: Place, method: str, url: str, verb: str, body: Any
) -> None:
    await place.client.create(CONFIGMAPS, configmap("a"))
    place.faults.fail_next(verb, "configmaps")
    assert (await place.http.call(method, url, body)).status == 500
    assert (await place.http.call(method, url, body)).status in (200, 201)

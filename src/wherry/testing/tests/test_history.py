from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import AsyncIterator

import pytest

from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.coordination.lease import LEASES
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.pod import PODS
from wherry.api.errors import AlreadyExists, BadRequest, NotFound
from wherry.apiserver.api import Api, Settings
from wherry.client import Client, Patch
from wherry.controllers import catalog
from wherry.controllers.tests.plane import template
from wherry.reconcile.events import Recorder
from wherry.reconcile.loop import Loops
from wherry.store.memory import MemoryStore
from wherry.testing.clientsuite import configmap, pod
from wherry.testing.clock import ManualClock
from wherry.testing.eventloop import settle
from wherry.testing.history import Entries, History, difference, is_heartbeat
from wherry.transport.messages import Peer, Request, Response


class Place:
    def __init__(self, api: Api, clock: ManualClock, history: History) -> None:
        self.api = api
        self.clock = clock
        self.history = history
        self.client: Client = api.client().named("tester")

    def mine(self, *, refused: bool = False) -> Entries:
        return self.history.entries(refused=refused).where(namespace="default", name="[!k]*")


async def make(limit: int = 100) -> Place:
    clock = ManualClock(start=1_700_000_000)
    history = History(clock, limit=limit)
    api = Api(Settings(store=MemoryStore(), clock=clock, random=random.Random(7), witness=history))
    await api.open()
    return Place(api, clock, history)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    place = await make()
    yield place
    await place.api.close()


async def scenario(place: Place, value: str = "2") -> None:
    await place.client.create(CONFIGMAPS, configmap("a"))
    await place.client.patch(CONFIGMAPS, "a", {"data": {"x": value, "y": "1"}}, "default", type=Patch.MERGE)
    await place.clock.advance(5)
    await place.client.delete(CONFIGMAPS, "a", "default")


async def test_tells_who_wrote_what_and_when(place: Place) -> None:
    await scenario(place)
    lines = [(e.who, e.verb, e.kind, e.key, e.summary()) for e in place.mine()]
    assert lines == [
        ("tester (system:admin)", "create", "ConfigMap", "default/a", "new"),
        ("tester (system:admin)", "patch", "ConfigMap", "default/a", "data.x: 1 -> 2; +data.y: 1"),
        ("tester (system:admin)", "delete", "ConfigMap", "default/a", "gone"),
    ]
    assert [entry.time for entry in place.mine()] == [1_700_000_000, 1_700_000_000, 1_700_000_005]
    revisions = [entry.revision for entry in place.history.entries()]
    assert revisions == sorted(set(revisions))


async def test_has_the_object_before_and_after(place: Place) -> None:
    await scenario(place)
    created, patched, deleted = place.mine()
    assert created.before is None
    assert created.after is not None
    assert patched.before is not None
    assert patched.before["data"] == created.after["data"] == {"x": "1"}
    assert patched.old is created.new
    assert deleted.after is None


async def test_what_was_refused_is_told_to_who_asks(place: Place) -> None:
    await place.client.create(CONFIGMAPS, configmap("a"))
    for _ in range(2):
        with pytest.raises(AlreadyExists):
            await place.client.create(CONFIGMAPS, configmap("a"))
    await place.client.update(CONFIGMAPS, configmap("a"))  # which changes nothing
    await place.client.delete(CONFIGMAPS, "a", "default")
    assert [entry.verb for entry in place.mine()] == ["create", "delete"]
    entries = place.mine(refused=True)
    assert [(entry.verb, entry.code) for entry in entries] == [
        ("create", 0),
        ("create", 409),
        ("create", 409),
        ("delete", 0),
    ]
    message = 'configmaps "a" already exists'
    assert [(entry.reason, entry.message, entry.changes) for entry in entries.refused] == [
        ("AlreadyExists", message, ())
    ] * 2
    _, created, refused, _ = entries.lines()
    assert refused.split() == [
        *(
            "-",
            "2023-11-14T22:13:20Z",
            "tester",
            "(system:admin)",
            "create",
            "ConfigMap",
            "default/a",
            "REFUSED",
            "409",
        ),
        *("AlreadyExists:", *message.split(), "(2", "times)"),
    ]
    since = entries[0].revision
    assert [entry.code for entry in place.history.entries(refused=True).where(since=since, kind="configmaps")] == [
        409,
        409,
        0,
    ]
    assert "409" not in created


async def test_who_only_asks_is_not_refused_by_what_there_is_not(place: Place) -> None:
    with pytest.raises(NotFound):
        await place.client.get(CONFIGMAPS, "a", "default")
    with pytest.raises(BadRequest):
        await place.client.list(CONFIGMAPS, "default", label_selector="!!")
    with pytest.raises(NotFound):
        await place.client.patch(CONFIGMAPS, "a", {"data": {}}, "default")
    refused = place.history.entries(refused=True).refused
    assert [(entry.verb, entry.key, entry.code) for entry in refused] == [
        ("list", "default/", 400),
        ("patch", "default/a", 404),
    ]
    assert "ConfigMap default/*" in str(refused)


async def test_who_is_refused_without_end_pushes_out_no_writes() -> None:
    history = History(ManualClock(), limit_refused=3)
    api = Api(Settings(store=MemoryStore(), witness=history))
    await api.open()
    before = len(history.entries())
    for number in range(5):
        with pytest.raises(NotFound):
            await api.client().delete(CONFIGMAPS, f"a{number}", "default")
    assert [entry.name for entry in history.entries(refused=True).refused] == ["a2", "a3", "a4"]
    assert len(history.entries()) == before
    await api.close()


def told(method: str, path: str, body: bytes = b"", **headers: str) -> Request:
    return Request(method, path, "", {"user-agent": "prober/1.0", **headers}, body, Peer("", None))


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (told("POST", "/api/v1/namespaces/default/configmaps", b"{"), "create ConfigMap default/* 400 BadRequest"),
        (
            told("POST", "/api/v1/namespaces/default/configmaps", b'{"metadata": {"name": "A"}}'),
            "create ConfigMap default/A 422 Invalid",
        ),
        (told("PUT", "/api/v1/namespaces/default/pods/p/status", b"{}"), "update/status Pod default/p 400 BadRequest"),
        (told("GET", "/apis/sea.example.com/v1/boats"), "list boats.sea.example.com * 404 NotFound"),
        (told("GET", "/api/v1/nodes/n"), ""),
        (told("GET", "/nowhere"), ""),
        (told("PATCH", "/api/v1/nodes"), "patch Node * 405 MethodNotAllowed"),
    ],
    ids=[
        "a body that is none",
        "the name of an object that is invalid",
        "a subresource",
        "a kind that there is not",
        "an answer",
        "a plain path",
        "before it is known how",
    ],
)
async def test_who_comes_by_http_is_told_of_too(place: Place, request_: Request, line: str) -> None:
    reply = place.api.handle(request_)
    answer = await reply if inspect.isawaitable(reply) else reply
    assert isinstance(answer, Response)
    assert answer.status >= 400
    refused = place.history.entries(refused=True).refused
    lines = [(*entry.cells()[3:5], entry.code, entry.reason) for entry in refused]
    assert [" ".join(map(str, cells)) for cells in lines] == ([line] if line else [])
    assert {entry.manager for entry in refused} <= {"prober"}


async def test_subresources_are_named(place: Place) -> None:
    await place.client.create(PODS, pod("p"))
    await place.client.patch(PODS, "p", {"status": {"phase": "Running"}}, "default", subresource="status")
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n1"}}
    await place.client.create(PODS, binding, "default", name="p", subresource="binding")
    assert [entry.verb for entry in place.mine()] == ["create", "patch/status", "create/binding"]
    assert place.mine().where(verb="patch")[0].summary() == "status.phase: Pending -> Running"


async def test_controllers_are_told_apart(place: Place) -> None:
    chosen = [
        each for each in catalog.controllers(catalog.Settings(root_ca=str)) if each.name == "replicaset-controller"
    ]
    recorder = Recorder(place.client, place.clock, "controllers")
    loops = Loops(chosen, place.client, place.clock, random.Random(7), recorder)
    await loops.start()
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template("web")}
    await place.client.create(REPLICASETS, {"metadata": {"name": "web"}, "spec": spec}, "default")
    await loops.settled()
    await loops.stop()
    await recorder.close()
    assert [entry.who for entry in place.mine().where(kind="Pod")] == ["replicaset-controller"] * 2
    assert place.mine().where(kind="replicasets.apps", verb="create")[0].controller == ""


async def test_is_filtered_and_printed(place: Place) -> None:
    await scenario(place)
    entries = place.mine()
    assert len(entries.where(verb="delete")) == len(entries.where(kind="configmaps", since=entries[1].revision)) == 1
    assert len(entries.where(who="tester")) == 3
    assert not entries.where(who="somebody")
    head, first, *_ = str(entries).splitlines()
    assert head.split() == ["REVISION", "TIME", "WHO", "VERB", "OBJECT", "CHANGE"]
    assert first.split()[-5:] == ["(system:admin)", "create", "ConfigMap", "default/a", "new"]


async def test_forgets_the_oldest() -> None:
    place = await make(limit=2)
    await scenario(place)
    entries = place.history.entries()
    assert [entry.verb for entry in entries] == ["patch", "delete"]
    assert entries.forgotten > 0
    assert "older writes" in str(entries).splitlines()[1]
    place.history.clear()
    assert (len(place.history.entries()), place.history.entries().forgotten) == (0, 0)
    await place.api.close()


async def test_knows_of_writes_whose_writers_did_not_wait(place: Place) -> None:
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(place.client.create(CONFIGMAPS, configmap("a")))
        await asyncio.sleep(0)
        writing.cancel()
    await settle()
    assert writing.cancelled()
    assert (await place.client.get(CONFIGMAPS, "a", "default"))["data"] == {"x": "1"}
    assert [entry.verb for entry in place.mine()] == ["create"]


async def test_two_runs_are_compared() -> None:
    runs = []
    for value in ("2", "2", "3"):
        place = await make()
        await scenario(place, value)
        runs.append(place.history.entries())
        await place.api.close()
    assert difference(runs[0], runs[1]) == ""
    assert "-" in (parted := difference(runs[0], runs[2]))
    assert "data.x: 1 -> 3" in parted


async def test_is_wound_back_to_a_revision(place: Place) -> None:
    await scenario(place)
    place.history.rewind(place.mine()[1].revision)
    assert [entry.verb for entry in place.mine()] == ["create", "patch"]


async def test_what_was_refused_is_wound_back_too(place: Place) -> None:
    async def refuse() -> None:
        with pytest.raises(NotFound):
            await place.client.delete(CONFIGMAPS, "none", "default")

    await refuse()
    await place.client.create(CONFIGMAPS, configmap("a"))
    revision = place.mine()[-1].revision
    await refuse()
    place.history.rewind(revision, revision + 1)
    assert len(place.mine(refused=True).refused) == 2
    place.history.rewind(revision)
    assert [entry.code for entry in place.mine(refused=True)] == [404, 0]


async def test_leaves_out_what_it_is_told_to() -> None:
    history = History(ManualClock(), leaves_out=is_heartbeat)
    api = Api(Settings(store=MemoryStore(), witness=history))
    await api.open()
    client = api.client()
    lease = {"metadata": {"name": "n"}, "spec": {"holderIdentity": "n"}}
    for namespace in ("kube-node-lease", "default"):
        await client.create(LEASES, lease, namespace)
        await client.patch(LEASES, "n", {"spec": {"holderIdentity": "m"}}, namespace)
        await client.delete(LEASES, "n", namespace)
    verbs = [f"{entry.verb} {entry.namespace}" for entry in history.entries().where(kind="Lease")]
    assert verbs == [
        "create kube-node-lease",
        "delete kube-node-lease",
        "create default",
        "patch default",
        "delete default",
    ]
    await api.close()

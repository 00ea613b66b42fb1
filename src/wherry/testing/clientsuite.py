"""What every `wherry.client.Client` must do, whatever lies between it and the objects.

    class TestHttpClient(ClientSuite):
        def open_client(self) -> AbstractAsyncContextManager[Client]:
            return client_of_a_server_with_an_empty_store()

The server behind it has the namespace `default` and nothing else that the tests look at. What only a connection can do
(break, come back late, be told that it is too old) stands in the HTTP client's own tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import pytest

from wherry.api import Obj
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.pod import PODS
from wherry.api.errors import AlreadyExists, Conflict, Invalid, NotFound
from wherry.api.types.core_v1 import ConfigMap
from wherry.api.types.metadata import Metadata
from wherry.client import Client, Informer, Key, Patch

Change: TypeAlias = tuple[str | None, str | None]
"""What a handler was told, as the values of `data.x`; None for "not there"."""


def configmap(name: str, x: str = "1", namespace: str = "default", **labels: str) -> Obj:
    metadata: Obj = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"x": x}}


def pod(name: str) -> Obj:
    spec = {"containers": [{"name": "main", "image": "example.test/main:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop turn until something has come true; the test's own timeout ends what never does."""
    while not condition():  # noqa: ASYNC110  # what is waited for tells nobody
        await asyncio.sleep(0.001)


def names(informer: Informer[ConfigMap], namespace: str = "") -> list[str]:
    """Which of the test's own objects an informer shows."""
    found = (obj.metadata.name or "" for obj in informer.list(namespace))
    return sorted(name for name in found if name != "kube-root-ca.crt")


class Recorder:
    """A handler that writes down what it hears of ConfigMaps."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, Change]] = []

    def __call__(self, old: ConfigMap | None, new: ConfigMap | None) -> None:
        subject = new or old
        assert subject is not None
        change = (old.data.get("x") if old else None, new.data.get("x") if new else None)
        self.changes.append((subject.metadata.name or "", change))

    def of(self, name: str) -> list[Change]:
        return [change for subject, change in self.changes if subject == name]


class ClientSuite:
    """The suite."""

    def open_client(self) -> AbstractAsyncContextManager[Client]:
        """A client of a server of its own, which ends with it."""
        raise NotImplementedError

    @pytest.fixture
    async def client(self) -> AsyncIterator[Client]:
        async with self.open_client() as client:
            yield client

    # Verbs.

    async def test_what_is_created_can_be_read(self, client: Client) -> None:
        created = await client.create(CONFIGMAPS, configmap("a", "1", app="x"), "default")
        assert created["metadata"]["uid"]
        assert await client.get(CONFIGMAPS, "a", "default") == created

    async def test_the_namespace_may_stand_in_the_object_alone(self, client: Client) -> None:
        await client.create(CONFIGMAPS, configmap("a"))
        assert (await client.get(CONFIGMAPS, "a", "default"))["data"] == {"x": "1"}

    async def test_objects_passed_in_are_not_changed(self, client: Client) -> None:
        obj = configmap("a")
        await client.create(CONFIGMAPS, obj, "default")
        assert obj == configmap("a")
        stored = await client.get(CONFIGMAPS, "a", "default")
        before = {**stored, "metadata": {**stored["metadata"]}}
        stored["data"] = before["data"] = {"x": "2"}
        await client.update(CONFIGMAPS, stored)
        assert stored == before

    async def test_what_comes_out_belongs_to_the_caller(self, client: Client) -> None:
        await client.create(CONFIGMAPS, configmap("a"), "default")
        (await client.get(CONFIGMAPS, "a", "default"))["data"]["x"] = "scribbled"
        assert (await client.get(CONFIGMAPS, "a", "default"))["data"] == {"x": "1"}

    async def test_a_cluster_scoped_kind(self, client: Client) -> None:
        await client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
        assert (await client.get(NAMESPACES, "n"))["metadata"]["name"] == "n"

    async def test_update_needs_the_latest_version(self, client: Client) -> None:
        first = await client.create(CONFIGMAPS, configmap("a"), "default")
        first["data"] = {"x": "2"}
        second = await client.update(CONFIGMAPS, first)
        assert second["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]
        first["data"] = {"x": "3"}
        with pytest.raises(Conflict, match="the object has been modified"):
            await client.update(CONFIGMAPS, first)

    async def test_patches(self, client: Client) -> None:
        await client.create(CONFIGMAPS, configmap("a"), "default")
        merged = await client.patch(CONFIGMAPS, "a", {"data": {"y": "2"}}, "default")
        assert merged["data"] == {"x": "1", "y": "2"}
        steps = [{"op": "remove", "path": "/data/x"}]
        assert (await client.patch(CONFIGMAPS, "a", steps, "default", type=Patch.JSON))["data"] == {"y": "2"}
        labels = {"metadata": {"labels": {"l": "v"}}}
        patched = await client.patch(CONFIGMAPS, "a", labels, "default", type=Patch.STRATEGIC)
        assert patched["metadata"]["labels"] == {"l": "v"}

    async def test_server_side_apply(self, client: Client) -> None:
        await client.apply(CONFIGMAPS, configmap("a", x="1"), manager="one")
        with pytest.raises(Conflict, match=r'conflict with "one": \.data\.x'):
            await client.apply(CONFIGMAPS, configmap("a", x="2"), manager="two")
        taken = await client.apply(CONFIGMAPS, configmap("a", x="2"), manager="two", force=True)
        [entry] = taken["metadata"]["managedFields"]
        assert (entry["manager"], entry["fieldsV1"]) == ("two", {"f:data": {"f:x": {}}})

    async def test_server_side_apply_through_a_subresource(self, client: Client) -> None:
        await client.create(PODS, pod("p"))
        partial: Obj = {"metadata": {"name": "p", "namespace": "default"}, "status": {"reason": "Because"}}
        applied = await client.apply(PODS, partial, manager="one", subresource="status")
        assert applied["status"]["reason"] == "Because"
        assert applied["metadata"]["managedFields"][0]["subresource"] == "status"

    async def test_status_is_written_by_itself(self, client: Client) -> None:
        created = await client.create(PODS, pod("p"), "default")
        created["status"]["message"] = "hello"
        created["spec"]["nodeName"] = "elsewhere"
        updated = await client.update(PODS, created, subresource="status")
        assert updated["status"]["message"] == "hello"
        assert "nodeName" not in updated["spec"]
        patch = {"status": {"reason": "because"}}
        patched = await client.patch(PODS, "p", patch, "default", subresource="status")
        assert (patched["status"]["message"], patched["status"]["reason"]) == ("hello", "because")

    async def test_a_subresource_with_a_body_of_another_kind(self, client: Client) -> None:
        await client.create(PODS, pod("p"), "default")
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": "p", "namespace": "default"},
            "target": {"kind": "Node", "name": "n1"},
        }
        await client.create(PODS, binding, "default", name="p", subresource="binding")
        assert (await client.get(PODS, "p", "default"))["spec"]["nodeName"] == "n1"

    async def test_delete(self, client: Client) -> None:
        for name in "abc":
            await client.create(CONFIGMAPS, configmap(name, tier=name), "default")
        await client.delete(CONFIGMAPS, "a", "default")
        with pytest.raises(NotFound, match='configmaps "a" not found'):
            await client.get(CONFIGMAPS, "a", "default")
        await client.delete_collection(CONFIGMAPS, "default", label_selector="tier=b", propagation="Background")
        assert [each["metadata"]["name"] for each in (await client.list(CONFIGMAPS, "default")).items] == ["c"]

    async def test_delete_only_what_was_meant(self, client: Client) -> None:
        created = await client.create(CONFIGMAPS, configmap("a"), "default")
        with pytest.raises(Conflict):
            await client.delete(CONFIGMAPS, "a", "default", uid="another")
        with pytest.raises(Conflict):
            await client.delete(CONFIGMAPS, "a", "default", resource_version="1")
        await client.delete(CONFIGMAPS, "a", "default", uid=created["metadata"]["uid"])

    async def test_errors_have_their_class_and_status(self, client: Client) -> None:
        await client.create(CONFIGMAPS, configmap("a"), "default")
        with pytest.raises(AlreadyExists) as exists:
            await client.create(CONFIGMAPS, configmap("a"), "default")
        assert exists.value.http_code == 409
        assert exists.value.details == {"name": "a", "kind": "configmaps"}
        with pytest.raises(Invalid) as invalid:
            await client.create(CONFIGMAPS, configmap("Not A Name"), "default")
        assert invalid.value.details is not None
        assert invalid.value.details["causes"][0]["field"] == "metadata.name"
        with pytest.raises(NotFound):
            await client.delete(CONFIGMAPS, "b", "default")

    async def test_lists_and_their_selectors(self, client: Client) -> None:
        await client.create(CONFIGMAPS, configmap("a", app="x"), "default")
        await client.create(CONFIGMAPS, configmap("b", app="y"), "default")
        await client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
        await client.create(CONFIGMAPS, configmap("c", "1", "n", app="x"), "n")
        everywhere = await client.list(CONFIGMAPS, label_selector="app")
        assert [item["metadata"]["name"] for item in everywhere.items] == ["a", "b", "c"]
        assert everywhere.resource_version
        chosen = await client.list(CONFIGMAPS, "n", label_selector="app")
        assert [item["metadata"]["name"] for item in chosen.items] == ["c"]
        chosen = await client.list(CONFIGMAPS, "default", label_selector="app=x")
        assert [item["metadata"]["name"] for item in chosen.items] == ["a"]
        chosen = await client.list(CONFIGMAPS, field_selector="metadata.name=b")
        assert [item["metadata"]["name"] for item in chosen.items] == ["b"]
        assert (chosen.items[0]["apiVersion"], chosen.items[0]["kind"]) == ("v1", "ConfigMap")

    async def test_lists_in_pages(self, client: Client) -> None:
        for number in range(5):
            await client.create(CONFIGMAPS, configmap(f"p{number}", page="yes"), "default")
        found, token = list[str](), ""
        while True:
            page = await client.list(CONFIGMAPS, "default", label_selector="page", limit=2, continue_token=token)
            assert len(page.items) <= 2
            found += [item["metadata"]["name"] for item in page.items]
            if not (token := page.continue_token):
                break
        assert found == ["p0", "p1", "p2", "p3", "p4"]

    async def test_a_watch_goes_on_from_a_list(self, client: Client) -> None:
        version = (await client.list(CONFIGMAPS, "default")).resource_version
        await client.create(CONFIGMAPS, configmap("a"), "default")
        await client.patch(CONFIGMAPS, "a", {"data": {"x": "2"}}, "default")
        await client.delete(CONFIGMAPS, "a", "default")
        seen: list[tuple[str, str]] = []
        watch = client.watch(CONFIGMAPS, "default", resource_version=version)
        async for event in watch:
            if event.type != "BOOKMARK":
                seen.append((event.type, event.object["data"]["x"]))
            if len(seen) == 3:
                break
        if isinstance(watch, AsyncGenerator):
            await watch.aclose()
        assert seen == [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")]

    async def test_the_kinds_that_are_served(self, client: Client) -> None:
        resources = await client.resources()
        assert CONFIGMAPS in resources
        assert PODS in resources
        assert len({(resource.group, resource.plural) for resource in resources}) == len(resources)

    # Informers.

    async def test_an_informer_shows_what_there_is(self, client: Client) -> None:
        await client.create(CONFIGMAPS, configmap("a"), "default")
        informer = client.informer(CONFIGMAPS, ConfigMap)
        await informer.wait_synced()
        assert informer.resource is CONFIGMAPS
        assert names(informer) == ["a"]
        assert names(informer, "default") == ["a"]
        assert names(informer, "elsewhere") == []
        view = informer.get(Key("default", "a"))
        assert view is not None
        assert view.data == {"x": "1"}
        assert informer.get(Key("default", "b")) is None

    async def test_an_informer_is_shared(self, client: Client) -> None:
        informer: object = client.informer(CONFIGMAPS, ConfigMap)
        assert client.informer(CONFIGMAPS, ConfigMap) is informer
        assert client.informer(CONFIGMAPS, Metadata) is not informer

    async def test_an_informer_follows(self, client: Client) -> None:
        informer = client.informer(CONFIGMAPS, ConfigMap)
        await informer.wait_synced()
        await client.create(CONFIGMAPS, configmap("a"), "default")
        await until(lambda: names(informer) == ["a"])
        await client.patch(CONFIGMAPS, "a", {"data": {"x": "2"}}, "default")
        await until(lambda: (view := informer.get(Key("default", "a"))) and view.data == {"x": "2"})
        await client.delete(CONFIGMAPS, "a", "default")
        await until(lambda: names(informer) == [])

    async def test_handlers_hear_everything_in_order(self, client: Client) -> None:
        informer = client.informer(CONFIGMAPS, ConfigMap)
        await informer.wait_synced()
        recorder = Recorder()
        informer.add_handler(recorder)
        await client.create(CONFIGMAPS, configmap("a"), "default")
        for number in range(2, 5):
            await client.patch(CONFIGMAPS, "a", {"data": {"x": str(number)}}, "default")
        await client.delete(CONFIGMAPS, "a", "default")
        await until(lambda: len(recorder.of("a")) == 5)
        assert recorder.of("a") == [(None, "1"), ("1", "2"), ("2", "3"), ("3", "4"), ("4", None)]

    async def test_a_late_handler_hears_first_what_there_is(self, client: Client) -> None:
        await client.create(CONFIGMAPS, configmap("a"), "default")
        informer = client.informer(CONFIGMAPS, ConfigMap)
        await informer.wait_synced()
        recorder = Recorder()
        informer.add_handler(recorder)
        assert recorder.of("a") == [(None, "1")]
        await client.delete(CONFIGMAPS, "a", "default")
        await until(lambda: len(recorder.of("a")) == 2)
        assert recorder.of("a") == [(None, "1"), ("1", None)]

    async def test_a_handler_finds_the_state_in_which_it_is_called(self, client: Client) -> None:
        informer = client.informer(CONFIGMAPS, ConfigMap)
        informer.add_index("x", lambda obj: (obj.data.get("x", ""),))
        await informer.wait_synced()
        found: list[tuple[bool, bool]] = []

        def handler(old: ConfigMap | None, new: ConfigMap | None) -> None:
            subject = new or old
            if subject is not None and subject.metadata.name == "a":
                indexed = any(obj.metadata.name == "a" for obj in informer.by_index("x", "7"))
                found.append((informer.get(Key("default", "a")) is not None, indexed))

        informer.add_handler(handler)
        await client.create(CONFIGMAPS, configmap("a", "7"), "default")
        await until(lambda: len(found) == 1)
        await client.delete(CONFIGMAPS, "a", "default")
        await until(lambda: len(found) == 2)
        assert found == [(True, True), (False, False)]

    async def test_a_handler_that_fails_keeps_no_other_from_its_call(self, client: Client) -> None:
        informer = client.informer(CONFIGMAPS, ConfigMap)
        await informer.wait_synced()

        def fail(old: ConfigMap | None, new: ConfigMap | None) -> None:
            raise RuntimeError("a handler's own trouble")

        recorder = Recorder()
        informer.add_handler(fail)
        informer.add_handler(recorder)
        await client.create(CONFIGMAPS, configmap("a"), "default")
        await until(lambda: recorder.of("a"))

    async def test_indexes_follow(self, client: Client) -> None:
        await client.create(CONFIGMAPS, configmap("a", "red"), "default")
        informer = client.informer(CONFIGMAPS, ConfigMap)
        await informer.wait_synced()
        informer.add_index("colour", lambda obj: (obj.data.get("x", ""),))
        informer.add_index("colour", lambda obj: ("ignored",))

        def of(colour: str) -> list[str | None]:
            return [obj.metadata.name for obj in informer.by_index("colour", colour)]

        assert of("red") == ["a"]
        await client.patch(CONFIGMAPS, "a", {"data": {"x": "blue"}}, "default")
        await until(lambda: of("blue") == ["a"])
        assert of("red") == []
        await client.delete(CONFIGMAPS, "a", "default")
        await until(lambda: of("blue") == [])

    async def test_an_informer_with_a_field_selector(self, client: Client) -> None:
        informer = client.informer(CONFIGMAPS, ConfigMap, field_selector="metadata.name=a")
        await informer.wait_synced()
        recorder = Recorder()
        informer.add_handler(recorder)
        await client.create(CONFIGMAPS, configmap("b"), "default")
        await client.create(CONFIGMAPS, configmap("a"), "default")
        await until(lambda: recorder.changes)
        assert recorder.changes == [("a", (None, "1"))]
        assert names(informer) == ["a"]
        assert informer.get(Key("default", "b")) is None

    async def test_a_view_of_part_of_an_object(self, client: Client) -> None:
        informer = client.informer(CONFIGMAPS, Metadata)
        await informer.wait_synced()
        await client.create(CONFIGMAPS, configmap("a", "1", app="x"), "default")
        await until(lambda: informer.get(Key("default", "a")))
        view = informer.get(Key("default", "a"))
        assert view is not None
        assert view.metadata.labels == {"app": "x"}

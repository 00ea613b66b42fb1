"""Informers in process: whose views they show. What all informers have in common stands in the suite of clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec import Struct

from wherry.api import Obj
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.types.core_v1 import ConfigMap, Pod
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.api.types.metadata import Metadata
from wherry.apiserver.informer import InProcessInformer, shows_metadata
from wherry.apiserver.inprocess import InProcessClient
from wherry.apiserver.tests.harness import serving
from wherry.client import Key
from wherry.reconcile.acting import act_as, acting

WEB = Key("default", "web")


class Labels(Struct):
    labels: dict[str, str]


class Partial(Struct):
    """A view that leaves out most of the metadata."""

    metadata: Labels
    api_version: str = ""
    kind: str = ""


class OnlyData(Struct):
    data: dict[str, str]


def configmap(text: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"text": text}}


@asynccontextmanager
async def opened() -> AsyncIterator[InProcessClient]:
    async with serving() as server:
        client = server.api.client()
        await client.create(CONFIGMAPS, configmap("one"), "default")
        yield client


class Heard:
    """A handler that remembers."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, Any]] = []

    def __call__(self, old: Any, new: Any) -> None:
        self.pairs.append((old, new))


@pytest.mark.parametrize("metadata_first", [True, False], ids=["metadata hears first", "the whole hears first"])
async def test_who_looks_at_metadata_is_shown_what_another_has_of_the_whole(metadata_first: bool) -> None:
    async with opened() as client:
        views: list[type[Any]] = [Metadata, ConfigMap] if metadata_first else [ConfigMap, Metadata]
        informers = {view: client.informer(CONFIGMAPS, view) for view in views}
        heard = {view: Heard() for view in views}
        for view in views:
            informers[view].add_handler(heard[view])
        for text in ("two", "three"):
            await client.patch(CONFIGMAPS, "web", {"data": {"text": text}}, "default")
        await client.delete(CONFIGMAPS, "web", "default")

        partial, whole = heard[Metadata].pairs[-3:], heard[ConfigMap].pairs[-3:]
        assert all(a is b for one, other in zip(partial, whole, strict=True) for a, b in zip(one, other, strict=True))
        assert [old.data["text"] for old, _ in whole] == ["one", "two", "three"]
        assert whole[-1][1] is None


async def test_without_a_listener_to_the_whole_metadata_is_all_that_is_decoded() -> None:
    async with opened() as client:
        whole: InProcessInformer[Any] = client.informer(CONFIGMAPS, ConfigMap)
        metadata: InProcessInformer[Any] = client.informer(CONFIGMAPS, Metadata)
        assert type(metadata.get(WEB)) is Metadata
        whole.add_handler(Heard())
        assert type(metadata.get(WEB)) is ConfigMap
        assert [type(view) for view in metadata.list("default") if view.metadata.name == "web"] == [ConfigMap]
        whole.close()
        assert type(metadata.get(WEB)) is Metadata


@pytest.mark.parametrize(
    ("view", "shows"),
    [
        pytest.param(Pod, True, id="a generated view"),
        pytest.param(ConfigMap, True, id="another"),
        pytest.param(Metadata, True, id="metadata itself"),
        pytest.param(ObjectMeta, False, id="no object"),
        pytest.param(Partial, False, id="a part of the metadata"),
        pytest.param(OnlyData, False, id="none of it"),
    ],
)
def test_which_views_show_all_metadata(view: type[Any], shows: bool) -> None:
    assert shows_metadata(view) is shows


async def test_what_handlers_start_is_nobodys_work() -> None:
    async with opened() as client:
        seen: list[str] = []
        client.informer(CONFIGMAPS, ConfigMap).add_handler(lambda old, new: seen.append(acting()))
        act_as("writer")
        await client.patch(CONFIGMAPS, "web", {"data": {"text": "two"}}, "default")
        assert set(seen) == {""}
        assert acting() == "writer"


async def test_a_handler_that_fails_disturbs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as client:
        informer, heard = client.informer(CONFIGMAPS, ConfigMap), Heard()

        def fail(old: Any, new: Any) -> None:
            raise RuntimeError("no")

        informer.add_handler(fail)
        informer.add_handler(heard)
        before = len(heard.pairs)
        await client.patch(CONFIGMAPS, "web", {"data": {"text": "two"}}, "default")
        assert len(heard.pairs) == before + 1
        assert "an informer's handler failed" in caplog.text

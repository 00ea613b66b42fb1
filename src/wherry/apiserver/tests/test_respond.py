"""The forms in which objects, lists, errors and events are answered."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml

from wherry.apiserver.protobuf.reading import read
from wherry.apiserver.protobuf.wire import fields
from wherry.apiserver.protobuf.writing import write_any
from wherry.apiserver.respond import warning_headers
from wherry.apiserver.tests.harness import CONFIGMAPS, PODS, Server, configmap, pod, serving
from wherry.transport.messages import Response, Takeover

PROTOBUF = "application/vnd.kubernetes.protobuf"
TYPED = {"accept": f"{PROTOBUF},application/json"}
PARTIAL = "as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


async def answer(server: Server, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Response:
    reply = await server.raw(method, url, body, headers)
    assert isinstance(reply, Response)
    if isinstance(reply.body, list):
        reply.body = b"".join(reply.body)
    return reply


def content(reply: Response) -> bytes:
    assert isinstance(reply.body, bytes)
    return reply.body


async def test_an_object_in_protobuf(server: Server) -> None:
    made = await server.post(PODS, pod("a"))
    reply = await answer(server, "GET", f"{PODS}/a", TYPED)
    assert reply.content_type == PROTOBUF
    assert read(content(reply)) == made


async def test_what_was_written_is_answered_in_protobuf(server: Server) -> None:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}
    headers = {**TYPED, "content-type": PROTOBUF}
    reply = await answer(server, "POST", CONFIGMAPS, headers, write_any(obj))
    assert (reply.status, reply.content_type) == (201, PROTOBUF)
    assert read(content(reply)) == await server.get(f"{CONFIGMAPS}/a")


async def test_errors_in_protobuf(server: Server) -> None:
    reply = await answer(server, "GET", f"{PODS}/nobody", TYPED)
    assert (reply.status, reply.content_type) == (404, PROTOBUF)
    assert read(content(reply)) == (await server.call("GET", f"{PODS}/nobody")).body


@pytest.mark.parametrize("count", [0, 3, 120])
async def test_lists_in_every_form(server: Server, count: int) -> None:
    for number in range(count):
        await server.post(CONFIGMAPS, configmap(f"a{number:03}", text="one\n\ntwo: ü\n" + "x " * 60))
    listed = await server.get(CONFIGMAPS)
    in_protobuf = await answer(server, "GET", CONFIGMAPS, TYPED)
    bare = [{key: item[key] for key in item if key not in ("apiVersion", "kind")} for item in listed["items"]]
    assert read(content(in_protobuf)) == {**listed, "items": bare} if count else True
    in_yaml = await answer(server, "GET", CONFIGMAPS, {"accept": "application/yaml"})
    assert yaml.load(content(in_yaml), yaml.BaseLoader) == yaml.load(yaml.dump(listed), yaml.BaseLoader)
    pretty = await answer(server, "GET", f"{CONFIGMAPS}?pretty=true", {})
    assert content(pretty).decode() == json.dumps(listed, indent=2, ensure_ascii=False) + "\n"
    accept = f"{PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    metadata = read(content(await answer(server, "GET", CONFIGMAPS, {"accept": accept})))
    assert metadata["kind"] == "PartialObjectMetadataList"
    assert [item["metadata"] for item in metadata.get("items", ())] == [item["metadata"] for item in listed["items"]]


async def test_people_get_indented_json(server: Server) -> None:
    await server.post(CONFIGMAPS, configmap("a"))
    for headers, url in (
        ({"user-agent": "curl/8.0"}, f"{CONFIGMAPS}/a"),
        ({"accept": "application/json;pretty=1"}, f"{CONFIGMAPS}/a"),
        ({"user-agent": "Mozilla/5.0 (X11)"}, f"{CONFIGMAPS}/nobody"),
        ({"user-agent": "curl/8.0"}, "/version"),
        ({"user-agent": "curl/8.0"}, "/apis/apps/v1"),
    ):
        assert content(await answer(server, "GET", url, headers)).startswith(b'{\n  "')
    plain = await answer(server, "GET", f"{CONFIGMAPS}/a?pretty=false", {"user-agent": "curl/8.0"})
    assert b"\n" not in content(plain).strip()


async def test_a_large_object_is_compressed(server: Server) -> None:
    made = await server.post(CONFIGMAPS, configmap("a", k="x" * 200_000))
    reply = await answer(server, "GET", f"{CONFIGMAPS}/a", {"accept-encoding": "deflate, gzip"})
    assert dict(reply.headers)["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(content(reply))) == made
    for encodings in ("identity", "gzip;q=0"):
        reply = await answer(server, "GET", f"{CONFIGMAPS}/a", {"accept-encoding": encodings})
        assert json.loads(content(reply)) == made


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_large_answer_to_a_write_is_compressed(server: Server, method: str) -> None:
    obj = configmap("a", k="x" * 200_000)
    obj["metadata"]["finalizers"] = ["example.com/wait"]
    url = CONFIGMAPS if method == "POST" else f"{CONFIGMAPS}/a"
    if method != "POST":
        await server.post(CONFIGMAPS, obj)
    content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
    headers = {"accept-encoding": "gzip", "content-type": content_type}
    body = b"" if method == "DELETE" else json.dumps(obj).encode()
    reply = await answer(server, method, url, headers, body)
    assert (reply.status, dict(reply.headers)["Content-Encoding"]) in ((200, "gzip"), (201, "gzip"))
    assert json.loads(gzip.decompress(content(reply))) == await server.get(f"{CONFIGMAPS}/a")


async def test_built_in_kinds_and_discovery_do_not_know_head(server: Server) -> None:
    await server.post(CONFIGMAPS, configmap("a"))
    for path in (CONFIGMAPS, f"{CONFIGMAPS}/a", f"{PODS}/p/log", "/api", "/apis", "/api/v1", "/version"):
        reply = await answer(server, "HEAD", path, {})
        assert reply.status == 405, path
        assert json.loads(content(reply))["reason"] == "MethodNotAllowed"
    for path in ("/healthz", "/readyz", "/livez"):
        assert (await answer(server, "HEAD", path, {})).status == 200


@pytest.mark.parametrize(
    ("accept", "message"),
    [
        (
            f"{PROTOBUF};as=Table;g=meta.k8s.io;v=v1",
            f"only the following media types are accepted: application/json, application/yaml, {PROTOBUF}",
        ),
        (
            "text/html",
            f"only the following media types are accepted: application/json, application/yaml, {PROTOBUF}",
        ),
    ],
)
async def test_not_acceptable(server: Server, accept: str, message: str) -> None:
    refused = await server.call("GET", PODS, headers={"accept": accept})
    assert (refused.status, refused.body["reason"], refused.body["message"]) == (406, "NotAcceptable", message)


async def test_there_is_no_watch_in_yaml(server: Server) -> None:
    refused = await server.call("GET", f"{PODS}?watch=1", headers={"accept": "application/yaml"})
    assert refused.status == 406
    assert refused.content_type == "application/yaml"
    text = f"only the following media types are accepted: application/json;stream=watch, {PROTOBUF};stream=watch"
    assert text in refused.body


async def test_a_watch_in_protobuf(server: Server) -> None:
    made = await server.post(PODS, pod("a"))
    accept = {"accept": f"{PROTOBUF};stream=watch"}
    initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    screen = await server.watch(f"{PODS}?watch=1&{initial}", accept)
    await server.call("DELETE", f"{PODS}/a?gracePeriodSeconds=0")
    for _ in range(6):
        await asyncio.sleep(0)
    events = list(frames(screen.data))
    assert [kind for kind, _ in events] == ["ADDED", "BOOKMARK", "DELETED"]
    assert events[0][1] == made
    assert events[1][1]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert events[2][1]["metadata"]["uid"] == made["metadata"]["uid"]


async def test_an_expired_watch_ends_with_an_error_in_protobuf(server: Server) -> None:
    await server.post(PODS, pod("a"))
    await server.post(PODS, pod("b"))
    server.api.core.cache.kind("pods").window.forget(server.api.core.cache.revision)
    screen = await server.watch(f"{PODS}?watch=1&resourceVersion=1", {"accept": PROTOBUF})
    [(kind, status)] = frames(screen.data)
    assert (kind, status["kind"], status["code"], status["reason"]) == ("ERROR", "Status", 410, "Expired")


async def test_metadata_watches_in_protobuf(server: Server) -> None:
    made = await server.post(PODS, pod("a"))
    screen = await server.watch(f"{PODS}?watch=1", {"accept": f"{PROTOBUF};{PARTIAL},application/json;{PARTIAL}"})
    [(kind, obj)] = frames(screen.data)
    assert (kind, obj["kind"], obj["metadata"]) == ("ADDED", "PartialObjectMetadata", made["metadata"])


def frames(data: bytes) -> list[tuple[str, Any]]:
    """(type, object) of each event of a stream."""
    found = []
    while data:
        size = int.from_bytes(data[:4], "big")
        event = dict(fields(data[4 : 4 + size]))
        kind, wrapped = event[1], event[2]
        assert isinstance(kind, bytes)
        assert isinstance(wrapped, bytes)
        enveloped = dict(fields(wrapped))[1]
        assert isinstance(enveloped, bytes)
        found.append((kind.decode(), read(enveloped)))
        data = data[4 + size :]
    return found


def test_many_warnings_are_shortened_and_cut() -> None:
    assert warning_headers(["a\\b", 'say "x"', "line\nend"]) == (
        ("Warning", '299 - "a\\\\b"'),
        ("Warning", '299 - "say \\"x\\""'),
    )
    whole = warning_headers(["x" * 2048, "y" * 2048])
    assert [len(value) for _, value in whole] == [2048 + 8] * 2
    cut = warning_headers([f"{number:03}" + "x" * 500 for number in range(40)])
    assert [len(value) for _, value in cut] == [256 + 8] * 16


async def test_who_asks_for_a_deprecated_kind_is_warned(server: Server) -> None:
    text = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"'
    path = "/api/v1/namespaces/default/endpoints"
    made = await server.raw("POST", path, b'{"metadata":{"name":"a"}}', {"content-type": "application/json"})
    for reply in (made, await server.raw("GET", path), await server.raw("GET", f"{path}?watch=1")):
        assert not isinstance(reply, Takeover)
        assert [value for name, value in reply.headers if name == "Warning"] == [text]


@pytest.mark.parametrize("path", ["/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1"])
async def test_discovery_in_every_form(server: Server, path: str) -> None:
    told = await server.get(path)
    in_yaml = await answer(server, "GET", path, {"accept": "application/yaml"})
    assert yaml.safe_load(content(in_yaml)) == told
    in_protobuf = await answer(server, "GET", path, TYPED)
    assert in_protobuf.content_type == PROTOBUF
    found = read(content(in_protobuf))
    assert found["kind"] == told["kind"]
    for name in ("groups", "versions", "resources"):
        assert len(found.get(name, ())) == len(told.get(name, ()))

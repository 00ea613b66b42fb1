from __future__ import annotations

import gzip
import json
from urllib.parse import urlsplit

import pytest

from wherry.api.errors import MethodNotAllowed, NotFound
from wherry.api.registry import Registry
from wherry.apiserver.attributes import User
from wherry.apiserver.openapi.serve import FOR_EVER, OpenAPIPaths
from wherry.transport.messages import Peer, Request

PATHS = OpenAPIPaths(Registry())
SOMEONE = User("someone")


def request(url: str, method: str = "GET", **headers: str) -> Request:
    parts = urlsplit(url)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, parts.path, parts.query, named, b"", Peer("127.0.0.1", None))


async def test_from_the_index_to_a_document_that_may_be_kept_for_ever() -> None:
    index = await PATHS.v3(request("/openapi/v3"), SOMEONE)
    assert isinstance(index.body, bytes)
    url = json.loads(index.body)["paths"]["apis/apps/v1"]["serverRelativeURL"]
    found = await PATHS.v3(request(url), SOMEONE)
    assert found.status == 200
    assert dict(found.headers)["Cache-Control"] == FOR_EVER
    again = await PATHS.v3(request(url, if_none_match=dict(found.headers)["ETag"]), SOMEONE)
    assert (again.status, again.body) == (304, b"")


async def test_an_old_hash_leads_to_the_new_one() -> None:
    moved = await PATHS.v3(request("/openapi/v3/api/v1?hash=OLD"), SOMEONE)
    assert moved.status == 301
    assert (await PATHS.v3(request(dict(moved.headers)["Location"]), SOMEONE)).status == 200


async def test_v2() -> None:
    found = await PATHS.v2(request("/openapi/v2", accept="application/json"), SOMEONE)
    assert isinstance(found.body, bytes)
    assert json.loads(found.body)["swagger"] == "2.0"


@pytest.mark.parametrize(
    ("url", "accept", "status"),
    [
        ("/openapi/v2", "text/html", 406),
        ("/openapi/v2", "text/html, */*;q=0.1", 200),
        ("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf", 200),
        ("/openapi/v3", "text/html", 200),
        ("/openapi/v3/apis/apps/v1", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf", 406),
        ("/openapi/v3/apis/apps/v1", "application/json;q=0.8", 200),
    ],
)
async def test_forms_that_there_are_not(url: str, accept: str, status: int) -> None:
    serve = PATHS.v2 if url.endswith("v2") else PATHS.v3
    assert (await serve(request(url, accept=accept), SOMEONE)).status == status


async def test_refuses() -> None:
    with pytest.raises(NotFound):
        await PATHS.v3(request("/openapi/v3/apis/bogus/v1"), SOMEONE)
    with pytest.raises(MethodNotAllowed):
        await PATHS.v3(request("/openapi/v3", "POST"), SOMEONE)


async def test_documents_are_packed_on_request() -> None:
    plain = await PATHS.v3(request("/openapi/v3/apis/apps/v1"), SOMEONE)
    packed = await PATHS.v3(request("/openapi/v3/apis/apps/v1", accept_encoding="gzip"), SOMEONE)
    assert isinstance(packed.body, bytes)
    assert dict(packed.headers)["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body

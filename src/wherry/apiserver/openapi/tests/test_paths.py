"""Where the OpenAPI documents are found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable

import pytest

from wherry.api.registry import Registry
from wherry.apiserver.attributes import User
from wherry.apiserver.openapi.paths import openapi_paths
from wherry.transport.messages import Peer, Request, Response

PATHS = openapi_paths(Registry())


async def ask(url: str) -> Response:
    answer = PATHS[url](Request("GET", url, "", {}, b"", Peer("127.0.0.1", None)), User("someone"))
    assert isinstance(answer, Awaitable)
    found = await answer
    assert isinstance(found, Response)
    return found


@pytest.mark.parametrize(
    ("url", "key"), [("/openapi/v2", "swagger"), ("/openapi/v3", "paths"), ("/openapi/v3/", "paths")]
)
async def test_each_path_has_its_document(url: str, key: str) -> None:
    found = await ask(url)
    assert found.status == 200
    assert isinstance(found.body, bytes)
    assert key in json.loads(found.body)


async def test_first_requests_at_once_share_one_index() -> None:
    first, second = await asyncio.gather(ask("/openapi/v3"), ask("/openapi/v3"))
    assert first == second

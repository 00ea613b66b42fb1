"""The paths of the OpenAPI documents. What serves them is imported beside the loop, with the first request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Protocol

from wherry.api.registry import Registry
from wherry.apiserver.attributes import User
from wherry.apiserver.exchange import Answer
from wherry.transport.messages import Request, Response

V2, V3 = "/openapi/v2", "/openapi/v3"

Handler = Callable[[Request, User], Answer]


class Documents(Protocol):
    """Serves documents; see `serve.py`."""

    async def v2(self, request: Request, user: User, /) -> Response: ...
    async def v3(self, request: Request, user: User, /) -> Response: ...


def openapi_paths(registry: Registry) -> Mapping[str, Handler]:
    """Handlers by path, for `Settings.paths`."""
    late = _Late(registry)
    return {V2: late.v2, V3: late.v3, V3 + "/": late.v3}


class _Late:
    """The documents of a registry, from the first request on."""

    __slots__ = ("_documents", "_registry")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._documents: Documents | None = None

    async def v2(self, request: Request, user: User) -> Response:
        return await (await self._served()).v2(request, user)

    async def v3(self, request: Request, user: User) -> Response:
        return await (await self._served()).v3(request, user)

    async def _served(self) -> Documents:
        if self._documents is None:
            await asyncio.to_thread(import_module, "wherry.apiserver.openapi.serve")
        return self._make()

    def _make(self) -> Documents:
        from wherry.apiserver.openapi.serve import OpenAPIPaths

        if self._documents is None:
            self._documents = OpenAPIPaths(self._registry)
        return self._documents

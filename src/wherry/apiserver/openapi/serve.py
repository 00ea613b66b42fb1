"""The paths `/openapi/v2` and `/openapi/v3` of one API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from wherry.api.registry import Registry
from wherry.apiserver.attributes import User
from wherry.apiserver.openapi.documents import Document, OpenAPI
from wherry.transport.messages import Reply, Request, Response

_TREE = "/openapi/v3/"


def openapi_paths(registry: Registry) -> Mapping[str, Callable[[Request, User], Reply | Awaitable[Reply]]]:
    """Handlers by path, for `Settings.paths`."""

    def index(request: Request, _: User) -> Reply:
        return _reply(request, OpenAPI(registry).v3_index())

    def group(request: Request, _: User) -> Reply:
        return _reply(request, OpenAPI(registry).v3(request.path.removeprefix(_TREE)))

    async def everything(request: Request, _: User) -> Reply:
        documents = OpenAPI(registry)
        # The first of a process takes 0.2 s to make: too long for anyone else to wait for.
        document = await asyncio.to_thread(documents.v2, request.headers.get("accept", "application/json"))
        return _reply(request, document)

    return {"/openapi/v2": everything, "/openapi/v3": index, _TREE: group}


def _reply(request: Request, document: Document) -> Response:
    headers = (("ETag", document.etag), ("Vary", "Accept"))
    if document.etag in request.headers.get("if-none-match", ""):
        return Response(304, b"", document.content_type, headers)
    return Response(200, document.data, document.content_type, headers)

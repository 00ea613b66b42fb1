"""A path of methods that take and answer JSON.

Members have the API's spelling (`retryAfter`). A body is read as what a method takes; whoever says what nobody asked
for is told so, for it is a slip. What a cluster says of its own misuse (a verb, a kind, a node that there is not) goes
to whoever misused it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec

from wherry.api.errors import BadRequest, MethodNotAllowed, NotFound
from wherry.apiserver.attributes import User
from wherry.apiserver.exchange import Answer
from wherry.testing.cluster.kinds import UnknownKind
from wherry.transport.messages import Request, Response

T = TypeVar("T")
Method = Callable[[Request], Awaitable[Response]]
Paths = Mapping[str, Callable[[Request, User], Answer]]


def door(**methods: Method) -> Callable[[Request, User], Answer]:
    """Serves a path: `door(GET=show, POST=make)`."""

    def serve(request: Request, user: User) -> Answer:
        method = methods.get(request.method)
        if method is None:
            raise MethodNotAllowed(f"{request.path} takes {', '.join(methods)}", {})
        return _carry_out(method, request)

    return serve


def read(request: Request, decoder: msgspec.json.Decoder[T]) -> T:
    """The body of a request, which may be empty where nothing needs to be said. Raises BadRequest."""
    try:
        return decoder.decode(request.body or b"{}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(f"the body cannot be read: {error}") from error


def show(value: Any, code: int = 200) -> Response:
    """Answers with JSON."""
    return Response(code, json.dumps(value).encode() + b"\n")


def last_part(request: Request) -> str:
    """What the path's last part names."""
    return unquote(request.path).rstrip("/").rpartition("/")[2]


async def _carry_out(method: Method, request: Request) -> Response:
    try:
        return await method(request)
    except UnknownKind as error:
        raise BadRequest(str(error)) from error
    except LookupError as error:
        raise NotFound(str(error.args[0] if error.args else error), {}) from error
    except (ValueError, TypeError) as error:
        raise BadRequest(str(error)) from error

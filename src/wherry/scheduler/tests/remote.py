"""Extenders of the test's own, on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec

from wherry.scheduler.configuration import Configuration, ExtenderSettings
from wherry.scheduler.tests.scene import Scene, scene
from wherry.transport.messages import Request, Response
from wherry.transport.server import Server


class Remote:
    """An extender that answers with what the test says, and remembers what it was asked."""

    def __init__(self, **answers: Callable[[Any], Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []

    def __call__(self, request: Request) -> Response:
        verb, body = request.path.rsplit("/", 1)[-1], msgspec.json.decode(request.body)
        self.asked.append((verb, body))
        answer = self.answers[verb](body)
        if isinstance(answer, int):
            return Response(answer, b"")
        return Response(200, msgspec.json.encode(answer), "application/json")


@asynccontextmanager
async def serving(remote: Remote, **settings: Any) -> AsyncIterator[ExtenderSettings]:
    """What to tell a scheduler of it."""
    server = Server(remote)
    await server.start()
    verbs = {f"{verb}_verb": verb for verb in remote.answers}
    try:
        yield ExtenderSettings(url=f"http://127.0.0.1:{server.port}/scheduler", **{**verbs, **settings})
    finally:
        await server.stop(0)


@asynccontextmanager
async def extended(*remotes: Remote, **settings: Any) -> AsyncIterator[Scene]:
    """A scheduler with these extenders, of the same settings."""
    async with AsyncExitStack() as stack:
        extenders = [await stack.enter_async_context(serving(one, **settings)) for one in remotes]
        yield await stack.enter_async_context(scene(Configuration(extenders=tuple(extenders))))


async def until_asked(on: Scene, remote: Remote, times: int = 1) -> None:
    for _ in range(100):
        await on.settle()
        if len(remote.asked) >= times:
            break
    for _ in range(5):
        await on.settle()

"""What runs in a connection's task, and who is at the other end of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine

from wherry.transport.messages import Peer, Takeover
from wherry.transport.pipe import TransportPipe
from wherry.transport.sink import ChunkedSink


async def run_stream(work: Awaitable[None], sink: ChunkedSink) -> None:
    """Let a stream's own coroutine run; a failure cuts the connection, or the client would take it for the end."""
    try:
        await work
    except ConnectionError:
        sink.abort()
    except Exception:
        sink.abort()
        raise


async def run_takeover(reply: Takeover, pipe: TransportPipe) -> None:
    """Let the new owner have the connection, and close it when it returns."""
    try:
        await reply.run(pipe)
    except ConnectionError:
        pipe.abort()
    finally:
        pipe.close()


def close_with(task: asyncio.Task[None], work: Awaitable[object]) -> asyncio.Task[None]:
    """End what a task was to await with it: one that is cancelled before its first step never comes to it."""
    if isinstance(work, Coroutine):
        task.add_done_callback(lambda _: work.close())
    return task


def peer_of(transport: asyncio.Transport) -> Peer:
    """The client's address and, over TLS, its verified certificate."""
    name = transport.get_extra_info("peername")
    secure = transport.get_extra_info("ssl_object")
    address = str(name[0]) if isinstance(name, tuple) else ""
    return Peer(address, secure.getpeercert(True) if secure is not None else None)

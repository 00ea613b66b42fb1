"""Two raw connections joined: what comes out of one goes into the other, both ways.

Nothing is read faster than the other side takes it. When one side has said all it has to say, the other is told so
where a direction can be closed alone, and closed where it cannot; both are closed when the relay returns.
"""

from __future__ import annotations

import asyncio

from wherry.transport.messages import Pipe


async def relay(one: Pipe, other: Pipe) -> None:
    """Run until both directions have ended, or either connection breaks. Never raises ConnectionError."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(one, other))
            group.create_task(_pump(other, one))
    except* ConnectionError:
        pass
    finally:
        one.close()
        other.close()


async def _pump(source: Pipe, sink: Pipe) -> None:
    while data := await source.read():
        sink.write(data)
        await sink.drain()
    if source.half_closes:
        sink.write_eof()
    else:
        sink.close()  # The source is gone for good, so nobody is left to read what comes the other way.

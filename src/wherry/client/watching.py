"""The lines of a watch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from wherry.api.errors import InternalError, from_status
from wherry.transport.connect import Incoming

INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"


class WatchLine(msgspec.Struct, frozen=True):
    """One event; the object is still JSON."""

    type: str
    object: msgspec.Raw


_DECODER: Final = msgspec.json.Decoder(WatchLine)


async def lines(incoming: Incoming) -> AsyncIterator[bytes]:
    """The body's lines as they arrive, without their ends; raises ConnectionError when the body is cut short."""
    rest = b""
    while data := await incoming.read():
        *whole, rest = (rest + data).split(b"\n") if rest else data.split(b"\n")
        for line in whole:
            if line:
                yield line
    if rest.strip():
        yield rest


def decode_event(line: bytes) -> WatchLine:
    """One event; raises the ApiError that an ERROR event carries."""
    try:
        event = _DECODER.decode(line)
    except msgspec.DecodeError as error:
        raise InternalError(f"the server's watch event is malformed: {error}") from error
    if event.type == "ERROR":
        raise from_status(msgspec.json.decode(event.object))
    return event

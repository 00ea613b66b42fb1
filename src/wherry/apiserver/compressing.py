"""Large answers go out compressed to those who accept that.

Level 1, as upstream: CPU saved is worth more than a tenth of the bytes. Long ones give the loop back between
slices, so that nobody else waits for them.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable, Mapping

from wherry.transport.messages import Response

LEAST = 128 << 10
"""Upstream's: shorter answers are not worth the work."""
_SLICE = 256 << 10
_GZIP_WINDOW = 31
_LEVEL = 1
_HEADERS = (("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))


def accepts_gzip(headers: Mapping[str, str]) -> bool:
    """Whether a request's sender can unpack; `gzip` has to stand there without conditions, as upstream has it."""
    accepted = headers.get("accept-encoding", "")
    return accepted == "gzip" or ("gzip" in accepted and "gzip" in map(str.strip, accepted.split(",")))


def is_worth(reply: Response, headers: Mapping[str, str]) -> bool:
    """Whether an answer is long, its reader can unpack, and nobody packed it before."""
    body = reply.body
    if isinstance(body, bytes):
        return len(body) > LEAST and _is_wanted(reply, headers)
    return _is_wanted(reply, headers) and sum(map(len, body)) > LEAST


def _is_wanted(reply: Response, headers: Mapping[str, str]) -> bool:
    return accepts_gzip(headers) and all(name != "Content-Encoding" for name, _ in reply.headers)


async def compressed(reply: Response) -> Response:
    """The same answer, packed."""
    parts = reply.body if isinstance(reply.body, list) else [reply.body]
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    packed: list[bytes] = []
    for piece in _slices(parts):
        packed.append(packer.compress(piece))
        await asyncio.sleep(0)
    packed.append(packer.flush())
    return Response(reply.status, packed, reply.content_type, reply.headers + _HEADERS)


def member(data: bytes) -> bytes:
    """A gzip file of its own; several in a row are one to a reader."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return packer.compress(data) + packer.flush()


def _slices(parts: Iterable[bytes]) -> Iterable[bytes]:
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= _SLICE:
            whole = b"".join(waiting)
            yield from (whole[at : at + _SLICE] for at in range(0, len(whole), _SLICE))
            waiting, size = [], 0
    yield b"".join(waiting)

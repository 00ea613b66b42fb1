"""WebSocket (RFC 6455), the server's side: the answer to a handshake, frames out, frames in.

Frames of a server carry no mask, those of a client always do. Extensions are never agreed to. What clients say is of
little interest to us, so messages are handed out frame by frame and bounded tightly.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from enum import IntEnum

from msgspec import Struct

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LARGEST = 64 << 10
NORMAL, PROTOCOL_ERROR, TOO_BIG = 1000, 1002, 1009
"""Why a connection is closed."""


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Frame(Struct, frozen=True):
    opcode: int
    payload: bytes


class Violation(ValueError):
    """The client does not keep to the protocol; `code` is what to close with."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def is_handshake(headers: Mapping[str, str]) -> bool:
    """Whether a request asks to speak WebSocket from now on."""
    return headers.get("upgrade", "").lower() == "websocket" and "upgrade" in headers.get("connection", "").lower()


def handshake_fault(headers: Mapping[str, str]) -> str:
    """What is wrong with a handshake, "" if nothing is."""
    if headers.get("sec-websocket-version") != "13":
        return "missing or bad WebSocket Version"
    try:
        key = base64.b64decode(headers.get("sec-websocket-key", ""), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    return "" if len(key) == 16 else "mismatch challenge/response"


def handshake_reply(headers: Mapping[str, str], extra: Mapping[str, str]) -> bytes:
    """The head that turns the connection over."""
    digest = hashlib.sha1(headers["sec-websocket-key"].strip().encode() + _GUID, usedforsecurity=False).digest()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines.append(f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}")
    lines += [f"{name}: {value}" for name, value in extra.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def format_frame(opcode: Opcode, payload: bytes) -> bytes:
    """A whole message as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 1 << 16:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


def format_close(code: int) -> bytes:
    return format_frame(Opcode.CLOSE, code.to_bytes(2, "big"))


class FrameReader:
    """Finds the frames in what a client sends."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now; raises Violation."""
        self._buffer += data
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        opcode, size, at = buffer[0] & 0x0F, buffer[1] & 0x7F, 2
        if buffer[0] & 0x70 or opcode not in _OPCODES:
            raise Violation(PROTOCOL_ERROR, "a frame of a kind that nobody agreed to")
        if not buffer[1] & 0x80:
            raise Violation(PROTOCOL_ERROR, "a client's frame without a mask")
        if opcode >= Opcode.CLOSE and (size > 125 or not buffer[0] & 0x80):
            raise Violation(PROTOCOL_ERROR, "a control frame that is long or in parts")
        if size >= 126:
            width = 2 if size == 126 else 8
            if len(buffer) < at + width:
                return None
            size, at = int.from_bytes(buffer[at : at + width], "big"), at + width
        if size > _LARGEST:
            raise Violation(TOO_BIG, "a frame that is too large")
        if len(buffer) < at + 4 + size:
            return None
        mask = bytes(buffer[at : at + 4])
        payload = _unmasked(bytes(buffer[at + 4 : at + 4 + size]), mask)
        del buffer[: at + 4 + size]
        return Frame(opcode, payload)


_OPCODES = frozenset(Opcode)


def _unmasked(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    pattern = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(data, "big") ^ pattern).to_bytes(size, "big")

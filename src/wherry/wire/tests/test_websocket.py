"""Frames and handshakes, by the RFC's examples and as a client makes and takes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.wire.websocket import (
    NORMAL,
    PROTOCOL_ERROR,
    TOO_BIG,
    Frame,
    FrameReader,
    Opcode,
    Violation,
    format_close,
    format_frame,
    handshake_fault,
    handshake_reply,
    is_handshake,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HEADERS = {
    "connection": "keep-alive, Upgrade",
    "upgrade": "WebSocket",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
}


def test_the_handshake_of_the_rfc() -> None:
    assert is_handshake(HEADERS)
    assert handshake_fault(HEADERS) == ""
    reply = handshake_reply(HEADERS, {"Sec-WebSocket-Protocol": "x"})
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in reply
    assert reply.endswith(b"Sec-WebSocket-Protocol: x\r\n\r\n")


@pytest.mark.parametrize(
    "changed", [{"sec-websocket-version": "8"}, {"sec-websocket-key": "short"}, {"sec-websocket-key": "é" * 16}]
)
def test_bad_handshakes(changed: dict[str, str]) -> None:
    assert handshake_fault({**HEADERS, **changed})


def masked(opcode: int, payload: bytes, mask: bytes = b"\x37\xfa\x21\x3d") -> bytes:
    """A whole message as a client sends it: like a server's, with the mask behind the length."""
    frame = format_frame(Opcode(opcode), payload)
    head = frame[: len(frame) - len(payload)]
    hidden = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes((head[0], head[1] | 0x80)) + head[2:] + mask + hidden


@pytest.mark.parametrize(
    ("payload", "head"),
    [
        (b"Hello", b"\x81\x05"),
        (b"x" * 125, b"\x81\x7d"),
        (b"x" * 126, b"\x81\x7e\x00\x7e"),
        (b"x" * 256, b"\x81\x7e\x01\x00"),
        (b"x" * 65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_frames_of_the_rfc(payload: bytes, head: bytes) -> None:
    assert format_frame(Opcode.TEXT, payload) == head + payload


def test_masked_frame_of_the_rfc() -> None:
    data = bytes.fromhex("81 85 37 fa 21 3d 7f 9f 4d 51 58")
    assert list(FrameReader().feed(data)) == [Frame(Opcode.TEXT, b"Hello")]
    assert masked(Opcode.TEXT, b"Hello") == data


def test_closing() -> None:
    assert format_close(NORMAL) == b"\x88\x02\x03\xe8"


@given(
    st.lists(st.tuples(st.sampled_from([Opcode.TEXT, Opcode.BINARY]), st.binary(max_size=300)), max_size=4),
    st.integers(1, 50),
)
def test_frames_are_found_however_they_arrive(sent: list[tuple[Opcode, bytes]], step: int) -> None:
    data = b"".join(masked(opcode, payload) for opcode, payload in sent)
    reader, found = FrameReader(), []
    for at in range(0, len(data), step):
        found += list(reader.feed(data[at : at + step]))
    assert found == [Frame(opcode, payload) for opcode, payload in sent]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"\x81\x01x", PROTOCOL_ERROR, id="no-mask"),
        pytest.param(b"\xc1\x80", PROTOCOL_ERROR, id="reserved-bit"),
        pytest.param(b"\x83\x80", PROTOCOL_ERROR, id="unknown-opcode"),
        pytest.param(b"\x09\x80", PROTOCOL_ERROR, id="ping-in-parts"),
        pytest.param(b"\x89\xfe", PROTOCOL_ERROR, id="long-ping"),
        pytest.param(b"\x82\xff" + (1 << 40).to_bytes(8, "big"), TOO_BIG, id="huge"),
    ],
)
def test_violations(data: bytes, code: int) -> None:
    with pytest.raises(Violation) as caught:
        list(FrameReader().feed(data))
    assert caught.value.code == code


@given(st.binary(max_size=300))
def test_garbage_is_frames_or_a_violation(data: bytes) -> None:
    try:
        list(FrameReader().feed(data))
    except Violation:
        pass

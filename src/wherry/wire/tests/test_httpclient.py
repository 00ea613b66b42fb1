"""The response reader: what is read, what is refused, and that cuts do not matter."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.wire.httpclient import End, ProtocolError, ResponseEvent, ResponseHead, ResponseReader


def read(pieces: Iterable[bytes], method: str = "GET") -> list[ResponseEvent]:
    """The events, with pieces of the body that follow each other joined."""
    reader = ResponseReader()
    reader.expect(method)
    joined: list[ResponseEvent] = []
    for event in (event for piece in pieces for event in reader.feed(piece)):
        if isinstance(event, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += event
        else:
            joined.append(event)
    return joined


OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = {"content-length": "3"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(OK + b"Content-Length: 3\r\n\r\nabc", [ResponseHead(200, LENGTH), b"abc", End.KEEP], id="length"),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
            [ResponseHead(200, {"transfer-encoding": "chunked"}), b"abc", End.KEEP],
            id="chunks",
        ),
        pytest.param(
            OK + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc",
            [ResponseHead(200, {"connection": "close", **LENGTH}), b"abc", End.CLOSE],
            id="close",
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", [ResponseHead(204, {}), End.KEEP], id="no content"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 3\r\n\r\nabc",
            [ResponseHead(200, LENGTH), b"abc", End.KEEP],
            id="continue",
        ),
        pytest.param(
            b"HTTP/1.1 403 No\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\nabc",
            [ResponseHead(403, {"connection": "Upgrade", "upgrade": "x", **LENGTH}), b"abc", End.KEEP],
            id="refused upgrade",
        ),
    ],
)
@given(data_=st.data())
def test_responses(data_: st.DataObject, data: bytes, expected: list[ResponseEvent]) -> None:
    cuts = sorted(data_.draw(st.sets(st.integers(0, len(data)), max_size=6)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert read(pieces) == expected


def test_head_ends_with_its_head() -> None:
    assert read([OK + b"Content-Length: 3\r\n\r\n"], "HEAD") == [ResponseHead(200, LENGTH), End.CLOSE]


def test_behind_an_upgrade_bytes_are_left_alone() -> None:
    reader = ResponseReader()
    reader.expect("POST")
    (head,) = reader.feed(b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n\x80raw")
    assert isinstance(head, ResponseHead)
    assert head.is_upgrade
    assert reader.take_rest() == b"\x80raw"


@pytest.mark.parametrize("data", [b"nonsense\r\n", b"HTTP/1.1 101 S\r\n\r\nraw", OK + b"Content-Length: x\r\n\r\n"])
def test_what_is_no_response(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read([data])


def test_only_a_body_without_length_may_end_with_the_connection() -> None:
    for head, is_end in ((OK + b"\r\npart", True), (OK + b"Content-Length: 9\r\n\r\npart", False)):
        reader = ResponseReader()
        reader.expect("GET")
        reader.feed(head)
        assert reader.feed_eof() is is_end

"""How heads and chunks are written."""

from __future__ import annotations

import pytest

from wherry.wire.httphead import chunk, header_lines, request_head, sized_head, status_line, stream_head


def test_a_sized_head() -> None:
    common = status_line(200, "application/json") + header_lines((("Audit-Id", "7"),))
    assert sized_head(200, common, 2, keep_alive=False) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nAudit-Id: 7\r\nConnection: close\r\n"
        b"Content-Length: 2\r\n\r\n"
    )


@pytest.mark.parametrize("status", [101, 204, 304])
def test_where_no_body_is_allowed_none_is_announced(status: int) -> None:
    head = sized_head(status, status_line(status, "application/json"), 0, keep_alive=True)
    assert b"Content-" not in head


def test_a_stream_is_chunked_where_the_client_understands_it() -> None:
    assert b"Transfer-Encoding: chunked\r\n" in stream_head(b"", keep_alive=True, chunked=True)
    assert b"Connection: close\r\n" in stream_head(b"", keep_alive=True, chunked=False)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb"])
def test_a_value_cannot_add_a_header(value: str) -> None:
    lines = header_lines((("Warning", value), ("X", "y")))
    assert lines.count(b"\n") == lines.count(b"\r") == 2


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX: y", "/a\n"])
def test_a_target_cannot_end_the_line(target: str) -> None:
    with pytest.raises(ValueError, match="request target"):
        request_head("GET", target, ())


def test_an_unknown_status_still_has_a_line() -> None:
    assert status_line(299, "").startswith(b"HTTP/1.1 299 ")


def test_a_chunk() -> None:
    assert chunk(b"x" * 17) == b"11\r\n" + b"x" * 17 + b"\r\n"

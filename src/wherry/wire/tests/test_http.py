"""The request reader: tables of what is read and refused, and the property that cuts do not matter."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.wire.http import Event, Expect, Fault, Limits, Message, Phase, RequestReader

SMALL = Limits(head=400, body=50)


def read(pieces: Iterable[bytes], limits: Limits = SMALL) -> list[Event]:
    reader = RequestReader(limits)
    return [event for piece in pieces for event in reader.feed(piece)]


def describe(event: Event) -> object:
    if isinstance(event, Message):
        return event.method, event.path, event.query, dict(event.headers), event.body, event.keep_alive
    return event


def test_a_request_comes_out_whole() -> None:
    (event,) = read(
        [b"POST /api/v1/pods?dryRun=All&x=%20 HTTP/1.1\r\nHost: h\r\nX-A:  1 \r\nContent-Length: 2\r\n\r\n{}"]
    )
    assert describe(event) == (
        "POST",
        "/api/v1/pods",
        "dryRun=All&x=%20",
        {"host": "h", "x-a": "1", "content-length": "2"},
        b"{}",
        True,
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\na: 2\r\n\r\n", ("a", "1, 2"), id="repeated"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\nCookie: a\r\nCookie: b\r\n\r\n", ("cookie", "a; b"), id="cookies"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\nU: caf\xc3\xa9\r\n\r\n", ("u", "café"), id="utf-8"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\nU: \xff\r\n\r\n", ("u", "�"), id="not utf-8"),
    ],
)
def test_headers_are_text(data: bytes, expected: tuple[str, str]) -> None:
    (message,) = read([data])
    assert isinstance(message, Message)
    assert message.headers[expected[0]] == expected[1]


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        pytest.param("/a?b=c?d", "/a", "b=c?d", id="question mark in query"),
        pytest.param("http://host:80/a?b", "/a", "b", id="absolute"),
        pytest.param("http://host", "/", "", id="absolute without path"),
        pytest.param("*", "*", "", id="asterisk"),
    ],
)
def test_targets(target: str, path: str, query: str) -> None:
    (message,) = read([f"OPTIONS {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode()])
    assert isinstance(message, Message)
    assert (message.path, message.query) == (path, query)


@pytest.mark.parametrize(
    ("head", "keep_alive"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\n", True, id="1.1"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n", False, id="1.1 close"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n", True, id="1.1 keep-alive"),
        pytest.param(b"GET / HTTP/1.0\r\n", False, id="1.0"),
        pytest.param(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", False, id="1.0 keep-alive is not offered"),
    ],
)
def test_whether_the_connection_lives_on(head: bytes, keep_alive: bool) -> None:
    (message,) = read([head + b"\r\n"])
    assert isinstance(message, Message)
    assert message.keep_alive is keep_alive


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(b"GARBAGE\r\n\r\n", 400, id="garbage"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="TLS on a plain port"),
        pytest.param(b"GET / HTTP/1.1\nHost: h\n\n", 400, id="bare line feeds"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, id="two hosts"),
        pytest.param(b"GET / HTTP/9.9\r\nHost: h\r\n\r\n", 400, id="unknown version"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2 preface"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            id="length and chunks",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, id="two lengths"
        ),
        pytest.param(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400, id="negative length"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, id="chunk size not hex"
        ),
        pytest.param(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 51\r\n\r\n", 413, id="announced body too large"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n33\r\n" + b"x" * 51,
            413,
            id="chunked body too large",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: h\r\nExpect: a miracle\r\nContent-Length: 1\r\n\r\n", 417, id="expectation"
        ),
    ],
)
def test_what_is_refused(data: bytes, status: int) -> None:
    events = read([data])
    assert [event.status for event in events if isinstance(event, Fault)] == [status]
    assert isinstance(events[-1], Fault)


def test_a_head_without_end_is_stopped() -> None:
    reader = RequestReader(SMALL)
    events = reader.feed(b"GET / HTTP/1.1\r\nHost: h\r\nX: ")
    for _ in range(50):
        events += reader.feed(b"y" * 10)
    assert [event.status for event in events if isinstance(event, Fault)] == [431]
    assert reader.phase is Phase.STOPPED


@pytest.mark.parametrize(
    ("start", "more"),
    [
        pytest.param(b"1\r\nx\r\n0\r\nTrailer: ", b"yyyyyyyyyy", id="trailer"),
        pytest.param(b"1;extension=", b"yyyyyyyyyy", id="chunk extension"),
    ],
)
def test_what_no_callback_shows_is_stopped_too(start: bytes, more: bytes) -> None:
    reader = RequestReader(SMALL)
    events = reader.feed(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + start)
    for _ in range(60):
        events += reader.feed(more)
    assert [event.status for event in events if isinstance(event, Fault)] == [400]


def test_trailers_do_not_become_headers() -> None:
    (message,) = read(
        [b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nAuthorization: me\r\n\r\n"]
    )
    assert isinstance(message, Message)
    assert message.body == b"x"
    assert "authorization" not in message.headers


def test_permission_is_asked_before_the_body_comes() -> None:
    reader = RequestReader(SMALL)
    head = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n"
    assert reader.feed(head) == [Expect.CONTINUE]
    assert reader.phase is Phase.BODY
    (message,) = reader.feed(b"x")
    assert isinstance(message, Message)


def test_a_body_that_is_too_large_gets_no_permission() -> None:
    events = read([b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n"])
    assert [type(event) for event in events] == [Fault]


UPGRADE = b"POST /exec HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n"


def test_behind_an_upgrade_bytes_are_left_alone() -> None:
    reader = RequestReader(SMALL)
    (message,) = reader.feed(UPGRADE + b"\x80\x03")
    assert isinstance(message, Message)
    assert message.is_upgrade
    assert reader.feed(b"\x00") == []
    assert reader.take_rest() == b"\x80\x03\x00"


def test_reading_goes_on_when_an_upgrade_is_declined() -> None:
    reader = RequestReader(SMALL)
    reader.feed(UPGRADE + b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n")
    (message,) = reader.resume()
    assert isinstance(message, Message)
    assert message.path == "/next"


def test_a_head_seen_before_is_recognised() -> None:
    reader = RequestReader(SMALL)
    rest = b"Host: h\r\nAuthorization: Bearer x\r\n\r\n"
    (first,) = reader.feed(b"GET /a HTTP/1.1\r\n" + rest)
    (second,) = reader.feed(b"DELETE /b?c HTTP/1.1\r\n" + rest)
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert describe(second) == ("DELETE", "/b", "c", {"host": "h", "authorization": "Bearer x"}, b"", True)
    assert second.headers is first.headers


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"GET /\x00 HTTP/1.1", id="control character"),
        pytest.param(b"GET  / HTTP/1.1", id="two blanks"),
        pytest.param(b"BREW / HTTP/1.1", id="unknown method"),
        pytest.param(b"GET / HTTP/1.2", id="unknown version"),
        pytest.param(b"GET /a\rb HTTP/1.1", id="bare return"),
        pytest.param(b"", id="no line at all"),
    ],
)
def test_recognising_accepts_no_more_than_parsing(line: bytes) -> None:
    block = b"\r\nHost: h\r\n\r\n"
    known = RequestReader(SMALL)
    known.feed(b"GET / HTTP/1.1" + block)
    fresh = RequestReader(SMALL)
    assert list(map(describe, known.feed(line + block))) == list(map(describe, fresh.feed(line + block)))


def requests() -> st.SearchStrategy[bytes]:
    token = st.text("abcXYZ-", min_size=1, max_size=8)
    value = st.text("abc 0;=/", max_size=12)
    headers = st.lists(st.tuples(token, value), max_size=3).map(
        lambda pairs: "".join(f"X-{name}: {value}\r\n" for name, value in pairs)
    )
    body = st.binary(max_size=20)

    def sized(line: str, extra: str, data: bytes) -> bytes:
        return f"{line} HTTP/1.1\r\nHost: h\r\n{extra}Content-Length: {len(data)}\r\n\r\n".encode() + data

    def chunked(line: str, extra: str, data: bytes) -> bytes:
        chunks = b"".join(b"1;a=b\r\n%c\r\n" % byte for byte in data) + b"0\r\n\r\n"
        return f"{line} HTTP/1.1\r\nHost: h\r\n{extra}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks

    def bare(line: str, extra: str, _: bytes) -> bytes:
        return f"{line} HTTP/1.1\r\nHost: h\r\n{extra}\r\n".encode()

    line = st.tuples(st.sampled_from(("GET", "PUT", "DELETE")), st.text("ab/%0?=", max_size=9)).map(
        "{0[0]} /{0[1]}".format
    )
    make = st.sampled_from((sized, chunked, bare))
    return st.builds(lambda make, line, extra, data: make(line, extra, data), make, line, headers, body)


@given(stream=st.lists(requests(), min_size=1, max_size=6), data=st.data())
def test_cuts_do_not_matter(stream: list[bytes], data: st.DataObject) -> None:
    """Whole requests one by one, all at once, or cut anywhere: the same messages."""
    limits = Limits()
    whole = b"".join(stream)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    expected = [describe(event) for one in stream for event in read([one], limits)]
    assert len(expected) == len(stream)
    assert [describe(event) for event in read(stream, limits)] == expected
    assert [describe(event) for event in read([whole], limits)] == expected
    assert [describe(event) for event in read(pieces, limits)] == expected


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_garbage_never_raises(pieces: list[bytes]) -> None:
    reader = RequestReader(SMALL)
    for piece in pieces:
        reader.feed(piece)
    reader.close()

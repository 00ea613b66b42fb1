"""What is not right is refused as upstream refuses it, on the very connection that goes on being used."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.e2e.serving import Answer, ServerProcess, Talk, request

_NAMESPACE = "/api/v1/namespaces/default"
_CONFIG_MAPS = f"{_NAMESPACE}/configmaps"


@dataclass(frozen=True, slots=True)
class Case:
    media_type: str
    method: str
    path: str
    body: bytes | None
    status: int
    reason: str
    message: str


def _cases() -> Iterator[tuple[str, Case]]:
    groups = yaml.safe_load(Path(__file__).with_name("badinput.yaml").read_text())
    for media_type, cases in groups.items():
        for name, (method, path, body, status, reason, message) in cases.items():
            path = path.replace("{ns}", _NAMESPACE)
            yield f"{media_type}: {name}", Case(media_type, method, path, _body(body), status, reason, message)


def _body(body: Any) -> bytes | None:
    if isinstance(body, dict):
        opening, inside, closing = body["repeat"]
        times = body["times"]
        text = str(
            opening * times + inside + closing * times if _is_nest(opening) else opening + inside * times + closing
        )
        return text.encode()
    return None if body is None else str(body).encode("latin-1")


def _is_nest(opening: str) -> bool:
    return opening in ('{"a":', "[")


_CASES = dict(_cases())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all of it; in the end it must stop in order, with nothing in its log but that."""
    server = ServerProcess(tmp_path_factory.mktemp("badinput") / "state")
    server.start()
    try:
        yield server
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()
    finally:
        server.kill()


@pytest.fixture(scope="module")
def shared(server: ServerProcess) -> Iterator[Talk]:
    with server.talk() as talk:
        while talk.ask("GET", f"{_CONFIG_MAPS}/kube-root-ca.crt").status != 200:
            pass
        yield talk


@pytest.mark.parametrize("name", _CASES)
def test_a_fault_is_told_in_upstreams_words(name: str, server: ServerProcess, shared: Talk) -> None:
    case = _CASES[name]
    content_type = case.media_type if case.body is not None else "application/json"
    if case.status == 413 and len(case.body or b"") > 3 << 20:
        with server.talk() as talk:  # refused before it is read, so the connection closes
            answer = talk.ask(case.method, case.path, case.body, content_type)
    else:
        answer = shared.ask(case.method, case.path, case.body, content_type)
    assert answer.status == case.status, answer.body
    _check_status(answer, case.reason)
    assert re.search(case.message, answer.message), answer.message


def _check_status(answer: Answer, reason: str) -> None:
    status = answer.json
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert status["code"] == answer.status
    assert status.get("reason", "") == reason
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(
    ("validation", "warnings"),
    [
        ("Warn", '299 - "unknown field \\"foo\\""\n299 - "duplicate field \\"data.a\\""'),
        ("Ignore", None),
    ],
)
def test_unknown_and_duplicate_fields_need_not_be_fatal(shared: Talk, validation: str, warnings: str | None) -> None:
    body = b'{"metadata":{"name":"u"},"foo":1,"data":{"a":"1","a":"2"}}'
    answer = shared.ask("POST", f"{_CONFIG_MAPS}?dryRun=All&fieldValidation={validation}", body)
    assert answer.status == 201
    assert answer.headers.get("warning") == warnings
    assert answer.json["data"] == {"a": "2"}
    assert "foo" not in answer.json


def test_text_that_is_no_text_is_mended_as_go_does(shared: Talk) -> None:
    answer = shared.ask("POST", f"{_CONFIG_MAPS}?dryRun=All", b'{"metadata":{"name":"u"},"data":{"a":"\xff"}}')
    assert (answer.status, answer.json["data"]) == (201, {"a": "\ufffd"})


@pytest.mark.parametrize("accept", ["text/html", "*/*;q=0", ",,,;;;", "application/json;as=Foo;g=meta.k8s.io;v=v1"])
def test_what_cannot_be_given_is_not_acceptable(shared: Talk, accept: str) -> None:
    answer = shared.ask("GET", _CONFIG_MAPS, headers={"Accept": accept})
    assert answer.status == 406
    _check_status(answer, "NotAcceptable")
    assert answer.message.startswith("only the following media types are accepted: application/json")


def test_a_negative_limit_is_none(shared: Talk) -> None:
    whole = shared.ask("GET", _CONFIG_MAPS).json
    limited = shared.ask("GET", f"{_CONFIG_MAPS}?limit=-1").json
    assert limited["items"] == whole["items"]
    assert "continue" not in limited["metadata"]


_HOST = b"Host: x\r\n"
_SHAPES: dict[str, bytes] = {
    "no host": b"GET /version HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /version HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "not HTTP": b"EHLO there\r\n\r\n",
    "unknown method": b"FOO /version HTTP/1.1\r\n" + _HOST + b"\r\n",
    "two lengths": b"POST /version HTTP/1.1\r\n" + _HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "length and chunks": (
        b"POST /version HTTP/1.1\r\n" + _HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "chunks that are none": b"POST /version HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    "chunked twice": b"POST /version HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "negative length": b"POST /version HTTP/1.1\r\n" + _HOST + b"Content-Length: -1\r\n\r\n",
    "length of letters": b"POST /version HTTP/1.1\r\n" + _HOST + b"Content-Length: abc\r\n\r\n",
    "space before colon": b"GET /version HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding : chunked\r\n\r\n",
    "folded header": b"GET /version HTTP/1.1\r\n" + _HOST + b"X: a\r\n b\r\n\r\n",
    "NUL in a header": b"GET /version HTTP/1.1\r\n" + _HOST + b"X: a\0b\r\n\r\n",
    "bare line feeds": b"GET /version HTTP/1.1\nHost: x\n\n",
    "HTTP/9.9": b"GET /version HTTP/9.9\r\n" + _HOST + b"\r\n",
}
_HIDDEN = b"GET /livez HTTP/1.1\r\nHost: hidden\r\n\r\n"
"""What a smuggler hopes to have answered as a second request."""


@pytest.mark.parametrize("shape", _SHAPES)
def test_what_smuggling_lives_on_ends_the_connection(server: ServerProcess, shape: str) -> None:
    with server.talk(timeout=5) as talk:
        talk.send(_SHAPES[shape] + _HIDDEN)
        answers = _everything(talk)
    assert answers.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 505 ")), answers
    assert answers.count(b"HTTP/1.1 ") == 1, answers


def test_headers_have_a_limit(server: ServerProcess) -> None:
    with server.talk() as talk:
        talk.send(b"GET /version HTTP/1.1\r\n" + _HOST)
        try:
            for number in range(24):
                talk.send(b"X-%d: %b\r\n" % (number, b"a" * 65536))
        except ConnectionError:
            pass  # it has stopped listening already
        assert talk.answer().status == 431


def test_a_truncated_upload_leaves_nothing(server: ServerProcess, shared: Talk) -> None:
    whole = request("POST", _CONFIG_MAPS, {"metadata": {"name": "torn"}, "data": {"a": "x" * 5000}})
    with server.talk() as talk:
        talk.send(whole[:-100])
        talk.socket.shutdown(socket.SHUT_RDWR)
    assert shared.ask("GET", f"{_CONFIG_MAPS}/torn").status == 404


def test_plain_text_on_the_tls_port_is_no_ones_harm(server: ServerProcess, shared: Talk) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n" + bytes(range(256)) * 10)
        try:
            while plain.recv(4096):
                pass
        except ConnectionError:
            pass
    assert shared.ask("GET", "/version").status == 200


def test_without_a_certificate_there_is_health_and_version_only(server: ServerProcess) -> None:
    with server.talk(with_certificate=False) as talk:
        assert talk.ask("GET", "/version").status == 200
        assert talk.ask("GET", "/readyz").status == 200
        for path in (_CONFIG_MAPS, "/metrics", "/api/v1/secrets", "/openapi/v2"):
            answer = talk.ask("GET", path)
            assert answer.status in (401, 403), path
        wrong = talk.ask("GET", _CONFIG_MAPS, headers={"Authorization": "Bearer garbage"})
        assert (wrong.status, wrong.reason, wrong.message) == (401, "Unauthorized", "Unauthorized")


def _everything(talk: Talk) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    try:
        while data := talk.socket.recv(65536):
            received += data
    except (ConnectionError, HTTPException):
        pass
    return received

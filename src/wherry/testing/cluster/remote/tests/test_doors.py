from __future__ import annotations

import inspect

import pytest
from msgspec import Struct
from msgspec.json import Decoder

from wherry.api.errors import ApiError
from wherry.apiserver.access import ROOT
from wherry.testing.cluster.kinds import UnknownKind
from wherry.testing.cluster.remote.doors import door, last_part, read, show
from wherry.transport.messages import Peer, Request, Response


class Boat(Struct, frozen=True, forbid_unknown_fields=True):
    name: str = "heron"


BOATS = Decoder(Boat)


def request(method: str, body: bytes = b"", path: str = "/wherry/boats") -> Request:
    return Request(method, path, "", {}, body, Peer("", None))


async def ask(request: Request) -> Response:
    async def launch(request: Request) -> Response:
        match read(request, BOATS).name:
            case "ghost":
                raise LookupError("there is no boat 'ghost'")
            case "podz":
                raise UnknownKind("no kind is called 'podz'")
            case "raft":
                raise ValueError("a raft is no boat")
            case name:
                return show({"name": name}, 201)

    answer = door(POST=launch)(request, ROOT)
    reply = await answer if inspect.isawaitable(answer) else answer
    assert isinstance(reply, Response)
    return reply


@pytest.mark.parametrize(
    ("body", "name"), [(b"", "heron"), (b"{}", "heron"), (b'{"name": "tern"}', "tern")], ids=["none", "empty", "said"]
)
async def test_bodies_are_read_and_answered_by_json(body: bytes, name: str) -> None:
    reply = await ask(request("POST", body))
    assert (reply.status, reply.body) == (201, b'{"name": "%s"}\n' % name.encode())


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        (request("GET"), 405, "/wherry/boats takes POST"),
        (request("POST", b"{"), 400, "the body cannot be read: Input data was truncated"),
        (request("POST", b"[]"), 400, "the body cannot be read: Expected `object`, got `array`"),
        (request("POST", b'{"sails": 2}'), 400, "the body cannot be read: Object contains unknown field `sails`"),
        (request("POST", b"[" * 100_000), 400, "the body cannot be read: "),
        (request("POST", b'{"name": "ghost"}'), 404, "there is no boat 'ghost'"),
        (request("POST", b'{"name": "podz"}'), 400, "no kind is called 'podz'"),
        (request("POST", b'{"name": "raft"}'), 400, "a raft is no boat"),
    ],
    ids=["method", "cut short", "another shape", "unknown word", "too deep", "unknown name", "unknown kind", "refused"],
)
async def test_misuse_is_told_to_whoever_misuses(asked: Request, code: int, message: str) -> None:
    with pytest.raises(ApiError) as told:
        await ask(asked)
    assert told.value.http_code == code
    assert told.value.message.startswith(message)


@pytest.mark.parametrize("path", ["/wherry/boats/a%20b", "/wherry/boats/a%20b/"])
def test_the_last_part_of_a_path(path: str) -> None:
    assert last_part(request("GET", path=path)) == "a b"

from __future__ import annotations

import pytest

from wherry.testing.envtest.etcd import answer
from wherry.transport.messages import Peer, Request

PATHS = {"/health": (200, b'"health":"true"'), "/version": (200, b"etcdserver"), "/v3/kv": (404, b"not found")}


@pytest.mark.parametrize("path", PATHS)
def test_answers(path: str) -> None:
    status, text = PATHS[path]
    reply = answer(Request("GET", path, "", {}, b"", Peer("127.0.0.1", None)))
    assert reply.status == status
    assert isinstance(reply.body, bytes)
    assert text in reply.body

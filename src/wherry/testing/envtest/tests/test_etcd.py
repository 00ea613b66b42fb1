from __future__ import annotations

from types import ModuleType

import pytest

from wherry.testing.envtest import apiserver, etcd
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


@pytest.mark.parametrize(("program", "said"), [(etcd, "etcd Version: 3."), (apiserver, "Kubernetes v1.37.")])
def test_asked_for_its_version_it_does_not_serve(
    program: ModuleType, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        program.main(["--version"])
    assert capsys.readouterr().out.startswith(said)

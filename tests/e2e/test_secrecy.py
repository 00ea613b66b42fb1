"""What is secret stays so: not in logs, not on command lines, not in files that others may read."""

from __future__ import annotations

import base64
import json
import stat
import sys
import uuid
from pathlib import Path

import pytest
from tests.e2e.serving import ServerProcess

_SECRETS = "/api/v1/namespaces/default/secrets"
_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"


def test_secrets_and_tokens_stay_out_of_logs_and_command_lines(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "state")
    server.start()
    try:
        secret = f"hush-{uuid.uuid4().hex}"
        token = _use(server, secret)
        words = _spellings(secret) | {token, token.rpartition(".")[2]} | _keys(server)
        assert not _found(words, server.log.read_text())
        if sys.platform == "linux":
            assert not _found(words, _command_lines())
        assert server.stop() == 0
        assert not _found(words, server.log.read_text())
    finally:
        server.kill()


@pytest.mark.parametrize("when", ["running", "stopped"])
def test_no_file_of_the_state_is_for_others(tmp_path: Path, when: str) -> None:
    server = ServerProcess(tmp_path / "state")
    server.start()
    try:
        _use(server, "hush-hush")
        if when == "stopped":
            assert server.stop() == 0
        open_ones = [
            path for path in _below(server.paths.state) if path.lstat().st_mode & 0o077 and not _is_public(path)
        ]
        assert open_ones == []
        assert stat.S_IMODE(server.paths.state.stat().st_mode) == 0o700
        keys = [path for path in _below(server.paths.state) if path.suffix in (".key", ".kubeconfig", ".db")]
        assert len(keys) >= 5
        assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    finally:
        server.kill()


def _use(server: ServerProcess, secret: str) -> str:
    """Do what people do with secrets, and what they do wrong; returns a service account's token."""
    encoded = base64.b64encode(secret.encode()).decode()
    with server.talk() as talk:
        body = {"metadata": {"name": "quiet"}, "data": {"password": encoded}}
        assert talk.ask("POST", _SECRETS, body).status == 201
        assert (
            talk.ask("POST", _SECRETS, {"metadata": {"name": "Bad!"}, "stringData": {"password": secret}}).status == 422
        )
        assert talk.ask("PUT", f"{_SECRETS}/quiet", json.dumps(body).encode()[:-2]).status == 400
        assert talk.ask("POST", _SECRETS, {"metadata": {"name": "n"}, "data": {"password": secret}}).status == 400
        while talk.ask("GET", _ACCOUNT).status != 200:
            pass
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": []}}
        answer = talk.ask("POST", f"{_ACCOUNT}/token", asked)
        assert answer.status == 201, answer.body
        token = str(answer.json["status"]["token"])
    with server.talk(with_certificate=False) as talk:
        assert talk.ask("GET", _SECRETS, headers={"Authorization": f"Bearer {token}"}).status == 403
        assert talk.ask("GET", _SECRETS, headers={"Authorization": f"Bearer {token}x"}).status == 401
        assert talk.ask("GET", f"{_SECRETS}?access_token={token}").status in (401, 403)
    return token


def _spellings(secret: str) -> set[str]:
    return {secret, base64.b64encode(secret.encode()).decode()}


def _keys(server: ServerProcess) -> set[str]:
    """A line out of the middle of every private key."""
    files = [*server.paths.pki.glob("*.key"), *(server.paths.agent / "pki").glob("*.key")]
    assert len(files) >= 5
    return {file.read_text().splitlines()[1] for file in files}


def _found(words: set[str], text: str) -> list[str]:
    return [word for word in words if word in text]


def _command_lines() -> str:
    texts = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            texts.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return "\n".join(texts)


def _below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def _is_public(path: Path) -> bool:
    """Certificates are made to be shown; the folders that they lie in are closed all the same."""
    return path.suffix == ".crt"

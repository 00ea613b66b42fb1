"""Nothing acknowledged is ever lost: a server killed under load, and state folders that it must not touch."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.serving import ServerProcess, Talk, free_port, server_command
from tests.e2e.writers import COLLECTION, State, Watcher, Writer, config_map, stored

_KILLS = 3
_WRITERS = 6
_WRITES_PER_LIFE = 200


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path / "state")
    yield server
    server.kill()


def test_a_server_killed_under_load_loses_nothing(server: ServerProcess) -> None:
    server.start()
    identity = _identity(server)
    seen: dict[str, State] = {}
    certain: dict[str, State] = {}
    watched, newest = stored(server)[1], 0
    for life in range(_KILLS):
        watcher = Watcher(server, watched, seen)
        writers = [Writer(server, f"life{life}-writer{number}") for number in range(_WRITERS)]
        for thread in (watcher, *writers):
            thread.start()
        _wait_until(lambda: sum(len(writer.promises.revisions) for writer in writers) >= _WRITES_PER_LIFE)  # noqa: B023
        server.kill()
        for thread in (watcher, *writers):
            thread.join()
        assert [watcher.fault, *(writer.fault for writer in writers)] == [""] * (_WRITERS + 1)
        watched = watcher.revision

        server.start()
        found, revision = stored(server)
        for writer in writers:
            promises = writer.promises
            assert all(older < newer for older, newer in zip(promises.revisions, promises.revisions[1:], strict=False))
            assert promises.revisions[0] > newest
            for name in promises.names:
                assert found.get(name) in promises.allowed(name), name
                certain[name] = found.get(name)
        assert {name: text for name, text in certain.items() if text is not None} == found, "an older write has changed"
        newest = max(max(writer.promises.revisions) for writer in writers)
        assert revision >= newest
        newest = revision
    assert _identity(server) == identity, "keys, certificates and kubeconfigs outlive a crash"

    last = Watcher(server, watched, seen)
    last.follow_until(_create(server, "the-last"))
    assert {name: text for name, text in seen.items() if text is not None} == {**stored(server)[0]}
    assert server.stop() == 0


def test_a_second_server_is_refused_and_the_first_undisturbed(server: ServerProcess) -> None:
    server.start()
    before = _create(server, "before")
    second = _run(server.paths.state, free_port())
    assert second.returncode == 1
    (sentence,) = _sentences(second.stderr)
    assert sentence.startswith(f"error: {server.paths.database} is in use by another server (process {server.pid}): ")
    assert _create(server, "after") > before
    assert server.stop() == 0


def test_a_taken_port_is_refused(server: ServerProcess, tmp_path: Path) -> None:
    server.start()
    second = _run(tmp_path / "other", server.port)
    assert second.returncode == 1
    error, hint = _sentences(second.stderr)
    assert error == f"error: cannot listen on 127.0.0.1:{server.port}: Address already in use"
    assert "--port" in hint


def _corrupt(database: Path) -> None:
    """Damage a page in the middle, as a failing disk does."""
    with database.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xa5" * 4096)


def _truncate(database: Path) -> None:
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)


def _empty(database: Path) -> None:
    database.write_bytes(b"")


def _write_foreign(database: Path) -> None:
    database.unlink()
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE somebody (elses TEXT)")
    connection.commit()
    connection.close()


def _write_text(database: Path) -> None:
    database.write_text("Dear diary\n" * 50)


def _write_newer(database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(60)
        file.write((99).to_bytes(4, "big"))


def _make_folder(database: Path) -> None:
    database.unlink()
    database.mkdir()


_DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "corrupt": (_corrupt, "is damaged"),
    "truncated": (_truncate, "is damaged"),
    "empty": (_empty, "is damaged (it is empty)"),
    "foreign": (_write_foreign, "is not a Wherry database and was left as it is"),
    "text": (_write_text, "is not a Wherry database and was left as it is"),
    "newer": (_write_newer, "was written by a newer version of Wherry"),
    "folder": (_make_folder, "cannot be used"),
}


@pytest.fixture(scope="module")
def used_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a server that has run for a while and was closed in order."""
    server = ServerProcess(tmp_path_factory.mktemp("used") / "state")
    server.start()
    with server.talk() as talk:
        for number in range(20):
            assert talk.ask("POST", COLLECTION, config_map(f"old-{number}", "old")).status == 201
    assert server.stop() == 0
    return server.paths.state


@pytest.mark.parametrize("name", _DAMAGES)
def test_a_database_that_is_not_right_is_refused_and_left_alone(name: str, used_state: Path, tmp_path: Path) -> None:
    damage, expected = _DAMAGES[name]
    server = ServerProcess(tmp_path / "state")
    shutil.copytree(used_state, server.paths.state)
    damage(server.paths.database)
    before = _contents(server.paths.server)
    refused = _run(server.paths.state, server.port)
    assert refused.returncode == 1, refused.stderr
    sentences = _sentences(refused.stderr)
    assert len(sentences) <= 2
    assert sentences[0].startswith(f"error: {server.paths.database} ")
    assert expected in sentences[0]
    assert _contents(server.paths.server) == before


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "sa.key"])
@pytest.mark.parametrize("damage", [b"", b"garbage"], ids=["empty", "garbage"])
def test_a_damaged_identity_is_refused_and_left_alone(
    name: str, damage: bytes, used_state: Path, tmp_path: Path
) -> None:
    server = ServerProcess(tmp_path / "state")
    shutil.copytree(used_state, server.paths.state)
    (server.paths.pki / name).write_bytes(damage)
    before = _contents(server.paths.pki)
    refused = _run(server.paths.state, server.port)
    assert refused.returncode == 1, refused.stderr
    assert str(server.paths.pki / name) in _sentences(refused.stderr)[0]
    assert len(_sentences(refused.stderr)) <= 2
    assert _contents(server.paths.pki) == before


def test_a_state_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    refused = _run(tmp_path / "file" / "state", free_port())
    assert refused.returncode == 1
    assert len(_sentences(refused.stderr)) <= 2, refused.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small file system of its own needs root on Linux")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ("mount", "-t", "tmpfs", "-o", "size=12m,mode=0700", "tmpfs", str(folder))
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"cannot mount a tmpfs: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(("umount", "--lazy", str(folder)), check=True)


def test_a_full_disk_refuses_writes_and_nothing_else(small_disk: Path) -> None:
    server = ServerProcess(small_disk / "state")
    server.log = small_disk.with_name("server.log")
    server.start()
    try:
        kept = _create(server, "kept")
        ballast = small_disk / "ballast"
        _fill(ballast)
        with server.talk() as talk:
            failures = [answer for answer in (_post(talk, f"big-{n}", 100_000) for n in range(60)) if answer[0] >= 400]
            assert failures, "the disk was never full"
            for code, status in failures:
                assert code in (500, 503)
                assert (status["kind"], status["status"], status["code"]) == ("Status", "Failure", code)
                assert status["reason"] in ("InternalError", "ServiceUnavailable")
            assert talk.ask("GET", f"{COLLECTION}/kept").json["metadata"]["resourceVersion"] == str(kept)
            assert talk.ask("GET", "/readyz").status in (200, 500)
            ballast.unlink()
            assert _post(talk, "after", 100_000)[0] == 201
            acknowledged = {item["metadata"]["name"] for item in talk.ask("GET", COLLECTION).json["items"]}
        server.kill()
        _fill(ballast, spare=0)
        server.start()  # not even a byte is needed to begin again
        with server.talk() as talk:
            assert {item["metadata"]["name"] for item in talk.ask("GET", COLLECTION).json["items"]} == acknowledged
    finally:
        server.kill()


def _post(talk: Talk, name: str, size: int) -> tuple[int, dict[str, object]]:
    answer = talk.ask("POST", COLLECTION, {"metadata": {"name": name}, "data": {"a": "x" * size}})
    return answer.status, answer.json


def _fill(ballast: Path, spare: int = 400_000) -> None:
    """Take all space but a little."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass
    os.truncate(ballast, max(ballast.stat().st_size - spare, 0))


def _create(server: ServerProcess, name: str) -> int:
    """Create an object; returns its revision."""
    with server.talk() as talk:
        answer = talk.ask("POST", COLLECTION, config_map(name, "text"))
        assert answer.status == 201, answer.body
        return int(answer.json["metadata"]["resourceVersion"])


def _run(state: Path, port: int) -> subprocess.CompletedProcess[str]:
    """A server that should refuse to start."""
    return subprocess.run(server_command(state, port), capture_output=True, text=True, timeout=20, check=False)


def _sentences(text: str) -> list[str]:
    return text.splitlines()


def _identity(server: ServerProcess) -> dict[str, bytes]:
    kubeconfigs = {
        path.name: path.read_bytes() for path in (server.paths.admin_kubeconfig, server.paths.agent_kubeconfig)
    }
    return {**_contents(server.paths.pki), **_contents(server.paths.agent / "pki"), **kubeconfigs}


def _contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder; a lock says nothing."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
        if path.suffix != ".lock"
    }


def _wait_until(is_true: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.005)

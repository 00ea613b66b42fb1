"""Clients that dribble, hoard or never read cost the server little, and others nothing.

A well-behaved client measures its own requests meanwhile; the bounds are wide enough for a loaded machine and far below
what any of these attacks does to a server that is not prepared for it.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.e2e.serving import ServerProcess, Talk, request

_CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
_IDLE_CONNECTIONS = 2000
_SLOW_CONNECTIONS = 300
_DEAF_WATCHERS = 8
_FLOOD = 300
_FLOOD_SIZE = 100_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path / "state")
    server.start()
    yield server
    server.kill()


def test_slow_clients_and_idle_connections_disturb_nobody(server: ServerProcess) -> None:
    _need_files(_IDLE_CONNECTIONS + _SLOW_CONNECTIONS + 200)
    before = server.resident_megabytes
    with ExitStack() as open_ones:
        for _ in range(_IDLE_CONNECTIONS):  # TCP only: what a port scanner or a dead NAT entry leaves
            open_ones.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
        slow = [open_ones.enter_context(server.talk()) for _ in range(_SLOW_CONNECTIONS)]
        whole = request("POST", _CONFIG_MAPS, {"metadata": {"name": "slow"}, "data": {"a": "x" * 1000}})
        for at in range(8):
            for number, talk in enumerate(slow):
                start = 0 if number % 2 else len(whole) - 500  # half dribble the head, half the body
                talk.send(whole[:start] if at == 0 and start else whole[start + at : start + at + 1])
        worst, median = _latencies(server, 100)
        assert median < 0.05
        assert worst < 1.0
        # 50 KB for each idle connection and 100 KB for each TLS one would be far too much.
        assert server.resident_megabytes - before < 0.05 * _IDLE_CONNECTIONS + 0.1 * _SLOW_CONNECTIONS
    assert server.stop() == 0


def test_watchers_that_never_read_are_cut_and_others_served(server: ServerProcess) -> None:
    with server.talk() as good, ExitStack() as deaf_ones:
        lines = good.watch(f"{_CONFIG_MAPS}?watch=1&labelSelector=flood")
        deaf = [deaf_ones.enter_context(_deaf_watcher(server)) for _ in range(_DEAF_WATCHERS)]
        before = server.resident_megabytes
        flood = threading.Thread(target=_flood, args=(server,))
        flood.start()
        seen, peak = 0, before
        good.socket.settimeout(10)
        while seen < _FLOOD:
            event = json.loads(lines.readline())
            assert event["type"] in ("ADDED", "MODIFIED")
            seen += 1
            if seen % 50 == 0:
                peak = max(peak, server.resident_megabytes)
        flood.join()
        worst, median = _latencies(server, 50)
        assert median < 0.1
        assert worst < 1.0
        # They share one backlog (8 MiB); nobody keeps 30 MB for each of eight.
        bound = 60
        assert peak - before < bound, f"{peak - before:.0f} MB"
        assert _cut(deaf) == _DEAF_WATCHERS
    assert server.stop() == 0


def test_a_client_that_does_not_read_its_list_is_let_wait(server: ServerProcess) -> None:
    """A list of 20 MB to clients who read none of it: one copy of the objects is shared by all."""
    with server.talk() as talk:
        for number in range(200):
            body = {"metadata": {"name": f"big-{number}"}, "data": {"a": "x" * _FLOOD_SIZE}}
            assert talk.ask("POST", _CONFIG_MAPS, body).status == 201
    before = server.resident_megabytes
    with ExitStack() as deaf_ones:
        for _ in range(30):
            deaf = deaf_ones.enter_context(_narrow(server))
            deaf.send(request("GET", _CONFIG_MAPS))
        worst, median = _latencies(server, 50)
        assert median < 0.05
        assert worst < 1.0
        assert server.resident_megabytes - before < 60
    assert server.stop() == 0


def test_a_server_told_to_stop_answers_what_is_in_hand(server: ServerProcess) -> None:
    """SIGTERM under load: every request that was begun gets a whole answer, watches end as streams do, exit is 0."""
    faults: list[str] = []
    begun = threading.Semaphore(0)
    writers = [threading.Thread(target=_write_until_closed, args=(server, n, faults, begun)) for n in range(8)]
    with server.talk() as idle, server.talk() as watching:
        assert idle.ask("GET", "/version").status == 200
        lines = watching.watch(f"{_CONFIG_MAPS}?watch=1")
        for writer in writers:
            writer.start()
        for _ in range(200):
            assert begun.acquire(timeout=20)
        process = server.process
        assert process is not None
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        while line := lines.readline():  # raises IncompleteRead if the stream is cut instead of ended
            assert line.endswith(b"\n")
        assert idle.socket.recv(1) == b""
        for talk in (idle, watching):
            talk.close()
        for writer in writers:
            writer.join()
        assert process.wait(10) == 0
        assert time.monotonic() - told < 10
    assert faults == []
    assert "Traceback" not in server.log.read_text()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to count wake-ups")
def test_an_idle_server_sleeps(server: ServerProcess) -> None:
    _wait_until_settled(server)
    before = _wake_ups(server.pid)
    time.sleep(3)
    assert _wake_ups(server.pid) - before <= 9, "more than three wake-ups a second"


def _latencies(server: ServerProcess, count: int) -> tuple[float, float]:
    """(worst, median) seconds of a GET and of a write by a client that behaves."""
    taken = []
    with server.talk() as talk:
        for number in range(count):
            began = time.perf_counter()
            if number % 5:
                assert talk.ask("GET", "/api/v1/namespaces/default").status == 200
            else:
                name = f"good-{time.monotonic_ns()}"
                assert talk.ask("POST", _CONFIG_MAPS, {"metadata": {"name": name}}).status == 201
            taken.append(time.perf_counter() - began)
    taken.sort()
    return taken[-1], taken[len(taken) // 2]


def _flood(server: ServerProcess) -> None:
    with server.talk() as talk:
        meta = {"name": "flood", "labels": {"flood": "yes"}}
        for number in range(_FLOOD):
            body = {"metadata": meta, "data": {"a": f"{number:06}" + "x" * _FLOOD_SIZE}}
            method, path = ("PUT", f"{_CONFIG_MAPS}/flood") if number else ("POST", _CONFIG_MAPS)
            answer = talk.ask(method, path, body)
            assert answer.status in (200, 201), answer.body


def _narrow(server: ServerProcess) -> Talk:
    """A connection whose kernel holds little for it."""
    talk = server.talk()
    talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    return talk


def _deaf_watcher(server: ServerProcess) -> Talk:
    talk = _narrow(server)
    talk.send(request("GET", f"{_CONFIG_MAPS}?watch=1"))
    return talk


def _cut(talks: list[Talk]) -> int:
    """How many of these connections the server has ended; what it had sent is read and thrown away."""
    ended = 0
    for talk in talks:
        talk.socket.settimeout(5)
        try:
            while talk.socket.recv(1 << 20):
                pass
            ended += 1
        except TimeoutError:
            pass
        except (ConnectionError, ssl.SSLError):
            ended += 1
    return ended


def _write_until_closed(server: ServerProcess, writer: int, faults: list[str], begun: threading.Semaphore) -> None:
    """Create objects until the server says that it closes; anything but whole answers is a fault.

    A request that crosses the server's closing of an idle connection gets no byte of an answer; HTTP allows that.
    """
    with server.talk() as talk:
        for number in range(100_000):
            try:
                answer = talk.ask("POST", _CONFIG_MAPS, {"metadata": {"name": f"w{writer}-{number}"}})
            except ConnectionError:
                return
            except Exception as error:
                faults.append(f"{type(error).__name__}: {error}")
                return
            begun.release()
            if answer.status != 201:
                faults.append(f"{answer.status}: {answer.body!r}")
                return
            if "close" in answer.headers.get("connection", "").lower():
                return


def _need_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"needs {count} open files, {hard} are allowed")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def _wake_ups(pid: int) -> int:
    """How often any thread of a process has gone to sleep and been woken."""
    return sum(int(count) for task in Path(f"/proc/{pid}/task").iterdir() for count in _counts(task / "status"))


def _counts(file: Path) -> list[str]:
    return re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", file.read_text(), re.MULTILINE)


def _wait_until_settled(server: ServerProcess) -> None:
    """Let start-up end: its events, its certificates, its first writes."""
    last, until = _wake_ups(server.pid), time.monotonic() + 15
    while time.monotonic() < until:
        time.sleep(0.5)
        now = _wake_ups(server.pid)
        if now - last < 2:
            return
        last = now

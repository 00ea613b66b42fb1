"""`wherry server` as a process that a test may treat badly, and a client that may say anything to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from wherry.roles.paths import Paths

READY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; of repeated ones all values, one per line."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        return str(self.json.get("reason", ""))

    @property
    def message(self) -> str:
        return str(self.json.get("message", ""))


class Talk:
    """One TLS connection as the administrator: well-formed requests by `ask`, anything else by `send`."""

    def __init__(self, paths: Paths, port: int, *, with_certificate: bool = True, timeout: float = 20) -> None:
        context = ssl.create_default_context(cafile=str(paths.pki / "ca.crt"))
        context.check_hostname = False
        if with_certificate:
            context.load_cert_chain(paths.pki / "admin.crt", paths.pki / "admin.key")
        plain = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket = context.wrap_socket(plain, server_hostname="127.0.0.1")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self, method: str = "GET") -> Answer:
        """The next response; raises ConnectionError when there is none."""
        response = self.begin(method)
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            name = name.lower()
            headers[name] = f"{headers[name]}\n{value}" if name in headers else value
        return Answer(response.status, headers, response.read())

    def begin(self, method: str = "GET") -> HTTPResponse:
        """The head of the next response; its body is read from what is returned."""
        response = HTTPResponse(self.socket, method=method)
        response.begin()
        return response

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        self.send(request(method, path, body, content_type, headers))
        return self.answer(method)

    def watch(self, path: str) -> HTTPResponse:
        """Begin a watch; its lines are read from what is returned."""
        self.send(request("GET", path))
        response = self.begin()
        assert response.status == 200, response.read()
        return response

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def request(
    method: str,
    path: str,
    body: object = None,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A request as bytes; a body that is not bytes is written as JSON."""
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Host": "127.0.0.1", **(headers or {})}
    if body is not None:
        lines = {"Content-Type": content_type, "Content-Length": str(len(data)), **lines}
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode("latin-1") + b"\r\n" + data


class ServerProcess:
    """`wherry server` on a state folder; may be killed and started again."""

    def __init__(self, state: Path, port: int = 0) -> None:
        self.paths = Paths(state)
        self.port = port or free_port()
        self.log = state.with_name(state.name + ".log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and return when it answers `/readyz`."""
        self.launch()
        until = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            assert self.pid, f"the server ended:\n{self.log.read_text()}"
            assert time.monotonic() < until, f"the server is not ready:\n{self.log.read_text()}"
            time.sleep(0.01)

    def launch(self) -> None:
        """Start, and do not wait."""
        assert self.process is None
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    @property
    def command(self) -> list[str]:
        return [*server_command(self.paths.state, self.port), "-v"]

    @property
    def pid(self) -> int:
        """0 when it has ended."""
        return self.process.pid if self.process is not None and self.process.poll() is None else 0

    def is_ready(self) -> bool:
        try:
            with self.talk(timeout=2) as talk:
                return talk.ask("GET", "/readyz").status == 200
        except OSError:
            return False

    def talk(self, *, with_certificate: bool = True, timeout: float = 20) -> Talk:
        return Talk(self.paths, self.port, with_certificate=with_certificate, timeout=timeout)

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end, as a supervisor does; returns its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    @property
    def resident_megabytes(self) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def server_command(state: Path, port: int) -> list[str]:
    """The command line of a server that only this machine reaches."""
    return [
        *(sys.executable, "-m", "wherry", "server"),
        *("--state", str(state), "--port", str(port), "--bind-address", "127.0.0.1"),
    ]


def wherry(*words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "wherry", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(environment or {})},
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

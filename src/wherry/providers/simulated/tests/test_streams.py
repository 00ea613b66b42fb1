"""`kubectl logs` of simulated Pods, by way of the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from wherry.api import Obj
from wherry.apiserver.attributes import AUTHENTICATED, MASTERS, User
from wherry.controlplane.settings import Settings
from wherry.providers.simulated.behaviour import ordinary
from wherry.providers.simulated.nodespec import node_specs
from wherry.providers.simulated.streams import simulated_streams
from wherry.providers.simulated.tests.cluster import Cluster
from wherry.testing.clock import ManualClock
from wherry.transport.messages import Peer, Request, Response, Stream

S = "simulate.wherry.dev/"
ADMIN = {"t": User("admin", (MASTERS, AUTHENTICATED))}


class Reader:
    """The other end of a stream."""

    is_paused = False

    def __init__(self) -> None:
        self.data = b""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.data += data

    async def drain(self) -> None:
        raise AssertionError("never paused")

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        raise AssertionError("cut")

    def on_resume(self, callback: Callable[[], None]) -> None:
        """It never pauses."""

    def on_close(self, callback: Callable[[], None]) -> None:
        """It never goes away."""


class Clustered(Cluster):
    """Answers requests for subresources."""

    async def ask(self, path: str, query: str = "") -> tuple[int, str]:
        request = Request(
            "GET",
            f"/api/v1/namespaces/default/pods/{path}",
            query,
            {"authorization": "Bearer t"},
            b"",
            Peer("::1", None),
        )
        reply = self.plane.handle(request)
        answer = await reply if isinstance(reply, Awaitable) else reply
        if isinstance(answer, Stream):
            reader = Reader()
            started = answer.start(reader)
            if isinstance(started, Awaitable):
                await started
            assert reader.is_closed
            return answer.status, reader.data.decode()
        assert isinstance(answer, Response)
        body = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
        return answer.status, body.decode()


@pytest.fixture
async def cluster() -> Clustered:
    clock = ManualClock()
    settings = Settings(static_tokens=ADMIN, streams=simulated_streams(ordinary, clock))
    made = Clustered(node_specs(1), clock=clock, settings=settings)
    await made.start()
    return made


def saying(**annotations: str) -> dict[str, str]:
    return {S + name.replace("_", "-"): value for name, value in annotations.items()}


TICKS: Obj = saying(logs="begin\ntick {line}", log_interval="1s")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("", "begin\ntick 2\ntick 3\ntick 4\n"),
        ("tailLines=2", "tick 3\ntick 4\n"),
        ("tailLines=0", ""),
        ("sinceSeconds=1", "tick 3\ntick 4\n"),
        ("limitBytes=8", "begin\nti"),
        ("tailLines=1&timestamps=true", "2023-11-14T22:13:23.000000000Z tick 4\n"),
    ],
)
async def test_what_a_log_shows(cluster: Clustered, query: str, text: str) -> None:
    await cluster.run(annotations=TICKS)
    await cluster.advance(3)
    assert await cluster.ask("web/log", query) == (200, text)
    await cluster.close()


async def test_runs_that_are_over(cluster: Clustered) -> None:
    await cluster.run(annotations=saying(logs="one\ntwo", log_interval="1s", run_time="1s"))
    status, text = await cluster.ask("web/log", "previous=true")
    assert (status, "previous terminated container" in text) == (400, True)
    await cluster.advance(1)
    assert await cluster.ask("web/log", "previous=true") == (200, "one\ntwo\n")
    await cluster.advance(1)
    assert await cluster.ask("web/log") == (200, "one\ntwo\n"), "it waits for its next run, and the last one is shown"
    await cluster.close()


async def test_what_has_no_log_yet(cluster: Clustered) -> None:
    await cluster.run(annotations=saying(start_delay="10s"))
    status, text = await cluster.ask("web/log")
    assert status == 400
    assert 'container \\"main\\" in pod \\"web\\" is waiting to start: ContainerCreating' in text
    await cluster.close()


async def test_what_needs_processes_is_refused(cluster: Clustered) -> None:
    await cluster.run()
    status, text = await cluster.ask("web/proxy/")
    assert status == 400
    assert "pod web is simulated: there are no processes behind it" in text
    await cluster.close()

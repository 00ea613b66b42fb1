"""`SettlingLoop`: settled means that only time or the outside can make anything happen."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from wherry.lib.tasks import Tasks
from wherry.testing.clock import ManualClock
from wherry.testing.eventloop import SettlingLoop

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=SettlingLoop) as runner:
        return runner.run(work)


async def settled() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SettlingLoop)
    await loop.settled()


@pytest.mark.parametrize("turns", [0, 1, 7, 500])
def test_waits_for_work_of_any_length(turns: int) -> None:
    async def case() -> int:
        done = 0

        async def work() -> None:
            nonlocal done
            for _ in range(turns):
                await asyncio.sleep(0)
                done += 1

        async with Tasks("test") as tasks:
            tasks.spawn(work())
            await settled()
            return done

    assert run(case()) == turns


def test_does_not_wait_for_time() -> None:
    async def case() -> float:
        loop = asyncio.get_running_loop()
        loop.call_later(3600, lambda: None)
        before = loop.time()
        await settled()
        return loop.time() - before

    assert run(case()) < 1


def test_hears_what_lies_on_a_socket_already() -> None:
    async def case() -> bytes:
        near, far = socket.socketpair()
        with near, far:
            reader, writer = await asyncio.open_connection(sock=near)
            heard = bytearray()

            async def listen() -> None:
                heard.extend(await reader.read(5))

            async with Tasks("test") as tasks:
                tasks.spawn(listen())
                far.send(b"hello")
                await settled()
            writer.close()
            return bytes(heard)

    assert run(case()) == b"hello"


def test_everyone_who_waits_goes_on() -> None:
    async def case() -> list[str]:
        order: list[str] = []

        async def note(name: str) -> None:
            await settled()
            order.append(name)

        await asyncio.gather(note("a"), note("b"))
        return order

    assert run(case()) == ["a", "b"]


def test_calls_for_an_executor_are_made_on_the_spot() -> None:
    async def case() -> list[str]:
        order: list[str] = []
        answer = asyncio.get_running_loop().run_in_executor(None, order.append, "called")
        order.append("after")
        await answer
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        return order

    assert run(case()) == ["called", "after"]


def test_a_manual_clock_waits_for_all_that_a_timer_starts() -> None:
    async def case() -> list[float]:
        clock, seen = ManualClock(), list[float]()

        async def work() -> None:
            for _ in range(100):
                await asyncio.sleep(0)
            seen.append(clock.monotonic())

        async with Tasks("test") as tasks:
            clock.call_later(5, lambda: tasks.spawn(work()))
            clock.call_later(6, lambda: seen.append(-1))
            await clock.advance(10)
        return seen

    assert run(case()) == [5, -1]

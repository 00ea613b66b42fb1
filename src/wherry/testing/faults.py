"""Faults on purpose: what networks, busy servers and rivals do to clients, when and to whom a test says.

    faults = Faults(clock)
    ControlPlane(..., settings=Settings(gate=faults))
    faults.fail_next("create", "pods", status=503)
    with faults.slow(resource="deployments", seconds=2):
        ...

Each returns a `Fault`: a rule that stands until it was met `times` times, until it is removed, or until its `with`
ends. The latest that matches meets a request; those before it meet what it lets pass. It makes no difference whether
somebody asks over HTTP or in process. Controllers' informers in process look at the API server's own cache: no watch of
theirs can be dropped, but their reads and writes fail like everybody's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import TypeVar

from msgspec import Struct

from wherry.api.errors import ApiError, Conflict, Expired, ServiceUnavailable, TooManyRequests
from wherry.apiserver.gate import Ask, Obstacle
from wherry.apiserver.presenting import End
from wherry.lib.clock import Clock
from wherry.testing.faultmatch import Match, failure

T = TypeVar("T")
Refusal = Callable[[Ask], ApiError]


class Fault:
    """One rule. Remove it by `remove` or by leaving its `with`."""

    __slots__ = ("_act", "_faults", "hits", "left", "match")

    def __init__(self, faults: Faults, match: Match, act: Obstacle | Refusal, times: int | None) -> None:
        self._faults = faults
        self._act = act
        self.match = match
        self.left = times
        """How many more requests it will meet; None for all."""
        self.hits = 0
        """How many it has met."""

    def remove(self) -> None:
        """Let everybody pass again."""
        self._faults.drop(self)

    def meet(self, ask: Ask) -> Obstacle:
        """What stands in this request's way."""
        self.hits += 1
        if self.left is not None:
            self.left -= 1
            if not self.left:
                self.remove()
        return _Refuse(self._act(ask)) if callable(self._act) else self._act

    def __enter__(self) -> Fault:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.remove()


class Faults:
    """A `Gate`. `verb` and `resource` are names, several of them, or `*`: `update`, `pods`, `deploy`, `pods/status`,
    `deployments.apps`; `user` and `manager` narrow a fault to one asker, `namespace` and `name` to some objects.
    Its methods may be called from any thread."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        """By which requests are held up; may be replaced, as when a cluster is restored."""
        self.check_kind: Callable[[str], object] = _unchecked
        """Raises when no kind has a name: a fault that could never meet anything is a slip of the test."""
        self._faults: list[Fault] = []
        self._watches: dict[int, tuple[Ask, End, asyncio.AbstractEventLoop]] = {}
        self._count = 0
        self.held = 0
        """How many requests are being held up now: nothing but time lets them go on."""

    def slow(
        self,
        verb: str | Iterable[str] = "*",
        resource: str | Iterable[str] = "*",
        seconds: float = 1.0,
        *,
        times: int | None = None,
        **who: str,
    ) -> Fault:
        """Hold requests up for `seconds` of the cluster's clock before they are looked at."""
        return self._add(Match.of(verb, resource, **who), _Delay(self, seconds), times)

    def fail_next(
        self,
        verb: str | Iterable[str] = "*",
        resource: str | Iterable[str] = "*",
        *,
        status: int = 500,
        reason: str = "",
        message: str = "",
        retry_after: int | None = None,
        times: int | None = 1,
        **who: str,
    ) -> Fault:
        """Refuse requests before anything comes of them, by a reason of the API's or by what `status` stands for."""
        refuse = failure(status, reason, message, retry_after)
        return self._add(Match.of(verb, resource, **who), refuse, times)

    def conflict_next(
        self,
        verb: str | Iterable[str] = ("update", "patch"),
        resource: str | Iterable[str] = "*",
        *,
        times: int | None = 1,
        **who: str,
    ) -> Fault:
        """Say that somebody else was quicker."""
        return self._add(Match.of(verb, resource, **who), lambda ask: Conflict.modified(ask.resource, ask.name), times)

    def throttle_next(
        self,
        verb: str | Iterable[str] = "*",
        resource: str | Iterable[str] = "*",
        *,
        retry_after: int = 1,
        times: int | None = 1,
        **who: str,
    ) -> Fault:
        """Say that the server has too much to do (429), and when to come back."""
        details = {"retryAfterSeconds": retry_after}
        why = "too many requests, please try again later"
        return self._add(Match.of(verb, resource, **who), lambda ask: TooManyRequests(why, details), times)

    def lose_reply(
        self,
        verb: str | Iterable[str] = ("create", "update", "patch", "delete"),
        resource: str | Iterable[str] = "*",
        *,
        times: int | None = 1,
        **who: str,
    ) -> Fault:
        """Carry requests out, and tell the asker that the server was not to be reached: the worst that can happen."""
        return self._add(Match.of(verb, resource, **who), _LoseReply(), times)

    def isolate(self, user: str) -> Fault:
        """Cut one user off, as a broken network does a node (`system:node:<name>`): watches end, requests fail."""
        match = Match.of("*", "*", user=user)
        fault = self._add(match, lambda ask: _unreachable(), None)
        self._end(match, lambda ask: None)
        return fault

    def drop_watches(self, resource: str | Iterable[str] = "*", **who: str) -> int:
        """End the watches there are, as a connection that breaks; returns how many there were."""
        return self._end(Match.of("watch", resource, **who), lambda ask: None)

    def expire_watches(self, resource: str | Iterable[str] = "*", **who: str) -> int:
        """End the watches there are by 410 Expired: whoever watched has to list again. Returns how many there were."""
        return self._end(Match.of("watch", resource, **who), lambda ask: Expired("too old resource version"))

    @property
    def is_empty(self) -> bool:
        """Whether nobody's requests are met by anything."""
        return not self._faults

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def drop(self, fault: Fault) -> None:
        """Remove one; nothing happens if it is gone already."""
        if fault in self._faults:
            self._faults.remove(fault)

    def obstacle(self, ask: Ask) -> Obstacle | None:
        """Every fault that matches, the latest outermost; None in the common case that there is none."""
        if not self._faults:
            return None
        met = [fault.meet(ask) for fault in reversed(tuple(self._faults)) if fault.match.fits(ask)]
        if not met:
            return None
        return met[0] if len(met) == 1 else _All(tuple(met))

    def watching(self, ask: Ask, end: End) -> Callable[[], object]:
        """Note a watch that may be dropped."""
        self._count += 1
        number = self._count
        self._watches[number] = (ask, end, asyncio.get_running_loop())
        return lambda: self._watches.pop(number, None)

    def _add(self, match: Match, act: Obstacle | Refusal, times: int | None) -> Fault:
        if times is not None and times < 1:
            raise ValueError(f"times is {times}: a fault happens at least once")
        self._check(match)
        fault = Fault(self, match, act, times)
        self._faults.append(fault)
        return fault

    def _check(self, match: Match) -> None:
        for kind in match.kinds:
            self.check_kind(kind)

    def _end(self, match: Match, error: Callable[[Ask], ApiError | None]) -> int:
        self._check(match)
        chosen = [watch for watch in tuple(self._watches.values()) if match.fits(watch[0])]
        for ask, end, loop in chosen:
            if loop is _running_loop():
                end(error(ask))
            else:
                loop.call_soon_threadsafe(end, error(ask))
        return len(chosen)


class _Delay(Struct, frozen=True):
    faults: Faults
    seconds: float

    async def around(self, carry_out: Callable[[], Awaitable[T]]) -> T:
        self.faults.held += 1
        try:
            await self.faults.clock.sleep(self.seconds)
        finally:
            self.faults.held -= 1
        return await carry_out()


class _Refuse(Struct, frozen=True):
    error: ApiError

    async def around(self, carry_out: Callable[[], Awaitable[T]]) -> T:
        raise self.error


class _LoseReply(Struct, frozen=True):
    async def around(self, carry_out: Callable[[], Awaitable[T]]) -> T:
        await carry_out()
        raise _unreachable()


class _All(Struct, frozen=True):
    """Several, the first outermost."""

    obstacles: tuple[Obstacle, ...]

    async def around(self, carry_out: Callable[[], Awaitable[T]]) -> T:
        first, *others = self.obstacles
        if not others:
            return await first.around(carry_out)
        return await first.around(lambda: _All(tuple(others)).around(carry_out))


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop of whoever calls, if any."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _unchecked(kind: str) -> None:
    """Where nobody knows which kinds there are, every name may be one."""


def _unreachable() -> ServiceUnavailable:
    return ServiceUnavailable("the server is currently unable to handle the request")

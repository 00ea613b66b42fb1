"""An API that lets a part of all writes fail, as rivals and busy servers do."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from wherry.api.errors import Conflict, ServiceUnavailable
from wherry.apiserver.gate import Ask, Obstacle
from wherry.apiserver.presenting import End

T = TypeVar("T")


class Refusing:
    """A `Gate` that lets a part of all writes fail while `rate` is above 0."""

    def __init__(self, rng: random.Random) -> None:
        self.rate = 0.0
        self._rng = rng

    def obstacle(self, ask: Ask) -> Obstacle | None:
        if ask.verb in ("get", "list", "watch") or self._rng.random() >= self.rate:
            return None
        return _Refusal(ask, is_rival=self._rng.random() < 0.5)

    def watching(self, ask: Ask, end: End) -> Callable[[], object]:
        return lambda: None


class _Refusal:
    def __init__(self, ask: Ask, *, is_rival: bool) -> None:
        self._ask = ask
        self._is_rival = is_rival

    async def around(self, carry_out: Callable[[], Awaitable[T]]) -> T:
        if self._is_rival:
            raise Conflict.modified(self._ask.resource, self._ask.name)
        raise ServiceUnavailable("try again")

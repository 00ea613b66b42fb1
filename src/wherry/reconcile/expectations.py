"""What a controller has written and its informer has not shown yet.

A controller that counts children in a cache must not act on a cache older than its own writes, or it creates them
twice. Upstream counts additions and deletions; here each write is remembered by UID and compared with what the
informer shows now, so no event can be miscounted. The in-process informer is up to date when a write returns and leaves
nothing to remember; a remote one lags.

An expectation older than five minutes is given up (the object came and went unseen, or the watch is badly behind).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from wherry.client import Informer, Key
from wherry.lib.clock import Clock

K = TypeVar("K", bound=Hashable)

TIMEOUT = 300.0


class _Expected(Struct, frozen=True):
    key: Key
    deadline: float
    is_deletion: bool


class Expectations(Generic[K]):
    """Pending writes per owner. `K` names the owner: its key, or its UID."""

    __slots__ = ("_clock", "_informer", "_pending")

    def __init__(self, informer: Informer[Any], clock: Clock) -> None:
        self._informer = informer
        self._clock = clock
        self._pending: dict[K, dict[str, _Expected]] = {}

    def created(self, owner: K, key: Key, uid: str) -> None:
        """`owner`'s controller created the child; wait until the informer has it."""
        self._expect(owner, uid, _Expected(key, self._clock.monotonic() + TIMEOUT, is_deletion=False))

    def deleted(self, owner: K, key: Key, uid: str) -> None:
        """`owner`'s controller deleted the child; wait until the informer shows it gone or going."""
        self._expect(owner, uid, _Expected(key, self._clock.monotonic() + TIMEOUT, is_deletion=True))

    def forget(self, owner: K) -> None:
        self._pending.pop(owner, None)

    def is_satisfied(self, owner: K) -> bool:
        """Whether the informer shows all that was written for `owner`."""
        pending = self._pending.get(owner)
        if pending is None:
            return True
        now = self._clock.monotonic()
        for uid in [uid for uid, expected in pending.items() if now > expected.deadline or self._is_met(uid, expected)]:
            del pending[uid]
        if not pending:
            del self._pending[owner]
        return not pending

    def _expect(self, owner: K, uid: str, expected: _Expected) -> None:
        if not self._is_met(uid, expected):
            self._pending.setdefault(owner, {})[uid] = expected

    def _is_met(self, uid: str, expected: _Expected) -> bool:
        shown = self._informer.get(expected.key)
        if expected.is_deletion:
            return shown is None or shown.metadata.uid != uid or shown.metadata.deletion_timestamp is not None
        return shown is not None  # with another UID: ours was replaced, and its replacement is shown

"""Pods that have a node and may not be bound yet, because a plugin waits for something (upstream: Permit).

    permit(pod, node) -> Wait(30) ─► WaitingPod ─┬─ allow(plugin), by all that wait ─► it is bound
                                                 ├─ reject(plugin, why) ─────────────► it goes back to the queue
                                                 └─ the time of one is over ─────────► the same

Whoever has the `WaitingPods` (plugins: `Handle.waiting`) may decide about each of them. Their room is taken meanwhile.
Pure but for the given clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from wherry.lib.clock import Clock, Timer
from wherry.lib.goduration import format_go_duration
from wherry.scheduler.model import PodInfo

LONGEST = 15 * 60.0
"""No plugin lets a Pod wait longer."""


class Wait(Struct, frozen=True):
    """Not yet: until somebody allows it, and no longer than this."""

    seconds: float


class Denial(Struct, frozen=True):
    """Who would not have the Pod bound, and why."""

    plugin: str
    message: str


class WaitingPod:
    """One of them. What was decided first holds."""

    def __init__(self, pod: PodInfo, node: str, waits: Mapping[str, Wait], clock: Clock) -> None:
        self.pod = pod
        self.node = node
        self._is_decided = False
        self._denial: Denial | None = None
        self._told: list[Callable[[Denial | None], object]] = []
        self._timers: dict[str, Timer] = {}
        for plugin, wait in waits.items():
            seconds = min(wait.seconds, LONGEST)
            self._timers[plugin] = clock.call_later(seconds, _End(self, plugin, seconds))

    @property
    def pending(self) -> tuple[str, ...]:
        """The plugins that have not allowed it yet."""
        return tuple(self._timers)

    def allow(self, plugin: str) -> None:
        """In the name of a plugin, which waits no longer; the Pod is bound when none does."""
        if (timer := self._timers.pop(plugin, None)) is not None:
            timer.cancel()
        if not self._timers:
            self._decide(None)

    def reject(self, plugin: str, message: str) -> None:
        """Send it back: changes that the plugin hints at may help it."""
        self._decide(Denial(plugin, message))

    def then(self, tell: Callable[[Denial | None], object]) -> None:
        """Be told once what was decided, at once if it was already; None when all have allowed it."""
        if self._is_decided:
            tell(self._denial)
        else:
            self._told.append(tell)

    def close(self) -> None:
        """Nobody waits for it any more."""
        self._told.clear()
        for timer in self._timers.values():
            timer.cancel()

    def _decide(self, denial: Denial | None) -> None:
        for timer in self._timers.values():
            timer.cancel()
        if not self._is_decided:
            self._is_decided, self._denial = True, denial
            told, self._told = self._told, []
            for tell in told:
                tell(denial)


class _End(Struct, frozen=True):
    """The time of one plugin is over."""

    waiting: WaitingPod
    plugin: str
    seconds: float

    def __call__(self) -> None:
        text = f"rejected due to timeout after waiting {format_go_duration(self.seconds)} at plugin {self.plugin}"
        self.waiting.reject(self.plugin, text)


class WaitingPods:
    """All of them, in the order in which they came."""

    def __init__(self) -> None:
        self._pods: dict[str, WaitingPod] = {}

    def __iter__(self) -> Iterator[WaitingPod]:
        return iter(tuple(self._pods.values()))

    def __len__(self) -> int:
        return len(self._pods)

    def get(self, uid: str) -> WaitingPod | None:
        return self._pods.get(uid)

    def add(self, waiting: WaitingPod) -> None:
        self._pods[waiting.pod.uid] = waiting

    def reject(self, uid: str, plugin: str = "", message: str = "removed") -> bool:
        """Send one back; False when it does not wait."""
        waiting = self._pods.get(uid)
        if waiting is not None:
            waiting.reject(plugin, message)
        return waiting is not None

    def remove(self, uid: str) -> None:
        """It waits no longer, whatever was decided."""
        if (waiting := self._pods.pop(uid, None)) is not None:
            waiting.close()

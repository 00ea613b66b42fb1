"""Runs controllers: informers feed queues, queues wake workers, workers call `reconcile`.

One `Loops` owns all loops of one control plane. A worker exists only while its queue holds keys, so a hundred idle
control planes have no tasks and no timers between them. Retrying is decided here and nowhere else: an exception means
back-off, `Result.requeue_after` means later, `Terminal` means not before the object changes.

What is not good: informers have no way to lose a handler, so a `Loops` that was stopped leaves deaf handlers behind as
long as its client lives. A server that loses its lease should take a new client with it when it stands again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from wherry.api import errors
from wherry.api.features import DEFAULTS, Features
from wherry.client import Client, Handler, Informer, Key
from wherry.lib.clock import Clock
from wherry.lib.tasks import Tasks
from wherry.reconcile.acting import act_as
from wherry.reconcile.controller import Controller, Deps, EventSink, EventSource, Result, Terminal, Watch
from wherry.reconcile.queue import Queue

log = logging.getLogger(__name__)

# These mean that somebody else was faster; looking again is all there is to do, and nobody needs to read of it.
_ROUTINE = (errors.Conflict, errors.AlreadyExists, errors.NotFound)


class LoopStats(Struct):
    """Counters of one loop since it was made."""

    successes: int = 0
    errors: int = 0
    seconds: float = 0.0


class Loop:
    """One controller at work in one control plane."""

    __slots__ = ("_deps", "_informers", "_is_open", "_tasks", "_workers", "controller", "queue", "stats")

    def __init__(self, controller: Controller, deps: Deps, tasks: Tasks) -> None:
        self.controller = controller
        self.queue: Queue[Key] = Queue(deps.clock, self._wake)
        self.stats = LoopStats()
        self._deps = replace(deps, enqueue=self.queue.add, enqueue_after=self.queue.add_after, expect=self.queue.expect)
        self._tasks = tasks
        self._workers = 0
        self._is_open = False
        self._informers: list[Informer[Any]] = []

    def attach(self) -> None:
        """Begin to hear of changes. Keys gather in the queue until `open`."""
        controller, client = self.controller, self._deps.client
        if controller.start is not None:
            state = controller.start(self._deps)
            self._deps = replace(self._deps, state=state)
        own = client.informer(controller.reconciles, controller.view)
        if controller.hears_own:
            own.add_handler(self._on_own)
        self._informers.append(own)
        for watch in controller.reads:
            informer = client.informer(watch.resource, watch.view, field_selector=watch.field_selector)
            informer.add_handler(self._on_watched(watch))
            self._informers.append(informer)

    async def wait_synced(self) -> None:
        for informer in self._informers:
            await informer.wait_synced()

    def open(self) -> None:
        """The informers are complete: let workers go."""
        self._is_open = True
        self._wake()

    @property
    def is_idle(self) -> bool:
        return self.queue.is_idle

    def _on_own(self, old: Any, new: Any) -> None:
        metadata = (new if new is not None else old).metadata
        self.queue.add(Key(metadata.namespace or "", metadata.name or ""))

    def _on_watched(self, watch: Watch) -> Handler[Any]:
        add, keys = self.queue.add, watch.keys

        def handler(old: Any | None, new: Any | None) -> None:
            for key in keys(old, new, self._deps):
                add(key)

        return handler

    def _wake(self) -> None:
        if self._is_open and self._workers < self.controller.workers and len(self.queue) > 0:
            self._workers += 1
            self._tasks.spawn(self._work(), name=f"{self.controller.name} worker")

    async def _work(self) -> None:
        """Take keys until there are none. Each key taken wakes a colleague while more are waiting."""
        act_as(self.controller.name)
        try:
            while (key := self.queue.take()) is not None:
                self._wake()
                try:
                    await self._reconcile(key)
                finally:
                    self.queue.done(key)
        finally:
            self._workers -= 1

    async def _reconcile(self, key: Key) -> None:
        started = self._deps.clock.monotonic()
        try:
            result = await self.controller.reconcile(key, self._deps)
        except Terminal as reason:
            log.warning("%s %s: given up until it changes: %s", self.controller.name, key, reason)
            self.stats.errors += 1
            self.queue.forget(key)
        except (Exception, asyncio.CancelledError) as error:
            worker = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and worker is not None and worker.cancelling():
                raise  # it is we who are to stop; otherwise something that was waited for has been called off
            self.stats.errors += 1
            self._report(key, error, self.queue.add_failed(key))
        else:
            self.stats.successes += 1
            self._schedule(key, result)
        self.stats.seconds += self._deps.clock.monotonic() - started

    def _schedule(self, key: Key, result: Result) -> None:
        self.queue.forget(key)
        if result.requeue_after is not None:
            self.queue.add_after(key, result.requeue_after)

    def _report(self, key: Key, error: BaseException, delay: float) -> None:
        causes = _causes(error)
        if all(isinstance(cause, _ROUTINE) for cause in causes):
            log.debug("%s %s: again in %.3f s: %s", self.controller.name, key, delay, _told(causes))
        elif all(isinstance(cause, errors.ApiError) for cause in causes):
            log.warning("%s %s: again in %.3f s: %s", self.controller.name, key, delay, _told(causes))
        else:
            log.error("%s %s: again in %.3f s", self.controller.name, key, delay, exc_info=error)


class Loops:
    """All controllers of one control plane. `start` returns when they are at work, `stop` when none is."""

    __slots__ = ("_loops", "_tasks")

    def __init__(
        self,
        controllers: Sequence[Controller],
        client: Client,
        clock: Clock,
        rng: random.Random,
        events: EventSource,
        named: Callable[[str], Client] | None = None,
        features: Features = DEFAULTS,
    ) -> None:
        """`named` makes clients that write under the name of another manager."""
        self._tasks = Tasks("loops")
        self._loops = []
        for controller in controllers:
            writer = named(controller.manager) if named is not None and controller.manager else client
            deps = Deps(writer, clock, _sink(events, controller), rng, controller.settings, features)
            self._loops.append(Loop(controller, deps, self._tasks))

    async def start(self) -> None:
        """Attach all controllers to their informers and let them work once these are complete.

        Every loop attaches before any works: a controller that writes finds all readers listening. Attaching looks at
        all objects there are, so others get their turn after each.
        """
        for loop in self._loops:
            loop.attach()
            await asyncio.sleep(0)
        for loop in self._loops:
            await loop.wait_synced()
            loop.open()

    async def stop(self) -> None:
        """Cancel what is under way and wait for it. The informers belong to the client and go with it."""
        for loop in self._loops:
            loop.queue.close()
        await self._tasks.close()

    async def settled(self) -> None:
        """Return once no loop has anything to do now (keys that wait for a time do not count).

        For tests and for tools that apply something and want to see the outcome; costs a poll per turn of the loop.
        """
        quiet = 0
        while quiet < 3:
            quiet = quiet + 1 if all(loop.is_idle for loop in self._loops) else 0
            await asyncio.sleep(0 if quiet else 0.001)

    @property
    def loops(self) -> Sequence[Loop]:
        return self._loops

    def samples(self) -> Iterator[tuple[str, str, float]]:
        """What to measure: (metric, name of the controller, value), under upstream's names for work queues."""
        for loop in self._loops:
            name, queue, stats = loop.controller.name, loop.queue, loop.stats
            yield "workqueue_adds_total", name, queue.stats.adds
            yield "workqueue_retries_total", name, queue.stats.retries
            yield "workqueue_depth", name, len(queue)
            yield "workqueue_work_duration_seconds_sum", name, stats.seconds
            yield "workqueue_work_duration_seconds_count", name, stats.successes + stats.errors


def _causes(error: BaseException) -> Sequence[BaseException]:
    """What went wrong, one by one, where several things that were done at once did."""
    if not isinstance(error, BaseExceptionGroup):
        return (error,)
    return [cause for each in error.exceptions for cause in _causes(each)]


def _told(causes: Sequence[BaseException]) -> str:
    """The first of them; hundreds of dependents fail in the same way."""
    return f"{causes[0]}" if len(causes) == 1 else f"{causes[0]} (and {len(causes) - 1} more)"


def _sink(events: EventSource, controller: Controller) -> EventSink:
    return events.for_component(controller.component or controller.name)

"""A watch over HTTP: chunks for one reader, with bookmarks, an end, and a limit on how far the reader may fall behind.

Events come from the watch cache in batches whose encoding all watchers of the same scope share; this class only hands
references on. While the reader is slow they wait here, as batches and not as bytes; when too many wait the connection
is cut, and the client comes back with its last resourceVersion. That is how a watcher that never reads costs nothing
but its socket.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator

from wherry.api.errors import ApiError
from wherry.api.resource import Resource
from wherry.apiserver import versions
from wherry.apiserver.core import Core
from wherry.apiserver.gate import Ask
from wherry.apiserver.options import ListOptions
from wherry.apiserver.selection import Selection
from wherry.apiserver.verbs import watch
from wherry.apiserver.watchencoding import Encoder
from wherry.lib.clock import Timer
from wherry.transport.messages import Sink, Stream
from wherry.watchcache.window import Batch

BOOKMARK_SECONDS = 60.0
_RETRY_SECONDS = 0.05
_LEAST_SECONDS = 1800.0
"""A watch that names no timeout ends after one to two times this, so that clients spread over servers again."""
_MOST_WAITING_EVENTS = 5_000
_MOST_WAITING_BYTES = 8 << 20
_CHUNK = 256 << 10
_LINES = 100
"""Lines to encode before others get their turn: a few milliseconds where they are not JSON of the objects."""


def stream(
    core: Core,
    resource: Resource,
    namespace: str,
    options: ListOptions,
    selection: Selection,
    encoder: Encoder,
    ask: Ask | None = None,
) -> Stream:
    """The reply to a watch that can begin now."""

    async def start(sink: Sink) -> None:
        follower = WatchStream(core, sink, encoder, options)
        try:
            watching = watch.begin(core, resource, namespace, options, selection, follower.deliver, follower.end, ask)
        except ApiError as error:
            follower.end(error)
            return
        await follower.follow(resource, watching)

    return Stream(start, content_type=encoder.content_type)


class WatchStream:
    """One reader of one watch."""

    __slots__ = (
        "_bookmark_timer",
        "_bytes",
        "_core",
        "_encoder",
        "_end_timer",
        "_is_live",
        "_options",
        "_sink",
        "_waiting",
        "_watching",
    )

    def __init__(self, core: Core, sink: Sink, encoder: Encoder, options: ListOptions) -> None:
        self._core = core
        self._sink = sink
        self._encoder = encoder
        self._options = options
        self._waiting: deque[Batch] = deque()
        self._bytes = 0
        self._is_live = False
        """Whether the initial events have been written, so that batches may go straight to the sink."""
        self._watching: watch.Watching | None = None
        self._bookmark_timer: Timer | None = None
        self._end_timer: Timer | None = None

    async def follow(self, resource: Resource, watching: watch.Watching) -> None:
        """Write the initial events; from then on everything happens in callbacks."""
        self._watching = watching
        sink, clock = self._sink, self._core.clock
        sink.on_close(self._stop)
        self._end_timer = clock.call_later(self._lifetime(), self._end)
        if not await self._can_show(resource, watching):
            return
        for chunk in _chunks(map(self._encoder.added, watching.initial)):
            sink.write(chunk)
            if sink.is_paused:
                await sink.drain()
            elif len(watching.initial) > _LINES:
                await asyncio.sleep(0)
            if sink.is_closed:
                return  # its time was over before the reader had taken the state
        if watching.announces_end:
            sink.write(self._encoder.bookmark(watching.since, True))
        watching.initial.clear()
        self._is_live = True
        sink.on_resume(self._flush)
        self._flush()
        if self._options.bookmarks:
            self._bookmark_timer = clock.call_later(BOOKMARK_SECONDS, self._bookmark)

    async def _can_show(self, resource: Resource, watching: watch.Watching) -> bool:
        """Wait until what is there has the form that is asked for; whether there is still somebody to show it to."""
        try:
            await versions.ready(self._core.aside, resource, watching.initial)
        except ApiError as error:
            self.end(error)
        return not self._sink.is_closed

    def deliver(self, batch: Batch) -> None:
        """Take events from the watch cache."""
        if self._is_live and not self._waiting and not self._sink.is_paused:
            self._sink.write(self._encoder.batch(batch))
            return
        self._waiting.append(batch)
        self._bytes += sum(len(event.item.data) for event in batch.events)
        if len(self._waiting) > _MOST_WAITING_EVENTS or self._bytes > _MOST_WAITING_BYTES:
            self._stop()
            self._sink.abort()

    def _flush(self) -> None:
        sink, waiting = self._sink, self._waiting
        while waiting and self._is_live and not sink.is_paused:
            batch = waiting.popleft()
            self._bytes -= sum(len(event.item.data) for event in batch.events)
            sink.write(self._encoder.batch(batch))

    def _bookmark(self) -> None:
        """Tell how far the stream has come, as soon as it has come that far."""
        again = _RETRY_SECONDS
        if self._write_bookmark():
            again = BOOKMARK_SECONDS * (0.9 + 0.2 * self._core.ids.fraction())
        self._bookmark_timer = self._core.clock.call_later(again, self._bookmark)

    def _write_bookmark(self) -> bool:
        if self._sink.is_paused:
            return True
        if self._waiting or not self._core.cache.is_delivered or not self._is_caught_up:
            return False
        self._sink.write(self._encoder.bookmark(self._core.cache.revision, False))
        return True

    @property
    def _is_caught_up(self) -> bool:
        return self._watching is None or self._watching.is_caught_up

    def end(self, error: ApiError | None) -> None:
        """End before the time is over: what is watched is served no more, or (with an error) cannot be shown."""
        if self._sink.is_closed:
            return
        if error is None:
            self._end()
            return
        self._flush()
        self._sink.write(self._encoder.error(error))
        self._stop()
        self._sink.close()

    def _end(self) -> None:
        """The time of this watch is over: a last bookmark saves the client a list."""
        if self._options.bookmarks and self._is_live:
            self._write_bookmark()
        self._stop()
        self._sink.close()

    def _stop(self) -> None:
        if self._watching is not None:
            self._watching.close()
        for timer in (self._bookmark_timer, self._end_timer):
            if timer is not None:
                timer.cancel()
        self._waiting.clear()
        self._bytes = 0

    def _lifetime(self) -> float:
        return self._options.timeout_seconds or _LEAST_SECONDS * (1 + self._core.ids.fraction())


def _chunks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines joined into pieces that are worth a write."""
    part: list[bytes] = []
    size = 0
    for each in lines:
        part.append(each)
        size += len(each)
        if size >= _CHUNK or len(part) >= _LINES:
            yield b"".join(part)
            part, size = [], 0
    if part:
        yield b"".join(part)

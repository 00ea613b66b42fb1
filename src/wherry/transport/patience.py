"""How long a connection waits for its client, and what it does when that is over.

A slow-loris client gets a fixed time for a head and for a body, however it dribbles. Between two requests the deadline
stays where it is; when it passes, it is looked whether anything was asked meanwhile. So a busy connection sets no
deadlines at all, and an idle one ends after one to two idle times.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from wherry.lib.clock import Clock
from wherry.transport.deadline import Deadline
from wherry.transport.settings import Timeouts
from wherry.wire.http import Phase


class Stage(Enum):
    """What the deadline is about."""

    AWAITING = "awaiting"
    """A request, or more of one."""
    ANSWERING = "answering"
    """The handler takes the time it needs."""
    WRITING = "writing"
    """The client must take some of a large answer."""
    LINGERING = "lingering"
    """A refused client may still read the refusal."""
    CLOSING = "closing"
    """What is written must be taken before the connection is cut."""


class GiveUp(Enum):
    """What to do when the time is over."""

    CLOSE = "close"
    TIMEOUT = "timeout"
    """Close, and count a client that was too slow."""
    ABORT = "abort"


class Patience:
    """The one deadline of a connection."""

    __slots__ = ("_deadline", "_give_up", "_phase", "_progress", "_seen", "_stage", "_timeouts", "_written", "requests")

    def __init__(self, clock: Clock, timeouts: Timeouts, give_up: Callable[[GiveUp], None]) -> None:
        self._deadline = Deadline(clock, self._passed)
        self._timeouts = timeouts
        self._give_up = give_up
        self._stage = Stage.AWAITING
        self._phase = Phase.STOPPED
        self._seen = 0
        self.requests = 0
        """How many requests have come; the connection counts them."""
        self._progress: Callable[[], int] = int
        self._written = 0

    def begin(self) -> None:
        """The client has connected and owes a request."""
        self._deadline.set(self._timeouts.head)

    def is_idling(self, phase: Phase) -> bool:
        """Whether `await_more` would change nothing; asked after each request that was answered at once."""
        return phase is Phase.IDLE and self._phase is Phase.IDLE

    def await_more(self, phase: Phase) -> None:
        """The client is in the middle of sending something."""
        if self._stage is Stage.LINGERING or self._stage is Stage.CLOSING:
            return
        if phase is self._phase and (phase is Phase.IDLE or self._seen == self.requests):
            return
        self._stage = Stage.AWAITING
        self._phase = phase
        self._seen = self.requests
        if phase is not Phase.STOPPED:
            self._deadline.set(self._seconds(phase))

    def answer(self) -> None:
        """The handler needs time; the client owes nothing."""
        self._stage = Stage.ANSWERING
        self._phase = Phase.STOPPED

    def write(self, progress: Callable[[], int]) -> None:
        """A large answer goes out; `progress` counts what is out."""
        self._stage = Stage.WRITING
        self._phase = Phase.STOPPED
        self._progress = progress
        self._written = -1
        self._deadline.set(self._timeouts.write)

    def linger(self) -> None:
        """Wait a moment before closing on a client that was refused."""
        self._stage = Stage.LINGERING
        self._deadline.set(self._timeouts.linger)

    def close(self) -> None:
        """The connection has been told to close; cut it if that takes too long."""
        self._stage = Stage.CLOSING
        self._deadline.set(self._timeouts.write)

    def end(self) -> None:
        """The connection is gone, or in other hands; refers to it no longer."""
        self._deadline.clear()
        self._give_up = _nothing

    def _seconds(self, phase: Phase) -> float:
        if phase is Phase.IDLE:
            return self._timeouts.idle
        return self._timeouts.head if phase is Phase.HEAD else self._timeouts.body

    def _passed(self) -> None:
        match self._stage:
            case Stage.AWAITING if self._phase is Phase.IDLE and self.requests != self._seen:
                self._seen = self.requests
                self._deadline.set(self._timeouts.idle)
            case Stage.AWAITING:
                self._give_up(GiveUp.CLOSE if self._phase is Phase.IDLE else GiveUp.TIMEOUT)
            case Stage.WRITING if (written := self._progress()) != self._written:
                self._written = written
                self._deadline.set(self._timeouts.write)
            case Stage.WRITING | Stage.CLOSING:
                self._give_up(GiveUp.ABORT)
            case Stage.LINGERING:
                self._give_up(GiveUp.CLOSE)
            case Stage.ANSWERING:
                pass


def _nothing(_: GiveUp) -> None:
    return None

"""What a server allows its clients, in one value."""

from __future__ import annotations

from msgspec import Struct, field

from wherry.wire.http import Limits


class Timeouts(Struct, frozen=True):
    """How long a client may take, in seconds. Head and idle are upstream's."""

    handshake: float = 10.0
    head: float = 32.0
    body: float = 60.0
    idle: float = 90.0
    write: float = 60.0
    """Without any progress while an answer of known length is being written."""
    linger: float = 0.5
    """How long to go on reading what a refused client still sends, so that it gets to see the refusal."""


class Settings(Struct, frozen=True):
    """What a server allows its clients."""

    limits: Limits = field(default_factory=Limits)
    timeouts: Timeouts = field(default_factory=Timeouts)
    connections: int = 8192
    high_water: int = 256 << 10
    """Above this many unsent bytes a connection counts as paused ..."""
    low_water: int = 64 << 10
    """... and below this many as ready again."""
    slice: int = 256 << 10
    """How much of a large answer is written before others get their turn."""
    stream_backlog: int = 8 << 20
    """A stream that is written to while paused is cut once this much waits for its reader."""

"""What a server has done so far, as plain counters that a metrics page may read at any time."""

from __future__ import annotations

from msgspec import Struct


class Stats(Struct):
    """Counters only grow; `connections` and `streams` go both ways."""

    requests: int = 0
    streams: int = 0
    connections: int = 0
    connections_total: int = 0
    connections_refused: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    faults: int = 0
    """Requests that broke the protocol or a limit."""
    timeouts: int = 0
    slow_readers: int = 0
    """Streams cut because their reader fell too far behind."""

"""What a plan wants told of the object that it is about."""

from __future__ import annotations

from msgspec import Struct


class Note(Struct, frozen=True):
    """An Event to record: Normal or Warning, upstream's reason, and the sentence that users read."""

    type: str
    reason: str
    message: str

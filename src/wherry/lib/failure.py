"""A failure that a person has to do something about: one sentence, and a hint at what."""

from __future__ import annotations


class Failure(Exception):
    """Ends a command. `hint` says what to do next, as something one can type where there is such a thing."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

"""Which controller is at work: for whoever wants to know who wrote.

All controllers of a control plane write under one manager's name, as upstream's do; this tells them apart.
"""

from __future__ import annotations

from contextvars import ContextVar

_ACTING: ContextVar[str] = ContextVar("acting", default="")

act_as = _ACTING.set
"""Say that this task, and what it starts, works for the controller of this name."""


act_again = _ACTING.reset
"""Undo one `act_as`, by what it returned."""


def acting() -> str:
    """The controller that the running task works for; "" for none."""
    return _ACTING.get()

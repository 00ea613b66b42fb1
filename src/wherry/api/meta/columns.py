"""The few shapes that most columns of `kubectl get` have.

A column's value is a function of the object and the time now. The makers here split their paths once, when a kind's
file is imported, so that a table of thousands of rows costs look-ups only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from wherry.api import Obj
from wherry.api.meta.duration import human_duration
from wherry.api.resource import Cell, Column
from wherry.lib.clock import parse_time

NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"

Value = Callable[[Obj, float], Cell]


def text(path: str, default: str = "") -> Value:
    """The string at a dotted path, or `default` where there is none or an empty one."""
    steps = _steps(path)

    def value(obj: Obj, _: float) -> Cell:
        found = _follow(obj, steps)
        return str(found) if found not in (None, "") else default

    return value


def number(path: str, default: int = 0) -> Value:
    """The integer at a dotted path."""
    steps = _steps(path)

    def value(obj: Obj, _: float) -> Cell:
        found = _follow(obj, steps)
        return found if isinstance(found, int) else default

    return value


def boolean(path: str, default: bool = False) -> Value:
    """The truth value at a dotted path."""
    steps = _steps(path)

    def value(obj: Obj, _: float) -> Cell:
        found = _follow(obj, steps)
        return found if isinstance(found, bool) else default

    return value


def size(*paths: str) -> Value:
    """How many members the lists or maps at these paths have together."""
    all_steps = [_steps(path) for path in paths]

    def value(obj: Obj, _: float) -> Cell:
        return sum(len(_follow(obj, steps) or ()) for steps in all_steps)

    return value


def joined(path: str, default: str = "") -> Value:
    """The strings of a list, with commas between."""
    steps = _steps(path)

    def value(obj: Obj, _: float) -> Cell:
        return ",".join(_follow(obj, steps) or ()) or default

    return value


def since(path: str, default: str = UNKNOWN) -> Value:
    """How long ago the time at a dotted path was."""
    steps = _steps(path)

    def value(obj: Obj, now: float) -> Cell:
        return elapsed(_follow(obj, steps), now, default)

    return value


def elapsed(timestamp: str | None, now: float, default: str = UNKNOWN) -> str:
    """`5m10s` from an RFC 3339 time until now."""
    return human_duration(now - parse_time(timestamp)) if timestamp else default


def listed(items: Iterable[str], limit: int = 3, default: str = UNSET) -> str:
    """The first few of a list and how many more there are."""
    every = list(items)
    shown = ",".join(every[:limit])
    if len(every) > limit:
        return f"{shown} + {len(every) - limit} more..."
    return shown or default


def container_columns(path: str) -> tuple[Column, Column]:
    """Names and images of the containers at a path, for `-o wide`."""
    steps = _steps(path)

    def names(obj: Obj, _: float) -> Cell:
        return ",".join(container.get("name") or "" for container in _follow(obj, steps) or ())

    def images(obj: Obj, _: float) -> Cell:
        return ",".join(container.get("image") or "" for container in _follow(obj, steps) or ())

    return (
        Column("Containers", names, priority=1, description="Names of each container in the template."),
        Column("Images", images, priority=1, description="Images referenced by each container in the template."),
    )


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.lstrip(".").split("."))


def _follow(obj: Any, steps: tuple[str, ...]) -> Any:
    for step in steps:
        if not isinstance(obj, dict):
            return None
        obj = obj.get(step)
    return obj


NAME = Column(
    "Name",
    text("metadata.name"),
    format="name",
    description="Name must be unique within a namespace; it cannot be changed.",
)
AGE = Column("Age", since("metadata.creationTimestamp"), description="How long ago the object was created.")
CREATED_AT = Column(
    "Created At", text("metadata.creationTimestamp"), "date", description="When the object was created."
)
PLAIN_COLUMNS = (NAME, CREATED_AT)
"""What a few built-in kinds show for which upstream never wrote columns."""
DEFAULT_COLUMNS = (NAME, AGE)
"""What kinds show for which upstream has not chosen columns: `columns=()` means the same."""

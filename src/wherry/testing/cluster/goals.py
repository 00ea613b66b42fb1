"""What can be waited for, as `kubectl wait` names it: a condition, an end, a beginning, a value at a path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import Struct

from wherry.api import Obj
from wherry.api.structural.jsonpath import PathError, compile_path

Reached: TypeAlias = Callable[[Obj | None], bool]
"""Whether an object (None: there is none) is as it was hoped to become."""


class WaitTimeout(TimeoutError):
    """It did not come true in time; the text says what there was instead."""


class Goal(Struct, frozen=True):
    """Something that can become true of an object."""

    text: str
    is_reached: Reached


def parse_goal(goal: str | Callable[[Obj], Any]) -> Goal:
    """`Available`, `condition=Ready=False`, `delete`, `create`, `jsonpath={.status.phase}=Running`, or a function.

    Raises ValueError when a path cannot be read.
    """
    if not isinstance(goal, str):
        judge = goal
        return Goal(getattr(goal, "__name__", "the condition"), lambda obj: obj is not None and bool(judge(obj)))
    if goal == "delete":
        return Goal("deleted", lambda obj: obj is None)
    if goal == "create":
        return Goal("created", lambda obj: obj is not None)
    if goal.startswith("jsonpath="):
        return _path(goal)
    name, _, status = goal.removeprefix("condition=").partition("=")
    return _condition(name, status or "True")


def describe(obj: Obj | None) -> str:
    """What a person wants to know of an object that did not become what it should."""
    if obj is None:
        return "it does not exist"
    status = obj.get("status") or {}
    conditions = [
        f"{condition.get('type')}={condition.get('status')}"
        + "".join(f" ({condition[key]})" for key in ("reason", "message") if condition.get(key))
        for condition in status.get("conditions") or ()
        if isinstance(condition, dict)
    ]
    plain = [f"{key}: {value}" for key, value in status.items() if isinstance(value, str | int)]
    return "; ".join((*plain, *conditions)) or "it has no status"


def _condition(name: str, wanted: str) -> Goal:
    def is_reached(obj: Obj | None) -> bool:
        for condition in ((obj or {}).get("status") or {}).get("conditions") or ():
            if str(condition.get("type", "")).lower() == name.lower():
                return _is_current(obj or {}, condition) and str(condition.get("status", "")).lower() == wanted.lower()
        return False

    return Goal(name if wanted == "True" else f"{name}={wanted}", is_reached)


def _is_current(obj: Obj, condition: Obj) -> bool:
    """Whether whoever reports has seen the latest spec: what it says of an older one is no answer."""
    generation = obj["metadata"].get("generation", 0)
    seen = condition.get("observedGeneration") or obj["status"].get("observedGeneration")
    return seen is None or not generation or seen >= generation


def _path(goal: str) -> Goal:
    text = goal.removeprefix("jsonpath=").strip("'\"")
    path_text, closing, wanted = text.partition("}")
    try:
        if not path_text.startswith("{") or not closing:
            raise PathError("it stands in braces")
        path = compile_path(path_text[1:])
    except PathError as error:
        raise ValueError(f"{goal!r} has no path that can be read: {error}") from error
    value = wanted.removeprefix("=").strip("'\"") if wanted.startswith("=") else None

    def is_reached(obj: Obj | None) -> bool:
        try:
            found = path.find(obj) if obj is not None else []
        except PathError:
            return False
        return any(_text(each) == value for each in found) if value is not None else bool(found)

    return Goal(goal, is_reached)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""What changed between two states of an object, as few words as tell it: `spec.replicas: 3 -> 5`.

Members of lists are told apart by what names them (`name`, `type`, `uid`, ...) where each has such a thing, so that a
condition that moved up is no change. What every write changes is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from wherry.api import Obj

_SILENT = ("resourceVersion", "managedFields")
_NAMING = ("name", "type", "uid", "key", "ip", "manager", "address")
_ABSENT: Any = object()
_WIDTH = 60


class FieldChange(Struct, frozen=True):
    """One field that differs; `before` or `after` is missing (`ABSENT`) where the field is only on one side."""

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is _ABSENT:
            return f"+{self.path}: {_short(self.after)}"
        if self.after is _ABSENT:
            return f"-{self.path}: {_short(self.before)}"
        return f"{self.path}: {_short(self.before)} -> {_short(self.after)}"


def field_changes(before: Obj, after: Obj) -> tuple[FieldChange, ...]:
    """All fields that differ, in the order in which `before` and then `after` has them."""
    return tuple(_changes("", _without_noise(before), _without_noise(after)))


def _without_noise(obj: Obj) -> Obj:
    meta = {name: value for name, value in (obj.get("metadata") or {}).items() if name not in _SILENT}
    return {**obj, "metadata": meta}


def _changes(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            yield from _changes(_member(path, name), before.get(name, _ABSENT), after.get(name, _ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_changes(path, before, after)
    else:
        yield FieldChange(path, before, after)


def _list_changes(path: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[FieldChange]:
    naming = next((name for name in _NAMING if _is_named_by(name, before) and _is_named_by(name, after)), None)
    old, new = _named(before, naming), _named(after, naming)
    for name in dict.fromkeys((*old, *new)):
        yield from _changes(f"{path}[{name}]", old.get(name, _ABSENT), new.get(name, _ABSENT))


def _is_named_by(name: str, members: Sequence[Any]) -> bool:
    names = [member.get(name) for member in members if isinstance(member, dict)]
    return len(names) == len(members) and None not in names and len(set(map(str, names))) == len(names)


def _named(members: Sequence[Any], naming: str | None) -> Mapping[str, Any]:
    if naming is None:
        return {str(index): member for index, member in enumerate(members)}
    return {str(member[naming]): member for member in members}


def _member(path: str, name: str) -> str:
    plain = name.replace("-", "").replace("_", "").isalnum()
    if not plain:
        return f'{path}["{name}"]'
    return f"{path}.{name}" if path else name


def _short(value: Any) -> str:
    """On one line, however many the value has."""
    plain = isinstance(value, str) and "\n" not in value
    text = value if plain else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."

"""What differs between two values, for people: in the manner of upstream's messages about what may not change.

Lines that begin with `-` are as it was, with `+` as it would be; what is equal is left out but for the way to it. No
tool reads this text, and upstream's own changes its blanks at random so that none can.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_INDENT = "\t"


def difference(old: Any, new: Any, name: str) -> str:
    """The whole text; `name` is upstream's for the type, as in `core.PodSpec`."""
    return "\n".join([f"  {name}{{", *_of_maps(old or {}, new or {}, 1), "  }", ""])


def _of_maps(old: dict[str, Any], new: dict[str, Any], depth: int) -> Iterator[str]:
    same = 0
    for field in sorted(old.keys() | new.keys()):
        if old.get(field) == new.get(field):
            same += 1
        else:
            yield from _of_values(f"{_go_name(field)}: ", old.get(field), new.get(field), depth)
    if same:
        yield f"  {_INDENT * depth}... // {same} identical field{'s' if same > 1 else ''}"


def _of_values(label: str, old: Any, new: Any, depth: int) -> Iterator[str]:
    pad = _INDENT * depth
    if isinstance(old, dict) and isinstance(new, dict):
        yield f"  {pad}{label}{{"
        yield from _of_maps(old, new, depth + 1)
        yield f"  {pad}}},"
    elif isinstance(old, list) and isinstance(new, list):
        yield f"  {pad}{label}{{"
        yield from _of_lists(old, new, depth + 1)
        yield f"  {pad}}},"
    else:
        if old is not None:
            yield f"- {pad}{label}{_plain(old)},"
        if new is not None:
            yield f"+ {pad}{label}{_plain(new)},"


def _of_lists(old: list[Any], new: list[Any], depth: int) -> Iterator[str]:
    same = 0
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        if before == after:
            same += 1
        else:
            yield from _of_values("", before, after, depth)
    if same:
        yield f"  {_INDENT * depth}... // {same} identical element{'s' if same > 1 else ''}"


def _go_name(field: str) -> str:
    return field[:1].upper() + field[1:]


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

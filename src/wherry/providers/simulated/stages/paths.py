"""The jq-like keys of kwok's selectors: `.status.conditions.[] | select( .type == "Ready" ) | .status`. Pure.

Fields, `["quoted"]` fields, `[]` for each, `[0]` for one, and `select` by equality, joined by `|`: what kwok's own
stages use. A path yields all values that it leads to; null is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from msgspec import Struct

Step = Callable[[Any], Iterable[Any]]

_STEP: Final = re.compile(
    r"""\.?\[\s*\]                              # each
      | \.?\[\s*(?P<index>-?[0-9]+)\s*\]        # one
      | \.?\[\s*(?P<quoted>"(?:[^"\\]|\\.)*")\s*\]
      | \.(?P<field>[A-Za-z_][A-Za-z0-9_]*)
      | \.(?P<string>"(?:[^"\\]|\\.)*")""",
    re.VERBOSE,
)
_SELECT: Final = re.compile(
    r'select\s*\(\s*(?P<path>[^=!]*?)\s*(?P<op>==|!=)\s*(?P<value>"(?:[^"\\]|\\.)*"|-?[0-9.]+|true|false|null)\s*\)'
)


class PathError(ValueError):
    """A key that is not understood."""


class Path(Struct, frozen=True):
    """A key, ready to be followed."""

    text: str
    steps: tuple[Step, ...]

    def values(self, obj: Any) -> list[Any]:
        """What it leads to from `obj`."""
        found: list[Any] = [obj]
        for step in self.steps:
            found = [value for each in found for value in step(each)]
        return [value for value in found if value is not None]


def parse_path(text: str) -> Path:
    """Read a key; raises PathError."""
    steps: list[Step] = []
    if not text.strip():
        raise PathError("a key is empty")
    for part in _parts(text):
        if (select := _SELECT.fullmatch(part)) is not None:
            wanted, path = json.loads(select["value"]), parse_path(select["path"])
            steps.append(_selecting(path, wanted, is_equal=select["op"] == "=="))
        else:
            steps += _plain(part, text)
    return Path(text, tuple(steps))


def _parts(text: str) -> Iterator[str]:
    """What stands between the `|`, but for those within quotes."""
    for part in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^|"])+', text):
        yield part.strip()


def _plain(part: str, text: str) -> Iterator[Step]:
    if part == ".":
        return
    position = 0
    while position < len(part):
        found = _STEP.match(part, position)
        if found is None:
            raise PathError(f"{text!r}: nothing is known of {part[position:]!r} in a key")
        if found["index"] is not None:
            yield _at(int(found["index"]))
        elif (name := found["field"] or found["quoted"] or found["string"]) is not None:
            yield _field(json.loads(name) if name.startswith('"') else name)
        else:
            yield _each
        position = found.end()
    if not part:
        raise PathError(f"{text!r}: a part of the key is empty")


def _field(name: str) -> Step:
    return lambda value: (value.get(name),) if isinstance(value, dict) else ()


def _at(number: int) -> Step:
    return lambda value: value[number : number + 1 or None] if isinstance(value, list) else ()


def _each(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _selecting(path: Path, wanted: Any, *, is_equal: bool) -> Step:
    def step(value: Any) -> Iterable[Any]:
        found = path.values(value)
        return (value,) if ((found[0] if found else None) == wanted) is is_equal else ()

    return step

"""JSONPath as kubectl writes it: `.spec.ports[*].name`, `.status.conditions[?(@.type=="Ready")].status`, `..image`.

A dialect of its own (`k8s.io/client-go/util/jsonpath`): fields, `['field']`, indices, slices with steps, `*`, unions,
recursive descent and filters with one comparison. Missing fields give nothing; an index that is out of bounds, or an
index into what is no list, is an error. Templates and `range` are kubectl's own business and not read here.

Paths come from definitions of custom kinds and run on every row of a table, so a path may not look at more than
`MOST_VALUES` values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

MOST_VALUES = 100_000


class PathError(ValueError):
    """The text is no path, or the path cannot be followed in a value."""


Step = Callable[[list[Any]], list[Any]]
"""From the values found so far to the next ones; raises PathError."""


class Path:
    """A compiled path."""

    __slots__ = ("_fields", "_steps")

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = tuple(steps)
        fields = tuple(step.name if isinstance(step, _Field) else None for step in steps)
        self._fields = fields if None not in fields else None

    def find(self, value: Any) -> list[Any]:
        """Everything that the path leads to; raises PathError."""
        if self._fields is None:
            return _follow(self._steps, [value])
        for name in self._fields:
            if type(value) is not dict or name not in value:
                return []
            value = value[name]
        return [value]


@lru_cache(1024)
def compile_path(text: str) -> Path:
    """The path that a text such as `.spec.replicas` describes; raises PathError."""
    try:
        return Path(_Parser(text).parse())
    except RecursionError:
        raise PathError("path is nested too deeply") from None


def _follow(steps: Sequence[Step], values: list[Any]) -> list[Any]:
    for step in steps:
        values = step(values)
        if len(values) > MOST_VALUES:
            raise PathError(f"more than {MOST_VALUES} values")
    return values


class _Field(Struct, frozen=True):
    name: str

    def __call__(self, values: list[Any]) -> list[Any]:
        name = self.name
        return [value[name] for value in values if type(value) is dict and name in value]


class _Literal(Struct, frozen=True):
    value: Any

    def __call__(self, values: list[Any]) -> list[Any]:
        return [self.value] * len(values)


class _Slice(Struct, frozen=True):
    start: int | None
    stop: int | None
    step: int | None

    def __call__(self, values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if value is None:
                continue
            if type(value) is not list:
                raise PathError(f"{_go_type(value)} is not array or slice")
            start, stop = self._bounds(len(value))
            if start == stop:
                return found
            found += value[start : stop : self._checked_step()]
        return found

    def _bounds(self, length: int) -> tuple[int, int]:
        start = self.start or 0
        start += length if start < 0 else 0
        stop = length if self.stop is None else self.stop
        stop += length if stop < 0 else 0
        if start != stop:
            if not 0 <= start < length:
                raise PathError(f"array index out of bounds: index {start}, length {length}")
            if not 0 <= stop <= length:
                raise PathError(f"array index out of bounds: index {stop - 1}, length {length}")
            if start > stop:
                raise PathError(f"starting index {start} is greater than ending index {stop}")
        return start, stop

    def _checked_step(self) -> int:
        if self.step is not None and self.step <= 0:
            raise PathError("step must be > 0")
        return self.step or 1


class _Index(Struct, frozen=True):
    """One item; a negative index counts from the end."""

    index: int

    def __call__(self, values: list[Any]) -> list[Any]:
        stop = self.index + 1
        return _Slice(self.index, None if self.index < 0 and stop == 0 else stop, None)(values)


class _Union(Struct, frozen=True):
    paths: tuple[tuple[Step, ...], ...]

    def __call__(self, values: list[Any]) -> list[Any]:
        return [found for path in self.paths for found in _follow(path, values)]


class _Filter(Struct, frozen=True):
    left: tuple[Step, ...]
    operator: str
    """"" asks whether there is anything at all."""
    right: tuple[Step, ...]

    def __call__(self, values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if type(value) is not list:
                raise PathError(f"{value} is not array or slice and cannot be filtered")
            found += [item for item in value if self._passes(item)]
        return found

    def _passes(self, item: Any) -> bool:
        if not self.operator:
            return bool(_follow(self.left, [item]))
        left, right = _follow(self.left, [item]), _follow(self.right, [item])
        if len(left) > 1 or len(right) > 1:
            raise PathError("can only compare one element at a time")
        return bool(left and right) and _compare(left[0], self.operator, right[0])


def _wildcard(values: list[Any]) -> list[Any]:
    return [inner for value in values for inner in _inside(value)]


def _recursive(values: list[Any]) -> list[Any]:
    """Everything that has something in it, from the outside in."""
    return list(_descend(values))


def _descend(values: list[Any]) -> Iterator[Any]:
    waiting = values[::-1]
    seen = 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise PathError(f"more than {MOST_VALUES} values")
        if inner := _inside(value):
            yield value
            waiting += inner[::-1]


def _inside(value: Any) -> list[Any]:
    if type(value) is dict:
        return [value[key] for key in sorted(value)]
    return value if type(value) is list else []


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}


def _compare(left: Any, operator: str, right: Any) -> bool:
    compare = _COMPARISONS.get(operator)
    if compare is None:
        raise PathError(f"unrecognized filter operator {operator}")
    if type(left) is not type(right):
        raise PathError("incompatible types for comparison")
    if type(left) not in (bool, int, float, str) or (type(left) is bool and operator not in ("==", "!=")):
        raise PathError("invalid type for comparison")
    return compare(left, right)


_GO_TYPES = {dict: "map[string]interface {}", str: "string", bool: "bool", int: "int64", float: "float64"}


def _go_type(value: Any) -> str:
    return _GO_TYPES.get(type(value), "[]interface {}")


_TERMINATORS = frozenset(" \t\r\n.,[]$@{}")
_DICT_KEY = re.compile(r"'([^']*)'\Z")
_SLICE = re.compile(r"(-?\d*)(:-?\d*)?(:-?\d*)?\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?[\d.]*", re.ASCII)
_COMPARISON = re.compile(r"([^!<>=]+)([!<>=~]+)(.+?)\Z", re.DOTALL)


class _Parser:
    """Reads one action, that is, what kubectl has between braces."""

    __slots__ = ("_at", "_steps", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._steps: list[Step] = []

    def parse(self) -> tuple[Step, ...]:
        while self._at < len(self._text):
            self._parse_one()
        return tuple(self._steps)

    def _parse_one(self) -> None:
        text, at = self._text, self._at
        sign = text[at]
        if text.startswith("[?(", at):
            self._parse_filter()
        elif text.startswith("..", at):
            self._parse_recursive()
        elif sign in " @$":
            self._at += 1
        elif sign == "[":
            self._parse_array()
        elif sign in "\"'":
            self._parse_quote(sign)
        elif sign == ".":
            self._at += 1
            self._parse_field()
        elif sign in "+-" or sign.isdigit():
            self._parse_number()
        elif sign == "_" or sign.isalpha():
            self._parse_identifier()
        elif sign in "\r\n":
            raise PathError("unclosed action")
        else:
            raise PathError(f"unrecognized character in action: U+{ord(sign):04X} '{sign}'")

    def _take_until(self, escapes: bool) -> str:
        """Text up to the next sign that ends a name."""
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in _TERMINATORS:
            self._at += 2 if escapes and self._text[self._at] == "\\" else 1
        return self._text[start : self._at]

    def _parse_field(self) -> None:
        name = self._take_until(escapes=True)
        self._steps.append(_wildcard if name == "*" else _Field(name.replace("\\", "")))

    def _parse_recursive(self) -> None:
        if self._steps and self._steps[-1] is _recursive:
            raise PathError("invalid multiple recursive descent")
        self._at += 2
        self._steps.append(_recursive)
        if self._at < len(self._text) and (self._text[self._at] == "_" or self._text[self._at].isalnum()):
            self._parse_field()

    def _parse_identifier(self) -> None:
        name = self._take_until(escapes=False)
        if name not in ("true", "false"):
            raise PathError(f"unrecognized identifier {name}")
        self._steps.append(_Literal(name == "true"))

    def _parse_number(self) -> None:
        found = _NUMBER.match(self._text, self._at)
        assert found is not None
        self._at = found.end()
        try:
            self._steps.append(_Literal(int(found[0]) if "." not in found[0] else float(found[0])))
        except ValueError:
            raise PathError(f"cannot parse number {found[0]}") from None

    def _parse_quote(self, quote: str) -> None:
        end = self._at + 1
        while True:
            end = self._text.find(quote, end)
            if end < 0:
                raise PathError("unterminated quoted string")
            if self._text[end - 1] != "\\":
                break
            end += 1
        self._steps.append(_Literal(re.sub(r"\\(.)", r"\1", self._text[self._at + 1 : end])))
        self._at = end + 1

    def _parse_array(self) -> None:
        end = self._text.find("]", self._at)
        if end < 0 or "\n" in self._text[self._at : end]:
            raise PathError("unterminated array")
        inside = self._text[self._at + 1 : end]
        self._at = end + 1
        parts = inside.split(",")
        if len(parts) > 1:
            self._steps.append(_Union(tuple(_Parser(f"[{part.strip(' ')}]").parse() for part in parts)))
        elif key := _DICT_KEY.match(inside):
            self._steps += _Parser("." + key[1]).parse()
        else:
            self._steps.append(_slice("0:" if inside == "*" else inside))

    def _parse_filter(self) -> None:
        start = self._at + len("[?(")
        end = _filter_end(self._text, start)
        self._at = end + 2
        inside = self._text[start:end]
        found = _COMPARISON.match(inside)
        if found is None:
            self._steps.append(_Filter(_Parser(inside).parse(), "", ()))
        else:
            self._steps.append(_Filter(_Parser(found[1]).parse(), found[2], _Parser(found[3]).parse()))


def _slice(text: str) -> Step:
    found = _SLICE.match(text)
    if found is None:
        raise PathError(f"invalid array index {text}")
    start, stop, step = found.groups()
    numbers = [_index(part) for part in (start, (stop or "")[1:], (step or "")[1:])]
    if stop is None:
        return _Index(numbers[0] or 0)
    return _Slice(*numbers)


def _index(text: str) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        raise PathError(f"array index {text} is not a number") from None


def _filter_end(text: str, start: int) -> int:
    """Where the parenthesis of a filter closes that is not in quotes."""
    quote = ""
    for at in range(start, len(text)):
        sign = text[at]
        if sign == "\n":
            break
        if quote:
            if sign == quote and text[at - 1] != "\\":
                quote = ""
        elif sign in "\"'":
            quote = sign
        elif sign == ")":
            if text[at + 1 : at + 2] != "]":
                raise PathError("unclosed array expect ]")
            return at
    raise PathError("unterminated filter")

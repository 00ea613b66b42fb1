"""The steps of a path, in the form in which `fieldsV1` writes them: `f:spec`, `k:{"name":"web"}`, `v:"a"`, `i:0`.

A step is its text. Two steps are equal when their texts are, so whatever comes from outside is brought into the one
canonical text first: keys sorted by name, no spaces, strings escaped as Go escapes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from wherry.api.schema.nodes import Node

SELF = "."
"""The member by which a set says that it contains the place itself beside what is below."""

_FEW = 5
_PLAIN = (str, int)
_LONG = 256
"""Steps up to this length are remembered; longer ones are rare and would fill the memory."""
_ESCAPED = re.compile("[<>&\u2028\u2029]")


class BadElement(ValueError):
    """A list item that cannot be told apart from others, or a step that is none."""


def field(name: str) -> str:
    """The step to a field or key of an object."""
    return "f:" + name


def item_element(node: Node, item: Any) -> str:
    """The step to an item of a list that is a set or has keys; raises `BadElement`."""
    if not node.keys:
        return _value_element(item)
    if type(item) is not dict:
        kind = "a null element" if item is None else "non-map elements"
        raise BadElement(f"associative list with keys may not have {kind}")
    if len(node.keys) == 1:
        name = node.keys[0]
        value = item.get(name, _MISSING)
        if type(value) is str and len(value) < _LONG:
            return _single(name, value)
    return _key_element(node, item)


@lru_cache(8192)
def canonical(element: str) -> str | None:
    """The one text of a step that came from outside; None for a sort of steps that is not known; raises BadElement."""
    if len(element) < 2:
        raise BadElement("key must be 2 characters long:")
    if element[1] != ":":
        raise BadElement(f"missing colon: {element}")
    rest = element[2:]
    match element[0]:
        case "f":
            return element
        case "v":
            return "v:" + _dump(_load(rest))
        case "k":
            value = _load(rest)
            if value is not None and type(value) is not dict:
                raise BadElement(f"a key is an object: {element}")
            return _join((value or {}).items())
        case "i":
            if not re.fullmatch(r"[+-]?[0-9]{1,18}", rest, re.ASCII):
                raise BadElement(f"an index is a number: {element}")
            return f"i:{int(rest)}"
        case _:
            return None


@lru_cache(4096)
def sort_key(element: str) -> tuple[int, Any]:
    """Steps in upstream's order: fields by name, then keys, values and indices, each by what they say."""
    rest = element[2:]
    match element[0]:
        case ".":
            return (-1, "")
        case "f":
            return (0, rest)
        case "k":
            return (1, tuple((name, _value_order(value)) for name, value in _decode(rest).items()))
        case "v":
            return (2, _value_order(_decode(rest)))
        case _:
            return (3, int(rest))


@lru_cache(1024)
def text(element: str) -> str:
    """A step as messages show it: `.spec`, `[name="web"]`, `[="a"]`, `[0]`."""
    rest = element[2:]
    match element[0]:
        case "f":
            return "." + rest
        case "k":
            return "[" + ",".join(f"{name}={show(value)}" for name, value in _decode(rest).items()) + "]"
        case "v":
            return f"[={show(_decode(rest))}]"
        case _:
            return f"[{rest}]"


def show(value: Any) -> str:
    """A value as messages show it."""
    if isinstance(value, list):
        return "[" + ",".join(map(show, value)) + "]"
    if isinstance(value, dict):
        return "".join(f"{name}={show(member)}" for name, member in value.items())
    return json.dumps(value, ensure_ascii=False)


_MISSING = object()
_decode = msgspec.json.decode


@lru_cache(8192)
def _single(name: str, value: str) -> str:
    return _join([(name, value)])


def _key_element(node: Node, item: Mapping[str, Any]) -> str:
    pairs = []
    is_plain = True
    for name in node.keys:
        value = item.get(name, _MISSING)
        if value is _MISSING:
            value = node.key_defaults.get(name, _MISSING)
        if value is not _MISSING:
            pairs.append((name, value))
            is_plain = is_plain and type(value) in _PLAIN
    if not pairs:
        names = "[" + " ".join(json.dumps(name) for name in node.keys) + "]"
        raise BadElement(
            f"associative list with keys has an element that omits all key fields {names} "
            "(and doesn't have default values for any key fields)"
        )
    return _remembered(tuple(pairs)) if is_plain and len(pairs) < _FEW else _join(pairs)


@lru_cache(8192)
def _remembered(pairs: tuple[tuple[str, Any], ...]) -> str:
    return _join(pairs)


def _value_element(item: Any) -> str:
    if type(item) is str:
        return _string_element(item) if len(item) < _LONG else "v:" + _dump(item)
    if type(item) is dict:
        raise BadElement("associative list without keys has an element that's a map type")
    if type(item) is list:
        raise BadElement("not supported: associative list with lists as elements")
    if item is None:
        raise BadElement("associative list without keys has an element that's an explicit null")
    return "v:" + _dump(item)


@lru_cache(8192)
def _string_element(item: str) -> str:
    return "v:" + _dump(item)


def _join(pairs: Iterable[tuple[str, Any]]) -> str:
    by_name = sorted(pairs, key=_name_of)
    return "k:{" + ",".join(f"{_dump(name)}:{_dump(value)}" for name, value in by_name) + "}"


def _name_of(pair: tuple[str, Any]) -> str:
    return pair[0]


def _dump(value: Any) -> str:
    """Compact JSON with Go's escapes: what a browser could take for markup is written as a code point."""
    if type(value) is float and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    dumped = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return _escape(dumped) if _ESCAPED.search(dumped) or "\\" in dumped else dumped


def _escape(dumped: str) -> str:
    for plain in "<>&\u2028\u2029":
        dumped = dumped.replace(plain, f"\\u{ord(plain):04x}")
    return re.sub(r"\\(.)", lambda found: _GO_ESCAPES.get(found[1], found[0]), dumped)


_GO_ESCAPES = {"b": "\\u0008", "f": "\\u000c"}


def _load(text: str) -> Any:
    try:
        return _decode(text)
    except (ValueError, RecursionError) as error:
        raise BadElement(f"not JSON: {text[:_LONG]}") from error


def _value_order(value: Any) -> tuple[int, Any]:
    if value is None:
        return (5, 0)
    if isinstance(value, bool):
        return (2, value)
    if isinstance(value, (int, float)):
        return (0, value)
    if isinstance(value, str):
        return (1, value)
    if isinstance(value, list):
        return (3, tuple(map(_value_order, value)))
    return (4, tuple((name, _value_order(member)) for name, member in sorted(value.items())))

"""Working on text (cel-go's `strings` extension, version 2: what Kubernetes has enabled since 1.29).

    'hello'.charAt(4) == 'o'     'a b'.split(' ') == ['a', 'b']     "%d of %s".format([3, 'x']) == "3 of x"

Positions count Unicode characters. `reverse` came with version 3 and is a library of its own here.
"""

from __future__ import annotations

from typing import Any

from wherry.cel.errors import CostExceededError, EvaluationError
from wherry.cel.functions import Function, Implementation, Library, Overload
from wherry.cel.library.formatcheck import check_formats
from wherry.cel.library.formatting import format_text
from wherry.cel.limits import LONGEST_TEXT
from wherry.cel.types import DYN, INT, STRING, ListType, Type

_WHITE_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""Unicode's White_Space; Python's `strip` takes four control characters more."""

_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_TO_LOWER, _TO_UPPER = str.maketrans(_UPPER, _LOWER), str.maketrans(_LOWER, _UPPER)

_QUOTED = str.maketrans(
    {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        '"': '\\"',
        **{chr(half): "\ufffd" for half in range(0xD800, 0xE000)},
    }
)


def char_at(text: str, index: int) -> str:
    """The character there; the empty string right behind the last one."""
    _check_index(index, len(text))
    return text[index : index + 1]


def index_of(text: str, part: str, offset: int = 0) -> int:
    """Where `part` first begins, at or after `offset`; -1 if nowhere."""
    if offset < 0:
        raise EvaluationError(f"index out of range: {offset}")
    return text.find(part, min(offset, len(text)))


def last_index_of(text: str, part: str, offset: int | None = None) -> int:
    """Where `part` last begins, at or before `offset`; -1 if nowhere."""
    if offset is None:
        return text.rfind(part)
    if offset < 0:
        raise EvaluationError(f"index out of range: {offset}")
    if not part:
        return min(offset, len(text))
    return -1 if offset >= len(text) else text.rfind(part, 0, offset + len(part))


def lower_ascii(text: str) -> str:
    """The text with A to Z in lower case."""
    return text.translate(_TO_LOWER)


def upper_ascii(text: str) -> str:
    """The text with a to z in upper case."""
    return text.translate(_TO_UPPER)


def replace(text: str, old: str, new: str, limit: int = -1) -> str:
    """Every `old`, or the first `limit` of them unless it is negative, replaced. The empty `old` is everywhere."""
    count = text.count(old) if limit < 0 else min(text.count(old), limit)
    _check_length(len(text) + count * (len(new) - len(old)))
    return text.replace(old, new, max(limit, -1))


def split(text: str, separator: str, limit: int = -1) -> list[str]:
    """The parts between separators, at most `limit` of them unless it is negative; the last holds the rest.

    The empty separator stands between any two characters.
    """
    if limit == 0:
        return []
    if separator:
        return text.split(separator, max(limit - 1, -1))
    if limit < 0 or limit >= len(text):
        return list(text)
    return [*text[: limit - 1], text[limit - 1 :]]


def substring(text: str, start: int, end: int | None = None) -> str:
    """The characters from `start` to before `end`."""
    if end is None:
        _check_index(start, len(text))
        return text[start:]
    if start > end:
        raise EvaluationError(f"invalid substring range. start: {start}, end: {end}")
    _check_index(start, len(text))
    _check_index(end, len(text))
    return text[start:end]


def trim(text: str) -> str:
    """The text without white space around it."""
    return text.strip(_WHITE_SPACE)


def quote(text: str) -> str:
    """The text as a literal of CEL."""
    return f'"{text.translate(_QUOTED)}"'


def join(parts: list[Any], separator: str = "") -> str:
    """The parts as one text."""
    for part in parts:
        if type(part) is not str:
            raise EvaluationError(f"join: invalid input: {part}")
    _check_length(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def reverse(text: str) -> str:
    """The characters from last to first."""
    return text[::-1]


def _check_length(length: int) -> None:
    if length > LONGEST_TEXT:
        raise CostExceededError


def _check_index(index: int, length: int) -> None:
    if not 0 <= index <= length:
        raise EvaluationError(f"index out of range: {index}")


def _of_text(id: str, rest: tuple[Type, ...], result: Type, implementation: Implementation) -> Overload:
    return Overload(id, (STRING, *rest), result, implementation, is_member=True)


def _of_list(id: str, rest: tuple[Type, ...], implementation: Implementation) -> Overload:
    return Overload(id, (ListType(STRING), *rest), STRING, implementation, is_member=True)


STRINGS = Library(
    "cel.lib.ext.strings",
    functions=(
        Function("charAt", _of_text("string_char_at_int", (INT,), STRING, char_at)),
        Function(
            "indexOf",
            _of_text("string_index_of_string", (STRING,), INT, index_of),
            _of_text("string_index_of_string_int", (STRING, INT), INT, index_of),
        ),
        Function(
            "lastIndexOf",
            _of_text("string_last_index_of_string", (STRING,), INT, last_index_of),
            _of_text("string_last_index_of_string_int", (STRING, INT), INT, last_index_of),
        ),
        Function("lowerAscii", _of_text("string_lower_ascii", (), STRING, lower_ascii)),
        Function("upperAscii", _of_text("string_upper_ascii", (), STRING, upper_ascii)),
        Function(
            "replace",
            _of_text("string_replace_string_string", (STRING, STRING), STRING, replace),
            _of_text("string_replace_string_string_int", (STRING, STRING, INT), STRING, replace),
        ),
        Function(
            "split",
            _of_text("string_split_string", (STRING,), ListType(STRING), split),
            _of_text("string_split_string_int", (STRING, INT), ListType(STRING), split),
        ),
        Function(
            "substring",
            _of_text("string_substring_int", (INT,), STRING, substring),
            _of_text("string_substring_int_int", (INT, INT), STRING, substring),
        ),
        Function("trim", _of_text("string_trim", (), STRING, trim)),
        Function("format", _of_text("string_format", (ListType(DYN),), STRING, format_text)),
        Function("strings.quote", Overload("strings_quote", (STRING,), STRING, quote)),
        Function("join", _of_list("list_join", (), join), _of_list("list_join_string", (STRING,), join)),
    ),
    validators=(check_formats,),
)

STRINGS_REVERSE = Library(
    "cel.lib.ext.strings.reverse",
    functions=(Function("reverse", _of_text("string_reverse", (), STRING, reverse)),),
)

"""Regular expressions of the RE2 family: matching takes time proportional to the text, whatever the pattern.

Patterns come from people whom a server does not trust. Python's own engine backtracks, so that ten characters of
pattern can hold it for hours, and its dialect differs (`$` before a last newline, Unicode digits, look-around). RE2
is the engine whose dialect Go speaks; a search costs 0.7 µs, three times `re`'s, and cannot be made slow.

    pattern = compile_pattern(r"^[a-z]+$")      # raises PatternError, in the words of Go's regexp package
    pattern.search("abc")                       # True
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

__all__ = ["Pattern", "PatternError", "compile_pattern"]

_MESSAGES = {
    "invalid escape sequence": "invalid escape sequence",
    "invalid character class": "invalid character class",
    "invalid character class range": "invalid character class range",
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "unexpected )": "unexpected )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid UTF-8": "invalid UTF-8",
    "invalid named capture group": "invalid named capture",
}
"""RE2's sentences and Go's for the same faults."""


class PatternError(ValueError):
    """The pattern is not one of this dialect; the message is what Go says of it."""


class Pattern:
    """A compiled pattern. Cheap to keep (about 2 KB), so callers hold on to it."""

    __slots__ = ("_anywhere", "_match", "text")

    def __init__(self, text: str) -> None:
        from re2 import _re2

        options = _re2.RE2.Options()
        options.log_errors = False
        engine = _re2.RE2(_encode(text), options)
        if not engine.ok():
            raise PatternError(_explain(engine.error().decode(errors="replace"), text))
        if _has_any_byte(text):
            raise PatternError("error parsing regexp: invalid escape sequence: `\\C`")
        self.text = text
        self._match: Any = engine.Match
        self._anywhere: Any = _re2.RE2.Anchor.UNANCHORED

    def search(self, text: str) -> bool:
        """Whether any part of `text` matches."""
        encoded = _encode(text)
        return bool(self._match(self._anywhere, encoded, 0, len(encoded))[0][0] >= 0)

    def find(self, text: str) -> str | None:
        """The first match, None when there is none."""
        encoded = _encode(text)
        start, end = self._match(self._anywhere, encoded, 0, len(encoded))[0]
        return None if start < 0 else _decode(encoded[start:end])

    def find_all(self, text: str, limit: int = -1) -> list[str]:
        """Every match from left to right, at most `limit` of them unless it is negative.

        An empty match right after another match does not count.
        """
        encoded = _encode(text)
        found: list[str] = []
        position, previous_end = 0, -1
        while position <= len(encoded) and len(found) != limit:
            start, end = self._match(self._anywhere, encoded, position, len(encoded))[0]
            if start < 0:
                break
            counts = end != position or start != previous_end
            position = end if end != position else _after_character(encoded, position)
            previous_end = end
            if counts:
                found.append(_decode(encoded[start:end]))
        return found

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


@lru_cache(1024)
def compile_pattern(text: str) -> Pattern:
    """The compiled form of `text`, shared by everyone who asks for the same; raises PatternError."""
    return Pattern(text)


def _encode(text: str) -> bytes:
    # JSON can name half of a surrogate pair: one character to us and to RE2.
    return text.encode("utf-8", "surrogatepass")


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogatepass")


def _after_character(text: bytes, position: int) -> int:
    position += 1
    while position < len(text) and text[position] & 0xC0 == 0x80:
        position += 1
    return position


def _has_any_byte(text: str) -> bool:
    # `\C` (any byte) is the one escape that RE2 knows and Go does not.
    position = text.find("\\")
    while position >= 0:
        if text[position + 1 : position + 2] == "C":
            return True
        position = text.find("\\", position + 2)
    return False


def _explain(error: str, text: str) -> str:
    sentence, _, fragment = error.partition(": ")
    if error.startswith("pattern too large"):
        return f"error parsing regexp: expression too large: `{text}`"
    return f"error parsing regexp: {_MESSAGES.get(sentence, sentence)}: `{fragment}`"

"""Text to tokens, by the lexical rules of CEL's grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

EOF = "<EOF>"
IDENTIFIER = "IDENTIFIER"
ESC_IDENTIFIER = "ESC_IDENTIFIER"
"""A name in back-quotes, for fields such as `app.kubernetes.io/name`."""
NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES = "NUM_FLOAT", "NUM_INT", "NUM_UINT", "STRING", "BYTES"

IN_ORDER = (
    *("==", "!=", "in", "<", "<=", ">=", ">", "&&", "||", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":"),
    *("+", "*", "/", "%", "true", "false", "null", NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER),
    ESC_IDENTIFIER,
)
"""All kinds but the end, in the order in which messages list them."""


class Token(Struct, frozen=True):
    """One word of the text."""

    kind: str
    """Punctuation and keywords are their own kind."""
    text: str
    position: int


def tokenize(text: str, report: Callable[[int, str], None]) -> Iterator[Token]:
    """The tokens of a text and a last one of kind EOF; what is none is reported (position, message) and skipped."""
    position, match, end = 0, _TOKEN.match, len(text)
    while position < end:
        if found := match(text, position):
            kind, word = found.lastgroup or "", found[0]
            if kind == "WORD":
                kind = word if word in _KEYWORDS else IDENTIFIER
            if kind == "PUNCTUATION":
                yield Token(word, word, position)
            elif kind != "SPACE":
                yield Token(kind, word, position)
            position = found.end()
        else:
            bad = _unrecognized(text, position)
            report(position, f"Syntax error: token recognition error at: '{bad}'")
            position += len(bad)
    yield Token(EOF, EOF, end)


def _unrecognized(text: str, position: int) -> str:
    """What might have become a token, up to and with the character that spoiled it."""
    begun = _BEGUN.match(text, position)
    return text[position : (begun.end() if begun else position) + 1]


_KEYWORDS = frozenset(("in", "true", "false", "null"))
_ESCAPE = r"""\\(?:[abfnrtv"'\\?`]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"""
_STRING = "|".join(
    (
        rf'"""(?:{_ESCAPE}|[^\\])*?"""',
        rf"'''(?:{_ESCAPE}|[^\\])*?'''",
        rf'"(?:{_ESCAPE}|[^\\"\n\r])*+"',
        rf"'(?:{_ESCAPE}|[^\\'\n\r])*+'",
        r'[rR]"""[\s\S]*?"""',
        r"[rR]'''[\s\S]*?'''",
        r'[rR]"[^"\n\r]*"',
        r"[rR]'[^'\n\r]*'",
    )
)
_TOKEN = re.compile(
    "|".join(
        (
            r"(?P<SPACE>[\t \r\n\f]+|//[^\n]*)",
            rf"(?P<STRING>{_STRING})",
            rf"(?P<BYTES>[bB](?:{_STRING}))",
            r"(?P<WORD>[A-Za-z_][A-Za-z0-9_]*)",
            r"(?P<NUM_FLOAT>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)",
            r"(?P<NUM_UINT>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])",
            r"(?P<NUM_INT>0x[0-9a-fA-F]+|[0-9]+)",
            r"(?P<ESC_IDENTIFIER>`[A-Za-z0-9_.\-/ ]+`)",
            r"(?P<PUNCTUATION>==|!=|<=|>=|&&|\|\||[<>\[\]{}().,\-!?:+*/%])",
        )
    )
)
_BEGUN = re.compile(
    rf"""[bB]?(?:"(?:{_ESCAPE}|[^\\"\n\r])*+|'(?:{_ESCAPE}|[^\\'\n\r])*+)(?:\\(?:[xXuU][0-9a-fA-F]*|[0-3][0-7]?)?)?"""
    r"""|[bB]?[rR](?:"[^"\n\r]*|'[^'\n\r]*)|[&|=]|`[A-Za-z0-9_.\-/ ]*"""
)

"""The grammar of label selector strings (`app in (a,b),tier!=x,!old`), read as upstream's parser reads it."""

from __future__ import annotations

import re
from enum import Enum

from wherry.api.meta.names import label_value_faults, qualified_name_faults
from wherry.api.meta.requirement import Operator, Requirement, SelectorError


class _Token(Enum):
    END = 0
    IDENTIFIER = 1
    SYMBOL = 2
    ERROR = 3


_LEXER = re.compile(r"[ \t\r\n]*(?:(==|!=|=|!|\(|\)|,|>|<)|([^ \t\r\n=!(),><]+)|$)")
_OPERATORS = {
    "=": Operator.EQUALS,
    "==": Operator.EQUALS,
    "!=": Operator.NOT_EQUALS,
    "in": Operator.IN,
    "notin": Operator.NOT_IN,
    ">": Operator.GREATER,
    "<": Operator.LESS,
}


def parse_requirements(text: str) -> list[Requirement]:
    """The requirements in the order they are written; raises SelectorError in upstream's words."""
    return _Parser(text).parse()


class _Parser:
    """Reads tokens one by one. What `in` means depends on where it stands, so the caller decides, not the lexer."""

    def __init__(self, text: str) -> None:
        self._tokens = [(_kind(match), match.group().strip(" \t\r\n")) for match in _LEXER.finditer(text)]
        self._tokens.append((_Token.END, ""))
        self._at = 0

    def parse(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            kind, literal = self._peek()
            if kind is _Token.END:
                return found
            if kind is not _Token.IDENTIFIER and literal != "!":
                raise SelectorError(f"found '{literal}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self._requirement())
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from None
            kind, literal = self._next()
            if kind is _Token.END:
                return found
            if literal != ",":
                raise SelectorError(f"found '{literal}', expected: ',' or 'end of string'")
            kind, literal = self._peek()
            if kind is not _Token.IDENTIFIER and literal != "!":
                raise SelectorError(f"found '{literal}', expected: identifier after ','")

    def _peek(self) -> tuple[_Token, str]:
        return self._tokens[self._at]

    def _next(self) -> tuple[_Token, str]:
        token = self._tokens[self._at]
        if self._at < len(self._tokens) - 1:
            self._at += 1
        return token

    def _requirement(self) -> Requirement:
        kind, key = self._next()
        negated = key == "!" and kind is _Token.SYMBOL
        if negated:
            kind, key = self._next()
        if kind is not _Token.IDENTIFIER:
            raise SelectorError(f"found '{key}', expected: identifier")
        _check_key(key)
        if negated:
            return Requirement(key, Operator.DOES_NOT_EXIST)
        kind, literal = self._peek()
        if kind is _Token.END or literal == ",":
            return Requirement(key, Operator.EXISTS)
        self._next()
        operator = _OPERATORS.get(literal)
        if operator is None:
            raise SelectorError(f"found '{literal}', expected: in, notin, =, ==, !=, gt, lt")
        values = self._values() if operator in (Operator.IN, Operator.NOT_IN) else (self._exact_value(),)
        _check_values(key, operator, values)
        return Requirement(key, operator, values)

    def _exact_value(self) -> str:
        kind, literal = self._peek()
        if kind is _Token.END or literal == ",":
            return ""
        self._next()
        if kind is not _Token.IDENTIFIER:
            raise SelectorError(f"found '{literal}', expected: identifier")
        return literal

    def _values(self) -> tuple[str, ...]:
        kind, opening = self._next()
        if opening != "(":
            raise SelectorError(f"found '{opening}' expected: '('")
        kind, literal = self._peek()
        if literal == ")":
            self._next()
            return ()
        if kind is not _Token.IDENTIFIER and literal != ",":
            raise SelectorError(f"found '{literal}', expected: ',', ')' or identifier")
        values = self._list()
        self._next()
        return tuple(sorted(values))

    def _list(self) -> set[str]:
        """Values up to the closing parenthesis, which stays. Missing ones between commas are empty strings."""
        values: set[str] = set()
        while True:
            kind, literal = self._next()
            if kind is _Token.IDENTIFIER:
                values.add(literal)
                kind, literal = self._peek()
                if literal == ")":
                    return values
                if literal != ",":
                    raise SelectorError(f"found '{literal}', expected: ',' or ')'")
            elif literal == ",":
                if not values:
                    values.add("")
                _, following = self._peek()
                if following == ")":
                    values.add("")
                    return values
                if following == ",":
                    self._next()
                    values.add("")
            else:
                raise SelectorError(f"found '{literal}', expected: ',', or identifier")


def _kind(match: re.Match[str]) -> _Token:
    if match.group(1):
        return _Token.SYMBOL
    return _Token.IDENTIFIER if match.group(2) else _Token.END


def _check_key(key: str) -> None:
    if faults := qualified_name_faults(key):
        raise SelectorError(f'<nil>: Invalid value: "{key}": {"; ".join(faults)}')


def _check_values(key: str, operator: Operator, values: tuple[str, ...]) -> None:
    if operator in (Operator.IN, Operator.NOT_IN) and not values:
        raise SelectorError("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
    if operator in (Operator.GREATER, Operator.LESS):
        _check_number(values[0])
    for index, value in enumerate(values):
        if faults := label_value_faults(value):
            raise SelectorError(f'values[{index}][{key}]: Invalid value: "{value}": {"; ".join(faults)}')


def _check_number(value: str) -> None:
    try:
        int(value)
    except ValueError:
        raise SelectorError(
            f"values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
        ) from None

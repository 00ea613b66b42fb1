"""Tokens under a cursor, and what is said and done where one is wrong."""

from __future__ import annotations

from typing import NoReturn

from wherry.cel.errors import MAX_ISSUES, Issue
from wherry.cel.lexer import EOF, IN_ORDER, Token, tokenize


class SyntaxFault(Exception):
    """The text is no expression; `issues` say why."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__(issues[0].message if issues else "")
        self.issues = issues


def locate(text: str, position: int) -> tuple[int, int]:
    """Line (from 1) and column (from 0) of a character."""
    return text.count("\n", 0, position) + 1, position - (text.rfind("\n", 0, position) + 1)


class Halt(Exception):
    """Parsing cannot go on."""


class TokenStream:
    """The cursor. Issues collect; Halt is raised where nothing more can be found out."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.issues: list[Issue] = []
        self.tokens = list(tokenize(text, self.report))
        self.index = 0
        self.token = self.tokens[0]

    def report(self, position: int, message: str) -> None:
        place = locate(self.text, position)
        if len(self.issues) >= MAX_ISSUES:
            self.issues.append(Issue(f"Syntax error: More than {MAX_ISSUES} syntax errors", *place))
            raise SyntaxFault(self.issues)
        self.issues.append(Issue(message, *place))

    def advance(self) -> Token:
        token = self.token
        self.index += 1
        self.token = self.tokens[min(self.index, len(self.tokens) - 1)]
        return token

    def expect(self, *kinds: str) -> Token:
        """Take a token of these kinds; skip one other if such a one follows."""
        if self.token.kind not in kinds:
            self.recover(frozenset(kinds))
        return self.advance()

    def recover(self, expected: frozenset[str]) -> None:
        """Say that the token is wrong here, and skip it if the next one would do."""
        if self.complain(expected):
            raise Halt
        self.advance()

    def complain(self, expected: frozenset[str]) -> bool:
        """Say that the token is wrong here; whether the next one would be as well."""
        wanted = [f"'{kind}'" if not kind[0].isupper() else kind for kind in IN_ORDER if kind in expected]
        if EOF in expected:
            wanted.append(EOF)
        listed = wanted[0] if len(wanted) == 1 else "{" + ", ".join(wanted) + "}"
        is_lost = self.token.kind == EOF or self.following() not in expected
        what = "mismatched" if is_lost else "extraneous"
        shown = self.token.text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        self.report(self.token.position, f"Syntax error: {what} input '{shown}' expecting {listed}")
        return is_lost

    def fail(self, message: str) -> NoReturn:
        self.report(self.token.position, f"Syntax error: {message}")
        raise Halt

    def halt(self, message: str) -> NoReturn:
        self.issues.append(Issue(message, -1, -1))
        raise Halt

    def following(self) -> str:
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)].kind

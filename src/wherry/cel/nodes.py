"""Making nodes, each with an id of its own: what the parser gives to macros."""

from __future__ import annotations

from itertools import count
from typing import Any

from wherry.cel.ast import Call, Comprehension, Entry, Expr, Ident, ListExpr, Literal, MapExpr, Select

ACCUMULATOR = "@result"
"""The variable of a loop that macros make; no text can name it."""


class Factory:
    """Counts ids, and makes nodes at one place of the text: the `functions.Nodes` of a macro."""

    __slots__ = ("next_id", "position")

    def __init__(self) -> None:
        self.next_id = count(1).__next__
        self.position = 0

    def at(self, position: int) -> Factory:
        """A factory that goes on counting, at another place."""
        other = Factory.__new__(Factory)
        other.next_id, other.position = self.next_id, position
        return other

    def literal(self, value: Any) -> Expr:
        return Literal(self.next_id(), self.position, value)

    def ident(self, name: str) -> Expr:
        return Ident(self.next_id(), self.position, name)

    def select(self, operand: Expr, field: str, *, is_test: bool = False) -> Expr:
        return Select(self.next_id(), self.position, operand, field, is_test)

    def call(self, function: str, *args: Expr) -> Expr:
        return Call(self.next_id(), self.position, function, None, args)

    def member(self, target: Expr, function: str, *args: Expr) -> Expr:
        return Call(self.next_id(), self.position, function, target, args)

    def list(self, *items: Expr) -> Expr:
        return ListExpr(self.next_id(), self.position, items)

    def map(self, *entries: tuple[Expr, Expr]) -> Expr:
        made = tuple(Entry(self.next_id(), self.position, key, value) for key, value in entries)
        return MapExpr(self.next_id(), self.position, made)

    def comprehension(
        self,
        range: Expr,
        variables: tuple[str, str],
        start: Expr,
        condition: Expr,
        step: Expr,
        result: Expr,
        accumulator: str = ACCUMULATOR,
    ) -> Expr:
        return Comprehension(
            self.next_id(), self.position, range, *variables, accumulator, start, condition, step, result
        )

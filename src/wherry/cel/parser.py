"""Tokens to a tree, by recursive descent over CEL's grammar.

    expr      : or ('?' or ':' expr)?
    or, and   : chains of '||' and '&&', which become balanced trees
    relation  : sum (('<' | '<=' | '>=' | '>' | '==' | '!=' | 'in') sum)*
    sum, term : '+' '-', then '*' '/' '%', all from the left
    unary     : '!'+ member | '-'+ member | member
    member    : primary ('.' name | '.' name '(' ... ')' | '[' expr ']')*

cel-go's parser is made by ANTLR, whose messages list what could have come instead. Here they are said alike for the
first fault; where one wrong token can be skipped, as ANTLR does, parsing goes on and may find more.

Its limits hold too: 100,000 characters, 250 levels of nesting, 250 operators of one precedence, selections or indices
in a row. They bound the depth of the tree, so what walks it may recurse. One limit is ours: a tree has
100,000 nodes at most, macros expanded.
"""

from __future__ import annotations

from collections.abc import Callable

from wherry.cel import operators
from wherry.cel.ast import Call, Expr, Literal, Select
from wherry.cel.errors import Issue
from wherry.cel.lexer import EOF, ESC_IDENTIFIER, IDENTIFIER, NUM_FLOAT, NUM_INT
from wherry.cel.limits import MAX_DEPTH, MAX_NODES, MAX_SIZE, measure
from wherry.cel.primaries import EXPRESSION, MacroTable, Primaries
from wherry.cel.tokenstream import Halt, SyntaxFault
from wherry.lib.depth import allow_depth


def parse(text: str, macros: MacroTable) -> Expr:
    """The tree of a text, macros expanded. Raises SyntaxFault."""
    if len(text) > MAX_SIZE:
        message = f"expression code point size exceeds limit: size: {len(text)}, limit {MAX_SIZE}"
        raise SyntaxFault([Issue(message, -1, -1)])
    parser = _Parser(text, macros)
    allow_depth()
    return parser.parse()


_SURELY_SMALL = 40
"""So few tokens are within all limits."""


class _Parser(Primaries):
    """Operators, by precedence, and members."""

    def __init__(self, text: str, macros: MacroTable) -> None:
        super().__init__(text, macros)
        self.depth = 0

    def parse(self) -> Expr:
        try:
            expr = self.expression()
            self.expect(EOF)
            if len(self.tokens) > _SURELY_SMALL:
                self.refuse_large(expr)
        except Halt:
            pass
        if self.issues:
            raise SyntaxFault(sorted(self.issues, key=lambda issue: (issue.line, issue.column)))
        return expr

    def refuse_large(self, expr: Expr) -> None:
        size, depth = measure(expr)
        if depth > MAX_DEPTH:
            self.halt("max recursion depth exceeded")
        if size > MAX_NODES:
            self.halt(f"expression expands to more than {MAX_NODES} nodes")

    # Operators

    def expression(self) -> Expr:
        if self.depth >= MAX_DEPTH:
            self.halt(f"expression recursion limit exceeded: {MAX_DEPTH}")
        self.depth += 1
        expr = self.chain("||", operators.OR, self.conjunction)
        if self.token.kind == "?":
            position = self.advance().position
            first = self.chain("||", operators.OR, self.conjunction)
            self.expect(":")
            expr = self.call(position, operators.CONDITIONAL, expr, first, self.expression())
        self.depth -= 1
        return expr

    def conjunction(self) -> Expr:
        return self.chain("&&", operators.AND, self.relation)

    def chain(self, sign: str, function: str, term: Callable[[], Expr]) -> Expr:
        """Terms joined by `&&` or `||`, as a balanced tree."""
        first = term()
        if self.token.kind != sign:
            return first
        terms, places = [first], []
        while self.token.kind == sign:
            places.append(self.advance().position)
            terms.append(term())

        def balanced(low: int, high: int) -> Expr:
            middle = (low + high + 1) // 2
            left = terms[middle] if middle == low else balanced(low, middle - 1)
            right = terms[middle + 1] if middle == high else balanced(middle + 1, high)
            return self.call(places[middle], function, left, right)

        return balanced(0, len(places) - 1)

    def relation(self) -> Expr:
        expr = self.sum()
        length = 0
        while self.token.kind in operators.RELATIONS:
            length = self.lengthen(length)
            token = self.advance()
            expr = self.call(token.position, operators.BINARY[token.kind], expr, self.sum())
        return expr

    def sum(self) -> Expr:
        expr = self.term()
        length = 0
        while self.token.kind in ("+", "-"):
            length = self.lengthen(length)
            token = self.advance()
            expr = self.call(token.position, operators.BINARY[token.kind], expr, self.term())
        return expr

    def term(self) -> Expr:
        expr = self.unary()
        length = 0
        while self.token.kind in ("*", "/", "%"):
            length = self.lengthen(length)
            token = self.advance()
            expr = self.call(token.position, operators.BINARY[token.kind], expr, self.unary())
        return expr

    def lengthen(self, length: int) -> int:
        """One more operator in a row."""
        if length >= MAX_DEPTH:
            self.halt("max recursion depth exceeded")
        return length + 1

    def unary(self) -> Expr:
        """`!`s or `-`s before a member; two of them are none. A `-` before a number is part of it."""
        sign = self.token.kind
        if sign not in ("!", "-") or (sign == "-" and self.following() in (NUM_INT, NUM_FLOAT)):
            return self.member()
        position, count = self.token.position, 0
        while self.token.kind == sign:
            self.advance()
            count += 1
        if self.token.kind in ("-", "!") and not (self.token.kind == "-" and self.following() in (NUM_INT, NUM_FLOAT)):
            self.recover(EXPRESSION - {"-", "!"})
        expr = self.member()
        return expr if count % 2 == 0 else self.call(position, operators.UNARY[sign], expr)

    # Members

    def member(self) -> Expr:
        expr = self.primary()
        length = 0
        while True:
            if self.token.kind == ".":
                expr = self.selection(expr)
            elif self.token.kind == "[":
                position = self.advance().position
                function = operators.INDEX
                if self.token.kind == "?":
                    self.advance()
                    function = operators.OPT_INDEX
                index = self.expression()
                self.expect("]")
                expr = self.call(position, function, expr, index)
            else:
                return expr
            length = self.lengthen(length)

    def selection(self, operand: Expr) -> Expr:
        position = self.advance().position
        is_optional = self.token.kind == "?"
        if is_optional:
            self.advance()
        if self.token.kind not in (IDENTIFIER, ESC_IDENTIFIER):
            self.refuse_name(position)
        name = self.advance()
        field = name.text[1:-1] if name.kind == ESC_IDENTIFIER else name.text
        if is_optional:
            literal = Literal(self.nodes.next_id(), name.position, field)
            return Call(self.nodes.next_id(), position, operators.OPT_SELECT, None, (operand, literal))
        if self.token.kind == "(" and name.kind == IDENTIFIER:
            position = self.token.position
            return self.member_call(position, operand, field, self.arguments())
        return Select(self.nodes.next_id(), position, operand, field)

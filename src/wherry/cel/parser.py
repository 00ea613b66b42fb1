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
in a row. They bound the depth of the tree, so what walks it may recurse, within `deeply`. One limit is ours: a tree has
100,000 nodes at most, macros expanded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

from wherry.cel import operators
from wherry.cel.ast import (
    Call,
    Entry,
    Expr,
    Ident,
    ListExpr,
    Literal,
    MapExpr,
    Select,
    StructExpr,
    StructField,
    children,
)
from wherry.cel.errors import MAX_ISSUES, Issue
from wherry.cel.functions import Macro, MacroError
from wherry.cel.lexer import BYTES as BYTES_TOKEN
from wherry.cel.lexer import EOF, ESC_IDENTIFIER, IDENTIFIER, IN_ORDER, NUM_FLOAT, NUM_INT, NUM_UINT, Token, tokenize
from wherry.cel.lexer import STRING as STRING_TOKEN
from wherry.cel.literals import LiteralError, parse_bytes, parse_double, parse_int, parse_string, parse_uint
from wherry.cel.nodes import Factory

MAX_SIZE = 100_000
MAX_DEPTH = 250
MAX_NODES = 100_000

MacroTable = Mapping[tuple[str, int, bool], Macro]
"""By name, number of arguments (-1: any) and whether it has a receiver."""


class SyntaxFault(Exception):
    """The text is no expression; `issues` say why."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__(issues[0].message if issues else "")
        self.issues = issues


def parse(text: str, macros: MacroTable) -> Expr:
    """The tree of a text, macros expanded. Raises SyntaxFault."""
    if len(text) > MAX_SIZE:
        message = f"expression code point size exceeds limit: size: {len(text)}, limit {MAX_SIZE}"
        raise SyntaxFault([Issue(message, -1, -1)])
    parser = _Parser(text, macros)
    with deeply(len(parser.tokens)):
        return parser.parse()


@contextmanager
def deeply(size: int) -> Iterator[None]:
    """Allow a recursion over a tree of so many nodes, which the parser's limits keep within some 1,000 levels."""
    if size < 60:
        yield
        return
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 20_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def locate(text: str, position: int) -> tuple[int, int]:
    """Line (from 1) and column (from 0) of a character."""
    return text.count("\n", 0, position) + 1, position - (text.rfind("\n", 0, position) + 1)


class _Halt(Exception):
    """Parsing cannot go on."""


_SURELY_SMALL = 40
"""So few tokens are within all limits."""
_EXPRESSION = frozenset(
    (
        *("[", "{", "(", ".", "-", "!", "true", "false", "null"),
        *(NUM_FLOAT, NUM_INT, NUM_UINT, STRING_TOKEN, BYTES_TOKEN, IDENTIFIER),
    )
)
_RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"),
        *("package", "namespace", "null", "return", "true", "var", "void", "while"),
    )
)
_LITERALS: dict[str, Callable[[str], object]] = {
    NUM_INT: parse_int,
    NUM_UINT: parse_uint,
    NUM_FLOAT: parse_double,
    STRING_TOKEN: parse_string,
    BYTES_TOKEN: parse_bytes,
    "true": lambda _: True,
    "false": lambda _: False,
    "null": lambda _: None,
}


class _Parser:
    """One walk over the tokens. Methods leave `token` at the first token that is not theirs."""

    def __init__(self, text: str, macros: MacroTable) -> None:
        self.text = text
        self.macros = macros
        self.issues: list[Issue] = []
        self.nodes = Factory()
        self.tokens = list(tokenize(text, self.report))
        self.index = 0
        self.token = self.tokens[0]
        self.depth = 0

    def report(self, position: int, message: str) -> None:
        place = locate(self.text, position)
        if len(self.issues) >= MAX_ISSUES:
            self.issues.append(Issue(f"Syntax error: More than {MAX_ISSUES} syntax errors", *place))
            raise SyntaxFault(self.issues)
        self.issues.append(Issue(message, *place))

    def parse(self) -> Expr:
        try:
            expr = self.expression()
            self.expect(EOF)
            if len(self.tokens) > _SURELY_SMALL:
                self.refuse_large(expr)
        except _Halt:
            pass
        if self.issues:
            raise SyntaxFault(sorted(self.issues, key=lambda issue: (issue.line, issue.column)))
        return expr

    def refuse_large(self, expr: Expr) -> None:
        size, depth = _measure(expr)
        if depth > MAX_DEPTH:
            self.halt("max recursion depth exceeded")
        if size > MAX_NODES:
            self.halt(f"expression expands to more than {MAX_NODES} nodes")

    # Tokens

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
        following = self.tokens[min(self.index + 1, len(self.tokens) - 1)]
        wanted = [f"'{kind}'" if not kind[0].isupper() else kind for kind in IN_ORDER if kind in expected]
        if EOF in expected:
            wanted.append(EOF)
        listed = wanted[0] if len(wanted) == 1 else "{" + ", ".join(wanted) + "}"
        what = "extraneous" if following.kind in expected and self.token.kind != EOF else "mismatched"
        shown = self.token.text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        self.report(self.token.position, f"Syntax error: {what} input '{shown}' expecting {listed}")
        if what == "mismatched":
            raise _Halt
        self.advance()

    def fail(self, message: str) -> NoReturn:
        self.report(self.token.position, f"Syntax error: {message}")
        raise _Halt

    def halt(self, message: str) -> NoReturn:
        self.issues.append(Issue(message, -1, -1))
        raise _Halt

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
            self.recover(_EXPRESSION - {"-", "!"})
        expr = self.member()
        return expr if count % 2 == 0 else self.call(position, operators.UNARY[sign], expr)

    def following(self) -> str:
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)].kind

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

    def refuse_name(self, position: int) -> NoReturn:
        if self.token.kind in ("true", "false", "null"):
            self.fail(f"mismatched input '{self.token.text}' expecting IDENTIFIER")
        between = self.text[position : self.token.position + len(self.token.text)].rstrip()
        self.fail(f"no viable alternative at input '{between}'")

    def arguments(self) -> tuple[Expr, ...]:
        """`(a, b)`."""
        self.advance()
        args = []
        if self.token.kind != ")":
            if self.token.kind not in _EXPRESSION:
                self.recover(_EXPRESSION | {")"})
            args.append(self.expression())
            while self.token.kind == ",":
                self.advance()
                args.append(self.expression())
        self.expect(")")
        return tuple(args)

    # Primaries

    def primary(self) -> Expr:
        token = self.token
        kind = token.kind
        if kind not in _EXPRESSION or kind == "!":
            self.recover(_EXPRESSION)
            return self.unary()
        if kind == IDENTIFIER or kind == ".":
            return self.name()
        if kind == "(":
            self.advance()
            expr = self.expression()
            self.expect(")")
            return expr
        if kind == "[":
            return self.list()
        if kind == "{":
            return self.map()
        return self.literal()

    def literal(self) -> Expr:
        token = self.advance()
        text = token.text
        if token.kind == "-":
            text += self.token.text
            kind = self.expect(NUM_INT, NUM_FLOAT).kind
        else:
            kind = token.kind
        value: object = None
        try:
            value = _LITERALS[kind](text)
        except LiteralError as error:
            self.report(token.position, str(error))
        return Literal(self.nodes.next_id(), token.position, value)

    def name(self) -> Expr:
        """A name, a call of a function, or `a.b.C{...}`."""
        start = self.token.position
        dot = ""
        if self.token.kind == ".":
            dot = self.advance().text
            if self.token.kind != IDENTIFIER:
                self.refuse_name(start)
        if self.is_struct():
            return self.struct(dot)
        name = self.advance()
        if name.text in _RESERVED:
            self.report(start, f"reserved identifier: {name.text}")
            return Literal(self.nodes.next_id(), start, None)
        if self.token.kind == "(":
            position = self.token.position
            return self.call(position, dot + name.text, *self.arguments())
        return Ident(self.nodes.next_id(), name.position, dot + name.text)

    def is_struct(self) -> bool:
        """Names with dots and then a brace."""
        index, tokens = self.index, self.tokens
        while tokens[index].kind == IDENTIFIER:
            index += 1
            if tokens[index].kind == "{":
                return True
            if tokens[index].kind != ".":
                return False
            index += 1
        return False

    def list(self) -> Expr:
        position = self.advance().position
        items: list[Expr] = []
        optionals = []
        while self.token.kind != "]":
            if self.token.kind == "," and not items and self.following() == "]":
                self.advance()
                break
            if not items and self.token.kind not in _EXPRESSION and self.token.kind != "?":
                self.recover(_EXPRESSION | {"]", ",", "?"})
            if self.token.kind == "?":
                self.advance()
                optionals.append(len(items))
            items.append(self.expression())
            if not self.separated("]"):
                break
        self.expect("]")
        return ListExpr(self.nodes.next_id(), position, tuple(items), frozenset(optionals))

    def map(self) -> Expr:
        position = self.advance().position
        entries: list[Entry] = []
        while self.token.kind != "}":
            if self.token.kind == "," and not entries and self.following() == "}":
                self.advance()
                break
            if not entries and self.token.kind not in _EXPRESSION and self.token.kind != "?":
                self.recover(_EXPRESSION | {"}", ",", "?"})
            is_optional = self.token.kind == "?" and bool(self.advance())
            key = self.expression()
            colon = self.expect(":").position
            value = self.expression()
            entries.append(Entry(self.nodes.next_id(), colon, key, value, is_optional))
            if not self.separated("}"):
                break
        self.expect("}")
        return MapExpr(self.nodes.next_id(), position, tuple(entries))

    def struct(self, dot: str) -> Expr:
        names = [self.advance().text]
        while self.token.kind == ".":
            self.advance()
            names.append(self.advance().text)
        position = self.advance().position
        fields: list[StructField] = []
        while self.token.kind != "}":
            if self.token.kind == "," and not fields and self.following() == "}":
                self.advance()
                break
            if not fields and self.token.kind not in ("?", IDENTIFIER, ESC_IDENTIFIER):
                self.recover(frozenset(("}", ",", "?", IDENTIFIER, ESC_IDENTIFIER)))
            is_optional = self.token.kind == "?" and bool(self.advance())
            name = self.expect(IDENTIFIER, ESC_IDENTIFIER)
            field = name.text[1:-1] if name.kind == ESC_IDENTIFIER else name.text
            colon = self.expect(":").position
            value = self.expression()
            fields.append(StructField(self.nodes.next_id(), colon, field, value, is_optional))
            if not self.separated("}"):
                break
        self.expect("}")
        return StructExpr(self.nodes.next_id(), position, dot + ".".join(names), tuple(fields))

    def separated(self, end: str) -> bool:
        """After an item: a comma and one more, or a last comma, or the end."""
        if self.token.kind == ",":
            self.advance()
            return self.token.kind != end
        if self.token.kind != end:
            self.recover(frozenset((",", end)))
            return self.token.kind == "," and bool(self.advance())
        return False

    # Calls and macros

    def call(self, position: int, function: str, *args: Expr) -> Expr:
        expanded = self.expand(position, function, None, args)
        return expanded or Call(self.nodes.next_id(), position, function, None, args)

    def member_call(self, position: int, target: Expr, function: str, args: tuple[Expr, ...]) -> Expr:
        expanded = self.expand(position, function, target, args)
        return expanded or Call(self.nodes.next_id(), position, function, target, args)

    def expand(self, position: int, function: str, target: Expr | None, args: tuple[Expr, ...]) -> Expr | None:
        is_member = target is not None
        macro = self.macros.get((function, len(args), is_member)) or self.macros.get((function, -1, is_member))
        if macro is None:
            return None
        try:
            return macro.expand(self.nodes.at(position), target, args)
        except MacroError as error:
            self.report(error.expr.position, str(error))
            return Literal(self.nodes.next_id(), position, None)


_FLAT = frozenset((operators.AND, operators.OR, operators.NOT, operators.NEGATE))


def _measure(expr: Expr) -> tuple[int, int]:
    """How many nodes there are, and how deep operators, selections and member calls are within each other.

    Macros may use an argument twice, and their result is an argument of the next: counted as often as it is used, such
    a tree can be larger than any memory.
    """
    measured: dict[int, tuple[int, int]] = {}
    rest = [(expr, False)]
    while rest:
        node, is_done = rest.pop()
        if node.id in measured:
            continue
        parts = list(children(node))
        if not is_done:
            rest.append((node, True))
            rest += [(part, False) for part in parts]
            continue
        size = 1 + sum(measured[part.id][0] for part in parts)
        depth = max((measured[part.id][1] for part in parts), default=0)
        measured[node.id] = size, depth + _is_counted(node)
    return measured[expr.id]


def _is_counted(node: Expr) -> bool:
    if isinstance(node, Call):
        return node.function not in _FLAT and (node.target is not None or node.function in operators.ALL)
    return isinstance(node, Select)

"""Parsing what stands for itself: literals, names, lists, maps, objects; calls and their macros."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from wherry.cel import operators
from wherry.cel.ast import Call, Entry, Expr, Ident, ListExpr, Literal, MapExpr, StructExpr, StructField
from wherry.cel.functions import Macro, MacroError
from wherry.cel.lexer import BYTES as BYTES_TOKEN
from wherry.cel.lexer import ESC_IDENTIFIER, IDENTIFIER, NUM_FLOAT, NUM_INT, NUM_UINT
from wherry.cel.lexer import STRING as STRING_TOKEN
from wherry.cel.literals import LiteralError, parse_bytes, parse_double, parse_int, parse_string, parse_uint
from wherry.cel.nodes import Factory
from wherry.cel.tokenstream import TokenStream

MacroTable = Mapping[tuple[str, int, bool], Macro]
"""By name, number of arguments (-1: any) and whether it has a receiver."""

EXPRESSION = frozenset(
    (
        *("[", "{", "(", ".", "-", "!", "true", "false", "null"),
        *(NUM_FLOAT, NUM_INT, NUM_UINT, STRING_TOKEN, BYTES_TOKEN, IDENTIFIER),
    )
)
_AFTER = frozenset((*operators.BINARY, "&&", "||", "?")) - {"-"}
"""What follows an operand wherever it stands, and never begins one."""
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


class Primaries(TokenStream):
    """Methods leave `token` at the first token that is not theirs."""

    def __init__(self, text: str, macros: MacroTable) -> None:
        super().__init__(text)
        self.macros = macros
        self.nodes = Factory()

    def expression(self) -> Expr:
        """Any expression: of a subclass."""
        raise NotImplementedError

    def unary(self) -> Expr:
        """A member, perhaps with a sign: of a subclass."""
        raise NotImplementedError

    def primary(self) -> Expr:
        token = self.token
        kind = token.kind
        if kind not in EXPRESSION or kind == "!":
            if self.token.kind in _AFTER and self.following() not in EXPRESSION:
                # ANTLR goes on as if there had been an operand, and looks at the next one.
                self.complain(EXPRESSION)
                return Literal(self.nodes.next_id(), token.position, None)
            self.recover(EXPRESSION)
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
            if not items and self.token.kind not in EXPRESSION and self.token.kind != "?":
                self.recover(EXPRESSION | {"]", ",", "?"})
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
            if not entries and self.token.kind not in EXPRESSION and self.token.kind != "?":
                self.recover(EXPRESSION | {"}", ",", "?"})
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
            if self.token.kind not in EXPRESSION:
                self.recover(EXPRESSION | {")"})
            args.append(self.expression())
            while self.token.kind == ",":
                self.advance()
                args.append(self.expression())
        self.expect(")")
        return tuple(args)

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

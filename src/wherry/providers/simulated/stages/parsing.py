"""Reads templates: text with actions in double braces becomes a tree. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field

_ACTION: Final = re.compile(
    r"\{\{(?P<left>- )?(?P<body>(?:\"(?:[^\"\\]|\\.)*\"|`[^`]*`|[^\"`])*?)(?P<right> -)?\}\}", re.DOTALL
)
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
      | (?P<number>-?[0-9]+(?:\.[0-9]+)?)
      | (?P<variable>\$[A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<field>(?:\.[A-Za-z_][A-Za-z0-9_]*)+|\.)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>:=|=|\||\(|\)|,)
    )""",
    re.VERBOSE,
)
_CONSTANTS: Final = {"true": True, "false": False, "nil": None}


class TemplateError(ValueError):
    """A template that cannot be read or carried out; the message says where."""


class Literal(Struct, frozen=True):
    value: object


class Field(Struct, frozen=True):
    """From the dot."""

    names: tuple[str, ...]


class Variable(Struct, frozen=True):
    """`$` is the variable without a name: what the template was given."""

    name: str
    names: tuple[str, ...]


class Function(Struct, frozen=True):
    name: str


class Group(Struct, frozen=True):
    """A pipeline in parentheses, and fields of what it gives."""

    pipeline: Pipeline
    names: tuple[str, ...]


Operand: TypeAlias = Literal | Field | Variable | Function | Group


class Pipeline(Struct, frozen=True):
    """Commands, each of which gets what the one before gave; what comes of it goes to the variables."""

    commands: tuple[tuple[Operand, ...], ...]
    variables: tuple[str, ...] = ()
    is_declaration: bool = False


class Text(Struct, frozen=True):
    text: str


class Show(Struct, frozen=True):
    pipeline: Pipeline


class Block(Struct, frozen=True):
    """`if`, `with` or `range`: a body, and what stands in its place when there is nothing."""

    kind: str
    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


class Use(Struct, frozen=True):
    """`template`: another one by name, with a dot of its own."""

    name: str
    pipeline: Pipeline | None


class Leave(Struct, frozen=True):
    """`break` or `continue`."""

    kind: str


Node: TypeAlias = Text | Show | Block | Use | Leave


class Tree(Struct):
    """A template and those that it defines."""

    nodes: tuple[Node, ...] = ()
    named: dict[str, tuple[Node, ...]] = field(default_factory=dict)


def parse(source: str) -> Tree:
    """Raises TemplateError."""
    tree = Tree()
    parser = _Parser(_pieces(source), tree)
    tree.nodes = parser.nodes(())
    return tree


def _pieces(source: str) -> list[Text | list[tuple[str, str]]]:
    """Text, and actions as their tokens."""
    pieces: list[Text | list[tuple[str, str]]] = []
    position, trims = 0, False
    for found in _ACTION.finditer(source):
        text = source[position : found.start()]
        text = text.lstrip() if trims else text
        pieces.append(Text(text.rstrip() if found["left"] else text))
        if not found["body"].strip().startswith("/*"):
            pieces.append(_tokens(found["body"]))
        position, trims = found.end(), bool(found["right"])
    rest = source[position:]
    if "{{" in rest:
        raise TemplateError(f"an action is not closed: {rest[rest.index('{{') :][:40]!r}")
    pieces.append(Text(rest.lstrip() if trims else rest))
    return pieces


def _tokens(body: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    while body[position:].strip():
        found = _TOKEN.match(body, position)
        if found is None or found.lastgroup is None:
            raise TemplateError(f"{body.strip()!r}: nothing is known of {body[position:].strip()!r}")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        position = found.end()
    if not tokens:
        raise TemplateError("an action is empty")
    return tokens


class _Parser:
    """Goes through the pieces once."""

    def __init__(self, pieces: list[Text | list[tuple[str, str]]], tree: Tree) -> None:
        self._pieces = pieces
        self._at = 0
        self._tree = tree
        self.last: list[tuple[str, str]] = []
        """The action by which the latest list of nodes ended."""

    def nodes(self, until: Sequence[str]) -> tuple[Node, ...]:
        """Nodes up to an action that begins with one of the words; at the top level there is none."""
        found: list[Node] = []
        while self._at < len(self._pieces):
            piece = self._pieces[self._at]
            self._at += 1
            if isinstance(piece, Text):
                if piece.text:
                    found.append(piece)
                continue
            word = piece[0][1] if piece[0][0] == "word" else ""
            if word in ("end", "else"):
                if word not in until:
                    raise TemplateError(f"{word!r} ends nothing")
                self.last = piece
                return tuple(found)
            if (node := self._node(word, piece)) is not None:
                found.append(node)
        if until:
            raise TemplateError("an 'end' is missing")
        return tuple(found)

    def _node(self, word: str, tokens: list[tuple[str, str]]) -> Node | None:
        if word in ("if", "with", "range"):
            return self._block(word, tokens[1:])
        if word in ("break", "continue"):
            return Leave(word)
        if word == "define":
            self._tree.named[_string(tokens)] = self.nodes(("end",))
            return None
        if word == "template":
            return Use(_string(tokens), _pipeline(tokens[2:]) if tokens[2:] else None)
        if word == "block":
            raise TemplateError("'block' is not supported; use define and template")
        return Show(_pipeline(tokens))

    def _block(self, kind: str, tokens: list[tuple[str, str]]) -> Block:
        pipeline = _pipeline(tokens)
        body = self.nodes(("else", "end"))
        otherwise: tuple[Node, ...] = ()
        if self.last[0][1] == "else":
            following = self.last[1:]
            if following and following[0][1] in ("if", "with"):
                otherwise = (self._block(following[0][1], following[1:]),)
            else:
                otherwise = self.nodes(("end",))
        return Block(kind, pipeline, body, otherwise)


def _string(tokens: list[tuple[str, str]]) -> str:
    if len(tokens) < 2 or tokens[1][0] != "string":
        raise TemplateError(f"{tokens[0][1]!r} wants a name in quotes")
    return _unquote(tokens[1][1])


def _unquote(text: str) -> str:
    return text[1:-1] if text.startswith("`") else str(json.loads(text))


def _pipeline(tokens: list[tuple[str, str]]) -> Pipeline:
    variables: tuple[str, ...] = ()
    is_declaration = False
    signs = [number for number, (kind, text) in enumerate(tokens) if kind == "sign" and text in (":=", "=")]
    if signs:
        names, tokens = tokens[: signs[0]], [tokens[signs[0]], *tokens[signs[0] + 1 :]]
        is_declaration = tokens.pop(0)[1] == ":="
        variables = tuple(text for kind, text in names if kind == "variable")
    commands: list[tuple[Operand, ...]] = []
    operands: list[Operand] = []
    position = 0
    while position < len(tokens):
        kind, text = tokens[position]
        if (kind, text) == ("sign", "|"):
            commands.append(tuple(operands))
            operands = []
            position += 1
            continue
        operand, position = _operand(tokens, position)
        operands.append(operand)
    commands.append(tuple(operands))
    if not all(commands):
        raise TemplateError("a value is missing")
    return Pipeline(tuple(commands), variables, is_declaration)


def _operand(tokens: list[tuple[str, str]], position: int) -> tuple[Operand, int]:
    kind, text = tokens[position]
    match kind:
        case "string":
            return Literal(_unquote(text)), position + 1
        case "number":
            return Literal(float(text) if "." in text else int(text)), position + 1
        case "variable":
            name, *names = text.split(".")
            return Variable(name, tuple(names)), position + 1
        case "field":
            return Field(tuple(name for name in text.split(".") if name)), position + 1
        case "word":
            return (Literal(_CONSTANTS[text]) if text in _CONSTANTS else Function(text)), position + 1
    if text != "(":
        raise TemplateError(f"{text!r} stands where a value should")
    depth = 0
    for end in range(position, len(tokens)):
        depth += (tokens[end] == ("sign", "(")) - (tokens[end] == ("sign", ")"))
        if not depth:
            break
    else:
        raise TemplateError("a parenthesis is not closed")
    inner = _pipeline(tokens[position + 1 : end])
    behind: tuple[str, ...] = ()
    if end + 1 < len(tokens) and tokens[end + 1][0] == "field" and len(tokens[end + 1][1]) > 1:
        behind = tuple(name for name in tokens[end + 1][1].split(".") if name)
        end += 1
    return Group(inner, behind), end + 1

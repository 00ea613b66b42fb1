"""Carries templates out: the part of Go's text/template that kwok's stages are written in, with kwok's functions. Pure.

A field that is not there is nothing, as in Go's maps. What is not supported (methods, `block`, sprig beyond a handful)
is refused when the template is read or, for functions, when it is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from wherry.providers.simulated.stages.formatting import printf
from wherry.providers.simulated.stages.parsing import (
    Block,
    Field,
    Function,
    Group,
    Leave,
    Literal,
    Node,
    Operand,
    Pipeline,
    Show,
    TemplateError,
    Text,
    Tree,
    Use,
    Variable,
    parse,
)

Functions = Mapping[str, Callable[..., Any]]
_DEEPEST: Final = 50


class _Left(Exception):
    """A loop is left, or goes on with its next round."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


class Template(Struct, frozen=True):
    """A template that can be carried out again and again."""

    tree: Tree

    @classmethod
    def of(cls, source: str, known: frozenset[str] = frozenset()) -> Template:
        """Read one; `known` names the functions that it will be given. Raises TemplateError."""
        tree = parse(source)
        for name in _functions([*tree.nodes, *(node for nodes in tree.named.values() for node in nodes)]):
            if name not in known and name not in BUILTIN:
                raise TemplateError(f"there is no function {name!r}")
        return cls(tree)

    def render(self, data: object, functions: Functions) -> str:
        """The text for `data`. Raises TemplateError."""
        maker = _Maker(self.tree, {**BUILTIN, **functions}, data)
        maker.run(self.tree.nodes, data, [{"$": data}])
        return "".join(maker.made)


class _Maker:
    """Makes the text once."""

    def __init__(self, tree: Tree, functions: Functions, root: object) -> None:
        self._tree = tree
        self._functions = functions
        self._root = root
        self._depth = 0
        self.made: list[str] = []

    def run(self, nodes: Sequence[Node], dot: object, scopes: list[dict[str, Any]]) -> None:
        for node in nodes:
            match node:
                case Text(text):
                    self.made.append(text)
                case Show(pipeline):
                    value = self._pipe(pipeline, dot, scopes)
                    if not pipeline.variables:
                        self.made.append(show(value))
                case Block():
                    self._block(node, dot, scopes)
                case Use(name, pipeline):
                    self._use(name, self._pipe(pipeline, dot, scopes) if pipeline else None)
                case Leave(kind):
                    raise _Left(kind)

    def _use(self, name: str, dot: object) -> None:
        if name not in self._tree.named:
            raise TemplateError(f"there is no template {name!r}")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TemplateError(f"template {name!r} uses itself without end")
        self.run(self._tree.named[name], dot, [{"$": dot}])
        self._depth -= 1

    def _block(self, block: Block, dot: object, scopes: list[dict[str, Any]]) -> None:
        inner = [*scopes, {}]
        if block.kind == "range":
            self._range(block, dot, inner)
            return
        value = self._pipe(block.pipeline, dot, inner)
        if is_true(value):
            self.run(block.body, value if block.kind == "with" else dot, inner)
        else:
            self.run(block.otherwise, dot, inner)

    def _range(self, block: Block, dot: object, scopes: list[dict[str, Any]]) -> None:
        plain = Pipeline(block.pipeline.commands)
        rounds = list(_rounds(self._pipe(plain, dot, scopes)))
        if not rounds:
            self.run(block.otherwise, dot, scopes)
        for key, value in rounds:
            names = block.pipeline.variables
            given = dict(zip(names, (key, value) if len(names) == 2 else (value,), strict=False))
            try:
                self.run(block.body, value, [*scopes, given])
            except _Left as left:
                if left.kind == "break":
                    return

    def _pipe(self, pipeline: Pipeline, dot: object, scopes: list[dict[str, Any]]) -> Any:
        value: Any = None
        for number, command in enumerate(pipeline.commands):
            value = self._command(command, dot, scopes, [value] if number else [])
        for name in pipeline.variables:
            scope = scopes[-1] if pipeline.is_declaration else next((s for s in reversed(scopes) if name in s), None)
            if scope is None:
                raise TemplateError(f"undefined variable {name!r}")
            scope[name] = value
        return value

    def _command(self, command: Sequence[Operand], dot: object, scopes: list[dict[str, Any]], piped: list[Any]) -> Any:
        first, *rest = command
        if isinstance(first, Function):
            arguments = [self._value(each, dot, scopes) for each in rest] + piped
            try:
                return self._functions[first.name](*arguments)
            except (TypeError, KeyError, IndexError, ValueError) as error:
                raise TemplateError(f"{first.name}: {error}") from error
        if rest or piped:
            raise TemplateError(f"{first} is no function, and takes no arguments")
        return self._value(first, dot, scopes)

    def _value(self, operand: Operand, dot: object, scopes: list[dict[str, Any]]) -> Any:
        match operand:
            case Literal(value):
                return value
            case Field(names):
                return _follow(dot, names)
            case Variable(name, names):
                scope = next((scope for scope in reversed(scopes) if name in scope), None)
                if scope is None:
                    raise TemplateError(f"undefined variable {name!r}")
                return _follow(scope[name], names)
            case Group(pipeline, names):
                return _follow(self._pipe(pipeline, dot, scopes), names)
            case Function():
                return self._command([operand], dot, scopes, [])


def _functions(nodes: Sequence[Node]) -> Iterator[str]:
    """All functions that are named somewhere."""
    for node in nodes:
        match node:
            case Show(pipeline) | Use(_, Pipeline() as pipeline):
                yield from _named(pipeline)
            case Block(_, pipeline, body, otherwise):
                yield from _named(pipeline)
                yield from _functions(body)
                yield from _functions(otherwise)


def _named(pipeline: Pipeline) -> Iterator[str]:
    for operand in (operand for command in pipeline.commands for operand in command):
        if isinstance(operand, Function):
            yield operand.name
        elif isinstance(operand, Group):
            yield from _named(operand.pipeline)


def _follow(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _rounds(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from sorted(value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from enumerate(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from ((number, number) for number in range(value))
    elif value is not None:
        raise TemplateError(f"range cannot go through {show(value)}")


def is_true(value: Any) -> bool:
    """Go's rule: nothing, zero and what is empty are not."""
    return bool(value)


def show(value: Any) -> str:
    """A value as text."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        raise TemplateError("a list or map has no text; use YAML")
    return str(value)


def quote(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return text if text.startswith('"') else json.dumps(text)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif value is not None:
            value = value[key]
    return value


def _first_that(wanted: bool) -> Callable[..., Any]:
    def choose(*values: Any) -> Any:
        return next((value for value in values[:-1] if is_true(value) is wanted), values[-1])

    return choose


def _dict(*pairs: Any) -> dict[str, Any]:
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def _yaml(value: Any, indent: int = 0) -> str:
    """JSON is YAML, and a line of it fits wherever it is put."""
    return "  " * indent + json.dumps(value)


BUILTIN: Final[Functions] = {
    "and": _first_that(False),
    "or": _first_that(True),
    "not": lambda value: not is_true(value),
    "eq": lambda first, *others: any(first == other for other in others),
    "ne": lambda first, second: first != second,
    "lt": lambda first, second: first < second,
    "le": lambda first, second: first <= second,
    "gt": lambda first, second: first > second,
    "ge": lambda first, second: first >= second,
    "len": lambda value: len(value),
    "index": _index,
    "print": lambda *values: "".join(map(show, values)),
    "printf": lambda layout, *values: printf(show, layout, *values),
    "add": lambda *values: sum(values),
    "add1": lambda value: value + 1,
    "dict": _dict,
    "default": lambda fallback, value=None: value if is_true(value) else fallback,
    "Quote": quote,
    "YAML": _yaml,
}
"""What every template may call: Go's own, kwok's, and the few of sprig's that its stages use."""

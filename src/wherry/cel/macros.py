"""The macros of CEL itself, and what the macros of libraries are made with."""

from __future__ import annotations

from wherry.cel import operators
from wherry.cel.ast import Expr, Ident, Select
from wherry.cel.functions import Macro, MacroError, Nodes
from wherry.cel.nodes import ACCUMULATOR

_HIDDEN = (ACCUMULATOR, "__result__")


def variable_name(expr: Expr, message: str = "argument must be a simple name") -> str:
    """The variable that an argument of a macro names."""
    if not isinstance(expr, Ident):
        raise MacroError(message, expr)
    if expr.name in _HIDDEN:
        raise MacroError("iteration variable overwrites accumulator variable", expr)
    return expr.name


def variable_pair(first: Expr, second: Expr) -> tuple[str, str]:
    """The two variables that the arguments of a macro name."""
    for expr in (first, second):
        if not isinstance(expr, Ident):
            raise MacroError("argument must be a simple name", expr)
    if isinstance(first, Ident) and isinstance(second, Ident) and first.name == second.name:
        raise MacroError(f"duplicate variable name: {first.name}", second)
    return variable_name(first), variable_name(second)


def expand_all(nodes: Nodes, range: Expr, variables: tuple[str, str], predicate: Expr) -> Expr:
    """A loop that is true if the predicate is true for all items."""
    return nodes.comprehension(
        range,
        variables,
        nodes.literal(True),
        nodes.call(operators.NOT_STRICTLY_FALSE, nodes.ident(ACCUMULATOR)),
        nodes.call(operators.AND, nodes.ident(ACCUMULATOR), predicate),
        nodes.ident(ACCUMULATOR),
    )


def expand_exists(nodes: Nodes, range: Expr, variables: tuple[str, str], predicate: Expr) -> Expr:
    """A loop that is true if the predicate is true for any item."""
    return nodes.comprehension(
        range,
        variables,
        nodes.literal(False),
        nodes.call(operators.NOT_STRICTLY_FALSE, nodes.call(operators.NOT, nodes.ident(ACCUMULATOR))),
        nodes.call(operators.OR, nodes.ident(ACCUMULATOR), predicate),
        nodes.ident(ACCUMULATOR),
    )


def expand_exists_one(nodes: Nodes, range: Expr, variables: tuple[str, str], predicate: Expr) -> Expr:
    """A loop that is true if the predicate is true for exactly one item."""
    one_more = nodes.call(operators.ADD, nodes.ident(ACCUMULATOR), nodes.literal(1))
    return nodes.comprehension(
        range,
        variables,
        nodes.literal(0),
        nodes.literal(True),
        nodes.call(operators.CONDITIONAL, predicate, one_more, nodes.ident(ACCUMULATOR)),
        nodes.call(operators.EQUALS, nodes.ident(ACCUMULATOR), nodes.literal(1)),
    )


def expand_list(nodes: Nodes, range: Expr, variables: tuple[str, str], predicate: Expr | None, transform: Expr) -> Expr:
    """A loop that lists the transformed items for which the predicate is true."""
    step = nodes.call(operators.ADD, nodes.ident(ACCUMULATOR), nodes.list(transform))
    if predicate is not None:
        step = nodes.call(operators.CONDITIONAL, predicate, step, nodes.ident(ACCUMULATOR))
    return nodes.comprehension(range, variables, nodes.list(), nodes.literal(True), step, nodes.ident(ACCUMULATOR))


def _has(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    if isinstance(args[0], Select):
        return nodes.select(args[0].operand, args[0].field, is_test=True)
    raise MacroError("invalid argument to has() macro", args[0])


def _all(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    assert target is not None
    return expand_all(nodes, target, (variable_name(args[0]), ""), args[1])


def _exists(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    assert target is not None
    return expand_exists(nodes, target, (variable_name(args[0]), ""), args[1])


def _exists_one(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    assert target is not None
    return expand_exists_one(nodes, target, (variable_name(args[0]), ""), args[1])


_NOT_A_NAME = "argument is not an identifier"


def _map(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    assert target is not None
    predicate = args[1] if len(args) == 3 else None
    return expand_list(nodes, target, (variable_name(args[0], _NOT_A_NAME), ""), predicate, args[-1])


def _filter(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    assert target is not None
    name = variable_name(args[0], _NOT_A_NAME)
    return expand_list(nodes, target, (name, ""), args[1], args[0])


STANDARD = (
    Macro("has", 1, _has),
    Macro("all", 2, _all, is_member=True),
    Macro("exists", 2, _exists, is_member=True),
    Macro("exists_one", 2, _exists_one, is_member=True),
    Macro("existsOne", 2, _exists_one, is_member=True),
    Macro("map", 2, _map, is_member=True),
    Macro("map", 3, _map, is_member=True),
    Macro("filter", 2, _filter, is_member=True),
)

"""Loops over indices and items, or keys and values: `m.all(k, v, v > 0)`, `l.transformList(i, v, i * v)`."""

from __future__ import annotations

from wherry.cel import operators
from wherry.cel.ast import Expr
from wherry.cel.functions import Expand, Function, Library, Macro, Nodes, Overload
from wherry.cel.loops import INSERT
from wherry.cel.macros import expand_all, expand_exists, expand_exists_one, expand_list, variable_pair
from wherry.cel.nodes import ACCUMULATOR
from wherry.cel.operations import insert, insert_all
from wherry.cel.types import MapType, TypeParam

_K, _V = TypeParam("K"), TypeParam("V")
_MAP = MapType(_K, _V)


def _all(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    assert target is not None
    return expand_all(nodes, target, variable_pair(args[0], args[1]), args[2])


def _exists(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    assert target is not None
    return expand_exists(nodes, target, variable_pair(args[0], args[1]), args[2])


def _exists_one(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    assert target is not None
    return expand_exists_one(nodes, target, variable_pair(args[0], args[1]), args[2])


def _transform_list(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    assert target is not None
    predicate = args[2] if len(args) == 4 else None
    return expand_list(nodes, target, variable_pair(args[0], args[1]), predicate, args[-1])


def _transform_map(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    key = variable_pair(args[0], args[1])[0]
    return _map(nodes, target, args, nodes.call(INSERT, nodes.ident(ACCUMULATOR), nodes.ident(key), args[-1]))


def _transform_map_entry(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    return _map(nodes, target, args, nodes.call(INSERT, nodes.ident(ACCUMULATOR), args[-1]))


def _map(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...], step: Expr) -> Expr:
    assert target is not None
    variables = variable_pair(args[0], args[1])
    if len(args) == 4:
        step = nodes.call(operators.CONDITIONAL, args[2], step, nodes.ident(ACCUMULATOR))
    return nodes.comprehension(target, variables, nodes.map(), nodes.literal(True), step, nodes.ident(ACCUMULATOR))


def _members(name: str, expand: Expand, *arities: int) -> tuple[Macro, ...]:
    return tuple(Macro(name, arity, expand, is_member=True) for arity in arities)


TWO_VARIABLES = Library(
    "cel.comprehensions",
    functions=(
        Function(
            INSERT,
            Overload("@mapInsert_map_map", (_MAP, _MAP), _MAP, lambda target, more: insert_all(dict(target), more)),
            Overload("@mapInsert_map_key_value", (_MAP, _K, _V), _MAP, lambda t, k, v: insert(dict(t), k, v)),
        ),
    ),
    macros=(
        *_members("all", _all, 3),
        *_members("exists", _exists, 3),
        *_members("exists_one", _exists_one, 3),
        *_members("existsOne", _exists_one, 3),
        *_members("transformList", _transform_list, 3, 4),
        *_members("transformMap", _transform_map, 3, 4),
        *_members("transformMapEntry", _transform_map_entry, 3, 4),
    ),
)

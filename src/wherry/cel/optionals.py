"""Values that may be absent: `a.?b.orValue(1)`, `l[?0]`, `optional.of(x)`.

The syntax, and the selection and indexing of optionals, belong to the language. Here is what is done with them.
"""

from __future__ import annotations

from typing import Any

from wherry.cel import operators
from wherry.cel.ast import Expr, Ident
from wherry.cel.errors import EvaluationError
from wherry.cel.functions import Function, Library, Macro, MacroError, Nodes, Overload
from wherry.cel.operations import opt_index
from wherry.cel.types import BOOL, DYN, INT, STRING, ListType, MapType, OptionalType, TypeParam
from wherry.cel.values import NONE, Duration, Optional, Timestamp

_K, _V = TypeParam("K"), TypeParam("V")
_OPTIONAL, _LIST, _MAP = OptionalType(_V), ListType(_V), MapType(_K, _V)
_YEAR_ONE = Timestamp(-62_135_596_800 * 1_000_000_000)


def of_non_zero(value: Any) -> Optional:
    """An optional of a value that is not its type's zero, nor empty."""
    if value is None or value == _YEAR_ONE or value == Duration(0):
        return NONE
    if isinstance(value, bool | int | float | str | bytes | list | dict):
        return Optional(value) if value else NONE
    return NONE if value == NONE else Optional(value)


def unwrap(values: list[Any]) -> list[Any]:
    """The values of those optionals that have one."""
    for value in values:
        if type(value) is not Optional:
            raise EvaluationError(f"value {value} is not optional")
    return [value.value for value in values if value.has_value]


def _first(items: list[Any]) -> Optional:
    return Optional(items[0]) if items else NONE


def _last(items: list[Any]) -> Optional:
    return Optional(items[-1]) if items else NONE


def _or(left: Optional, right: Any) -> Any:
    return left if left.has_value else right


def _or_value(left: Optional, right: Any) -> Any:
    return left.value if left.has_value else right


def _mapped(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...], macro: str) -> tuple[Expr, Expr, Expr]:
    """(whether there is a value, the transformed value, the absent value)."""
    assert target is not None
    if not isinstance(args[0], Ident):
        raise MacroError(f"{macro}() variable name must be a simple identifier", args[0])
    name = args[0].name
    transformed = nodes.comprehension(
        nodes.list(),
        ("#unused", ""),
        nodes.member(target, "value"),
        nodes.literal(False),
        nodes.ident(name),
        args[1],
        name,
    )
    return nodes.member(target, "hasValue"), transformed, nodes.call("optional.none")


def _opt_map(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    has_value, transformed, none = _mapped(nodes, target, args, "optMap")
    return nodes.call(operators.CONDITIONAL, has_value, nodes.call("optional.of", transformed), none)


def _opt_flat_map(nodes: Nodes, target: Expr | None, args: tuple[Expr, ...]) -> Expr:
    return nodes.call(operators.CONDITIONAL, *_mapped(nodes, target, args, "optFlatMap"))


OPTIONALS = Library(
    "optional",
    functions=(
        Function("optional.of", Overload("optional_of", (_V,), _OPTIONAL, Optional)),
        Function("optional.ofNonZeroValue", Overload("optional_ofNonZeroValue", (_V,), _OPTIONAL, of_non_zero)),
        Function("optional.none", Overload("optional_none", (), _OPTIONAL, lambda: NONE)),
        Function("optional.unwrap", Overload("optional_unwrap", (ListType(_OPTIONAL),), _LIST, unwrap)),
        Function("unwrapOpt", Overload("optional_unwrapOpt", (ListType(_OPTIONAL),), _LIST, unwrap, is_member=True)),
        Function("value", Overload("optional_value", (_OPTIONAL,), _V, lambda o: o.value, is_member=True)),
        Function("hasValue", Overload("optional_hasValue", (_OPTIONAL,), BOOL, lambda o: o.has_value, is_member=True)),
        Function("or", Overload("optional_or_optional", (_OPTIONAL, _OPTIONAL), _OPTIONAL, _or, is_member=True)),
        Function("orValue", Overload("optional_orValue_value", (_OPTIONAL, _V), _V, _or_value, is_member=True)),
        Function("first", Overload("list_first", (_LIST,), _OPTIONAL, _first, is_member=True)),
        Function("last", Overload("list_last", (_LIST,), _OPTIONAL, _last, is_member=True)),
        Function(operators.OPT_SELECT, Overload("select_optional_field", (DYN, STRING), _OPTIONAL, opt_index)),
        Function(
            operators.OPT_INDEX,
            Overload("list_optindex_optional_int", (_LIST, INT), _OPTIONAL, opt_index),
            Overload("optional_list_optindex_optional_int", (OptionalType(_LIST), INT), _OPTIONAL, opt_index),
            Overload("map_optindex_optional_value", (_MAP, _K), _OPTIONAL, opt_index),
            Overload("optional_map_optindex_optional_value", (OptionalType(_MAP), _K), _OPTIONAL, opt_index),
        ),
        Function(
            operators.INDEX,
            Overload("optional_list_index_int", (OptionalType(_LIST), INT), _OPTIONAL, opt_index),
            Overload("optional_map_index_value", (OptionalType(_MAP), _K), _OPTIONAL, opt_index),
        ),
    ),
    macros=(
        Macro("optMap", 2, _opt_map, is_member=True),
        Macro("optFlatMap", 2, _opt_flat_map, is_member=True),
    ),
    types=(OptionalType(_V),),
)

"""Which types fit which, with type parameters bound on the way.

`Bindings` maps names of type parameters to types. Trying whether types fit may bind parameters even if in the end they
do not, so `fits` works on a copy and returns it. cel-go's rules, with its leniency: dyn fits everything both ways, and
null fits whatever is not a scalar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wherry.cel.types import (
    ANY,
    DURATION,
    DYN,
    ERROR,
    NULL,
    TIMESTAMP,
    ListType,
    MapType,
    ObjectType,
    OpaqueType,
    OptionalType,
    PrimitiveType,
    Type,
    TypeParam,
    TypeType,
)

Bindings = dict[str, Type]


def fits(bindings: Bindings, given: Sequence[Type], wanted: Sequence[Type]) -> Bindings | None:
    """The bindings with which all given types can be used as the wanted ones; None if they cannot."""
    if len(given) != len(wanted):
        return None
    if all(map(_is, given, wanted)):
        return bindings
    attempt = dict(bindings)
    return attempt if _all_assignable(attempt, given, wanted) else None


def substitute(bindings: Bindings, type_: Type, *, to_dyn: bool = False) -> Type:
    """A type with its parameters replaced by what they are bound to; unbound ones stay, or become dyn."""
    if isinstance(type_, PrimitiveType | ObjectType):
        return type_
    if isinstance(type_, TypeParam):
        bound = bindings.get(type_.name)
        if bound is not None:
            return substitute(bindings, bound, to_dyn=to_dyn)
        return DYN if to_dyn else type_
    old = type_.parameters
    new = tuple(substitute(bindings, parameter, to_dyn=to_dyn) for parameter in old)
    return type_ if all(map(_is, old, new)) else type_.with_parameters(new)


def most_general(one: Type, other: Type) -> Type:
    """The one of two types that fit each other that says less."""
    return one if _is_less_specific(one, other) else other


def type_params(types: Iterable[Type]) -> frozenset[str]:
    """The names of all type parameters in some types."""
    names: set[str] = set()
    for type_ in types:
        if isinstance(type_, TypeParam):
            names.add(type_.name)
        else:
            names |= type_params(type_.parameters)
    return frozenset(names)


def _is(one: object, other: object) -> bool:
    return one is other


_VAGUE = frozenset((DYN, ANY, ERROR))
_NULLABLE_PRIMITIVES = frozenset((ANY, DURATION, TIMESTAMP, NULL))


def _assignable(bindings: Bindings, one: Type, other: Type) -> bool:
    if one is other and not isinstance(one, TypeParam):
        return True
    if isinstance(other, TypeParam):
        is_valid, is_bound = _bind(bindings, one, other)
        if is_valid or is_bound:
            return is_valid
    if isinstance(one, TypeParam):
        return _bind(bindings, other, one)[0]
    if one in _VAGUE or other in _VAGUE:
        return True
    if one == NULL:
        return _is_nullable(other)
    if other == NULL:
        return _is_nullable(one)
    if isinstance(one, PrimitiveType | ObjectType):
        return one == other
    if isinstance(one, TypeType):
        return isinstance(other, TypeType)
    return _same_constructor(one, other) and _all_assignable(bindings, one.parameters, other.parameters)


def _all_assignable(bindings: Bindings, given: Sequence[Type], wanted: Sequence[Type]) -> bool:
    return len(given) == len(wanted) and all(
        _assignable(bindings, one, other) for one, other in zip(given, wanted, strict=True)
    )


def _is_nullable(type_: Type) -> bool:
    return isinstance(type_, OpaqueType | OptionalType | ObjectType) or type_ in _NULLABLE_PRIMITIVES


def _same_constructor(one: Type, other: Type) -> bool:
    if type(one) is not type(other):
        return False
    return not isinstance(one, OpaqueType) or one.name == other.name  # type: ignore[attr-defined]


def _bind(bindings: Bindings, type_: Type, parameter: TypeParam) -> tuple[bool, bool]:
    """(the parameter can stand for the type, it was bound already)."""
    if type_ == parameter:
        return True, True
    bound = bindings.get(parameter.name)
    if bound is None:
        if _occurs(bindings, parameter, type_):
            return False, False
        bindings[parameter.name] = type_
        return True, False
    if type_ == bound:
        return True, True
    if not _assignable(bindings, type_, bound):
        return False, True
    general = most_general(type_, bound)
    if not _occurs(bindings, parameter, general):
        bindings[parameter.name] = general
    return True, True


def _occurs(bindings: Bindings, parameter: TypeParam, type_: Type) -> bool:
    """The parameter is within the type, which therefore it cannot stand for."""
    if isinstance(type_, TypeParam):
        if type_ == parameter:
            return True
        bound = bindings.get(type_.name)
        return bound is not None and _occurs(bindings, parameter, bound)
    return any(_occurs(bindings, parameter, inner) for inner in type_.parameters)


def _is_less_specific(one: Type, other: Type) -> bool:
    if one in (DYN, ANY) or isinstance(one, TypeParam):
        return True
    if other in (DYN, ANY) or isinstance(other, TypeParam):
        return False
    if isinstance(one, ListType | MapType | OpaqueType | OptionalType):
        return _same_constructor(one, other) and all(map(_is_less_specific, one.parameters, other.parameters))
    if isinstance(one, TypeType):
        return isinstance(other, TypeType)
    return one == other

"""What a library declares: functions with their overloads, macros, types, constants.

    JOIN = Function(
        "join",
        Overload("list_join", (ListType(STRING),), STRING, "".join, is_member=True),
        Overload("list_join_string", (ListType(STRING), STRING), STRING, _join, is_member=True),
    )
    STRINGS = Library("strings", functions=(JOIN,))

An implementation takes and gives plain Python values (see the table in `types.py`) and raises
`errors.EvaluationError`. What it may rely on: the number of arguments, and that each is of the Python class that its
declared type asks for; where the checker only knows `dyn`, the compiled rule looks at the value and chooses the
overload that fits, or fails with `no such overload`. Items within a list or map argument are not looked at. It gives
int results within 64 bits (`values.checked_int`), Uint where the type says uint, and float where it says double.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from wherry.cel.ast import Expr
from wherry.cel.types import Type
from wherry.cel.unify import type_params

Implementation = Callable[..., Any]

Charge = Callable[..., int]
"""What a call costs at run time, from its arguments and then its result. An `Environment` takes a table of these by
overload id; a call of an overload without one costs 1."""


@dataclass(frozen=True, slots=True)
class Overload:
    """One signature of a function, with what it does."""

    id: str
    """Unique in the environment, cel-go's own where it has one: costs hang on it."""
    args: tuple[Type, ...]
    """Of a member, the receiver first."""
    result: Type
    implementation: Implementation = field(repr=False, compare=False)
    is_member: bool = field(default=False, kw_only=True)
    """Called as `receiver.function(rest)`."""
    inline: str = field(default="", kw_only=True, compare=False)
    """A Python expression that does the same as `implementation` or raises anything where that fails: `{0}`, `{1}` are
    the arguments, each used once, and `{t}` is a name of its own. Written into the rule where all types are known."""
    params: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The type parameters of its signature."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", tuple(sorted(type_params((*self.args, self.result)))))


@dataclass(frozen=True, slots=True, init=False)
class Function:
    """A name and its overloads. Several libraries may add overloads to one name."""

    name: str
    overloads: tuple[Overload, ...]

    def __init__(self, name: str, *overloads: Overload) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "overloads", overloads)


class MacroError(Exception):
    """A macro was called with arguments that it cannot take. Points at `expr`."""

    def __init__(self, message: str, expr: Expr) -> None:
        super().__init__(message)
        self.expr = expr


class Nodes(Protocol):
    """Makes the nodes that a macro expands to; each gets an id and the macro's place."""

    def literal(self, value: Any) -> Expr: ...
    def ident(self, name: str) -> Expr: ...
    def select(self, operand: Expr, field: str, *, is_test: bool = False) -> Expr: ...
    def call(self, function: str, *args: Expr) -> Expr: ...
    def member(self, target: Expr, function: str, *args: Expr) -> Expr: ...
    def list(self, *items: Expr) -> Expr: ...
    def map(self, *entries: tuple[Expr, Expr]) -> Expr: ...
    def comprehension(
        self,
        range: Expr,
        variables: tuple[str, str],
        start: Expr,
        condition: Expr,
        step: Expr,
        result: Expr,
        accumulator: str = ...,
    ) -> Expr: ...


Expand = Callable[[Nodes, Expr | None, tuple[Expr, ...]], Expr | None]
"""(nodes, receiver, arguments) -> the expression that is meant; None: this call is not the macro after all."""


class Macro(Struct, frozen=True):
    """A call that the parser replaces."""

    name: str
    arity: int
    """Number of arguments, without the receiver."""
    expand: Expand
    is_member: bool = False


class Tree(Protocol):
    """A checked expression, as a validator sees it."""

    expr: Expr

    def type_of(self, expr: Expr) -> Type: ...


Validator = Callable[[Tree], Iterable[tuple[Expr, str]]]
"""Faults that types do not show, each with its place. Asked where an environment is strict."""


class Library(Struct, frozen=True, eq=False):
    """What an environment can be given as a whole."""

    name: str
    functions: tuple[Function, ...] = ()
    macros: tuple[Macro, ...] = ()
    types: tuple[Type, ...] = ()
    """Types that expressions may name: `type(x) == net.IP`. An ObjectType can be constructed: `Name{field: 1}`."""
    constants: Mapping[str, tuple[Type, Any]] = msgspec.field(default_factory=dict)
    validators: tuple[Validator, ...] = ()

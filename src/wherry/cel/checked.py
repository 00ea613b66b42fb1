"""What is known of a tree once it is checked: types, and what names and calls mean."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct, field

from wherry.cel.ast import Expr
from wherry.cel.functions import Overload
from wherry.cel.types import ObjectType, Type


class Name(Struct, frozen=True):
    """What an Ident, or a chain of Selects, stands for."""

    name: str
    """Of a variable, as declared."""
    type: Type
    value: Any = None
    is_constant: bool = False
    """`value` is its value."""
    is_local: bool = False
    """The variable of a loop."""

    @property
    def is_variable(self) -> bool:
        """Given to each evaluation."""
        return not self.is_constant and not self.is_local


class Resolution(Struct, frozen=True):
    """What a Call means."""

    function: str
    overloads: tuple[Overload, ...]
    """Several where the value has to choose. None for `_?._`."""
    args: tuple[Expr, ...]
    """The receiver first, if there is one. (`math.abs(x)` has none: `math.abs` is its name.)"""


class Checked(Struct):
    """A tree and what is known of its nodes, by their ids."""

    expr: Expr
    types: dict[int, Type] = field(default_factory=dict)
    names: dict[int, Name] = field(default_factory=dict)
    """Of Idents, and of those Selects that are names with dots."""
    calls: dict[int, Resolution] = field(default_factory=dict)
    structs: dict[int, ObjectType] = field(default_factory=dict)

    def type_of(self, expr: Expr) -> Type:
        return self.types[expr.id]


class Declarations(Protocol):
    """What can be named."""

    container: str

    def candidates(self, name: str) -> tuple[str, ...]:
        """The full names that a name may mean, the most local first."""
        ...

    def find_name(self, name: str) -> Name | None:
        """A variable, constant or type by its full name."""
        ...

    def find_function(self, name: str) -> tuple[Overload, ...] | None: ...

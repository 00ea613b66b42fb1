"""What a rule may speak of, and the way from its text to a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from wherry.cel.checked import Checked, Name
from wherry.cel.errors import CompileError, Issue
from wherry.cel.functions import Charge, Library, Macro, Overload, Validator
from wherry.cel.program import Program
from wherry.cel.types import (
    DURATION,
    NULL,
    TIMESTAMP,
    ListType,
    MapType,
    OptionalType,
    Type,
    TypeType,
)
from wherry.cel.values import TypeValue


class Environment:
    """Variables with their types, and libraries. Cheap to make: what libraries declare is kept between environments."""

    __slots__ = ("_libraries", "_variables", "charges", "container", "is_folding", "is_homogeneous", "is_strict")

    def __init__(
        self,
        variables: Mapping[str, Type],
        *,
        libraries: tuple[Library, ...] = (),
        container: str = "",
        is_homogeneous: bool = False,
        is_strict: bool = False,
        is_folding: bool = True,
        charges: Mapping[str, Charge] | None = None,
    ) -> None:
        """`container` is prefixed to names. `is_homogeneous`: items of a list literal have one type, and so do keys
        and values of a map. `is_strict`: literals that become durations, timestamps or patterns must be valid ones, and
        libraries may ask for more. `is_folding`: what is constant is evaluated once and charged nothing.
        `charges` is what calls cost at run time, by overload."""
        self._variables = variables
        self._libraries = libraries
        self.container = container
        self.is_homogeneous = is_homogeneous
        self.is_strict = is_strict
        self.is_folding = is_folding
        self.charges: Mapping[str, Charge] = charges or {}

    def compile(self, text: str, *, result: Type | None = None) -> Program:
        """A program for a text, whose value is to be of type `result`. Raises CompileError."""
        checked = self.check(text)
        found = checked.type_of(checked.expr)
        if result is not None and found != result:
            message = f"expected type '{result}' but found '{found}'"
            raise CompileError((Issue(message, -1, -1),), text)
        return Program(text, lambda: self.check(text), self.charges, checked, is_folding=self.is_folding)

    def check(self, text: str) -> Checked:
        """The tree of a text with all that is known of it. Raises CompileError."""
        from wherry.cel.compiling import check_text
        from wherry.cel.validators import literals, mixtures

        tables = _tables(self._libraries)
        validators: tuple[Validator, ...] = (mixtures,) if self.is_homogeneous else ()
        if self.is_strict:
            validators += (literals, *tables.validators)
        return check_text(text, tables.macros, self, validators)

    # What the checker asks

    def candidates(self, name: str) -> tuple[str, ...]:
        if name.startswith("."):
            return (name[1:],)
        if not self.container:
            return (name,)
        parts = self.container.split(".")
        return tuple(".".join((*parts[:count], name)) for count in range(len(parts), -1, -1))

    def find_name(self, name: str) -> Name | None:
        type_ = self._variables.get(name)
        return Name(name, type_) if type_ is not None else _tables(self._libraries).names.get(name)

    def find_function(self, name: str) -> tuple[Overload, ...] | None:
        return _tables(self._libraries).functions.get(name)


class _Tables:
    """What some libraries declare together."""

    def __init__(self, libraries: Iterable[Library]) -> None:
        self.functions: dict[str, tuple[Overload, ...]] = {}
        self.names: dict[str, Name] = {}
        self.validators: tuple[Validator, ...] = ()
        self.macros: dict[tuple[str, int, bool], Macro] = {}
        for library in libraries:
            for function in library.functions:
                self.functions[function.name] = (*self.functions.get(function.name, ()), *function.overloads)
            self.macros.update(((macro.name, macro.arity, macro.is_member), macro) for macro in library.macros)
            self.validators += library.validators
            for type_ in library.types:
                name = type_name(type_)
                self.names[name] = Name(name, TypeType(type_), TypeValue(name), is_constant=True)
            for name, (type_, value) in library.constants.items():
                self.names[name] = Name(name, type_, value, is_constant=True)


@lru_cache(maxsize=32)
def _tables(libraries: tuple[Library, ...]) -> _Tables:
    from wherry.cel.standard import STANDARD

    return _Tables((STANDARD, *libraries))


_NAMES: Mapping[Type, str] = {
    NULL: "null_type",
    TIMESTAMP: "google.protobuf.Timestamp",
    DURATION: "google.protobuf.Duration",
}


def type_name(type_: Type) -> str:
    """What expressions call a type, without its parameters."""
    if isinstance(type_, ListType):
        return "list"
    if isinstance(type_, MapType):
        return "map"
    if isinstance(type_, OptionalType):
        return "optional_type"
    return _NAMES.get(type_) or str(type_)

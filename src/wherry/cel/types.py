"""The types of expressions: what a variable is declared as, and what the checker infers.

A type is a frozen value. Two types are equal when they mean the same, whatever hints they carry; `str(type)` is the
form that error messages use: `map(string, list(int))`.

Hints say more than the type: `max_size` is how long a string may be at most in UTF-8 code points, how many bytes, list
items or map entries there may be (None: nobody knows), for the estimate of a rule's cost. A singleton takes a hint by
`sized`: `STRING.sized(63)`.

A value's Python class follows from its type:

    bool, int, double, string, bytes, null   bool, int, float, str, bytes, None
    uint, timestamp, duration                values.Uint, values.Timestamp, values.Duration
    list, map, an ObjectType                 list, dict, dict (a JSON object)
    optional_type(T)                         values.Optional
    type(T)                                  values.TypeValue
    an OpaqueType                            a class of the library that declares it, with `cel_type: ClassVar[Type]`
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from msgspec import Struct


class Type:
    """Any type. Compare with `==` (hints do not count), ask what it is with `isinstance`."""

    __slots__ = ()

    max_size: int | None

    @property
    def parameters(self) -> tuple[Type, ...]:
        """The types that this one is made of: the item of a list, key and value of a map."""
        return ()

    def with_parameters(self, parameters: tuple[Type, ...]) -> Type:
        """The same type, made of others."""
        return self

    def sized(self, max_size: int | None) -> Self:
        """The same type with a hint."""
        return replace(self, max_size=max_size)  # type: ignore[type-var]  # every subclass is a dataclass


@dataclass(frozen=True, slots=True)
class PrimitiveType(Type):
    """A type without parameters: use the constants below."""

    name: str
    max_size: int | None = field(default=None, compare=False, kw_only=True)

    def __str__(self) -> str:
        return self.name


BOOL = PrimitiveType("bool")
INT = PrimitiveType("int")
UINT = PrimitiveType("uint")
DOUBLE = PrimitiveType("double")
STRING = PrimitiveType("string")
BYTES = PrimitiveType("bytes")
NULL = PrimitiveType("null")
TIMESTAMP = PrimitiveType("timestamp")
DURATION = PrimitiveType("duration")
DYN = PrimitiveType("dyn")
"""Known only at run time: everything may be tried with it."""
ANY = PrimitiveType("any")
ERROR = PrimitiveType("!error!")
"""What the checker gives an expression with an issue, so that one fault is told once."""


@dataclass(frozen=True, slots=True)
class ListType(Type):
    """A list of items of one type."""

    item: Type
    identity: tuple[str, ...] | None = field(default=None, compare=False, kw_only=True)
    """How two lists are the same and how `+` joins them. None: in order, appending. (): as sets. JSON names of
    fields: as sets of objects which these fields identify; `+` lets the right one win, in the left one's place."""
    max_size: int | None = field(default=None, compare=False, kw_only=True)

    @property
    def parameters(self) -> tuple[Type, ...]:
        return (self.item,)

    def with_parameters(self, parameters: tuple[Type, ...]) -> Type:
        return replace(self, item=parameters[0])

    def __str__(self) -> str:
        return f"list({self.item})"


@dataclass(frozen=True, slots=True)
class MapType(Type):
    """A map; keys are bool, int, uint or string."""

    key: Type
    value: Type
    max_size: int | None = field(default=None, compare=False, kw_only=True)

    @property
    def parameters(self) -> tuple[Type, ...]:
        return (self.key, self.value)

    def with_parameters(self, parameters: tuple[Type, ...]) -> Type:
        return replace(self, key=parameters[0], value=parameters[1])

    def __str__(self) -> str:
        return f"map({self.key}, {self.value})"


class Field(Struct, frozen=True):
    """A field of an object.

    Its value is JSON. Where `type` asks for more than JSON has, it becomes a CEL value when the field is selected:
    strings of TIMESTAMP (RFC 3339), DURATION (as Go writes them) and BYTES (base64) fields, numbers of DOUBLE ones, and
    the same within lists and maps. A null stays null.
    """

    type: Type
    json_name: str = ""
    """The key in the JSON object, where it is not the name that expressions use."""
    is_nullable: bool = False
    """A null is no value: the field is as good as absent. (Where a field that is not nullable is null, that stays.)"""


@dataclass(frozen=True, slots=True)
class ObjectType(Type):
    """A JSON object with declared fields, a message. Equal by name: give each its own."""

    name: str
    fields: Mapping[str, Field | Type] | Callable[[], Mapping[str, Field | Type]] = field(compare=False, repr=False)
    """By the name that expressions use; a bare type where that is the JSON name too. A function is called each time
    the fields are asked for, so let it remember: for types that are rarely looked into, or contain themselves."""
    open: bool = field(default=False, compare=False)
    """Fields that are not declared may be selected as well, and are DYN."""
    max_size: int | None = field(default=None, compare=False, kw_only=True)

    def field_names(self) -> Iterable[str]:
        """The names of all declared fields."""
        return (self.fields() if callable(self.fields) else self.fields).keys()

    def find_field(self, name: str) -> Field | None:
        """The field that an expression calls `name`."""
        fields = self.fields() if callable(self.fields) else self.fields
        found = fields.get(name)
        if found is None:
            return Field(DYN) if self.open else None
        return Field(found) if isinstance(found, Type) else found

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class OpaqueType(Type):
    """A type that only its library's functions understand: `net.IP`, `kubernetes.Quantity`."""

    name: str
    parameters_: tuple[Type, ...] = ()
    max_size: int | None = field(default=None, compare=False, kw_only=True)

    @property
    def parameters(self) -> tuple[Type, ...]:
        return self.parameters_

    def with_parameters(self, parameters: tuple[Type, ...]) -> Type:
        return replace(self, parameters_=parameters)

    def __str__(self) -> str:
        return _format(self.name, self.parameters_)


@dataclass(frozen=True, slots=True)
class OptionalType(Type):
    """A value that may not be there: what `a.?b` gives."""

    inner: Type
    max_size: int | None = field(default=None, compare=False, kw_only=True)

    @property
    def parameters(self) -> tuple[Type, ...]:
        return (self.inner,)

    def with_parameters(self, parameters: tuple[Type, ...]) -> Type:
        return replace(self, inner=parameters[0])

    def __str__(self) -> str:
        return f"optional_type({self.inner})"


@dataclass(frozen=True, slots=True)
class TypeType(Type):
    """The type of a type: `type(1)` is a `type(int)`. None: of any type."""

    of: Type | None = None
    max_size: int | None = field(default=None, compare=False, kw_only=True)

    @property
    def parameters(self) -> tuple[Type, ...]:
        return () if self.of is None else (self.of,)

    def with_parameters(self, parameters: tuple[Type, ...]) -> Type:
        return replace(self, of=parameters[0]) if parameters else self

    def __str__(self) -> str:
        return "type" if self.of is None else f"type({self.of})"


TYPE = TypeType()


@dataclass(frozen=True, slots=True)
class TypeParam(Type):
    """Stands for any one type within the signature of an overload."""

    name: str
    max_size: int | None = field(default=None, compare=False, kw_only=True)

    def __str__(self) -> str:
        return self.name


LIST = ListType(DYN)
MAP = MapType(DYN, DYN)


def is_dyn(type_: Type) -> bool:
    """Nothing is known of its values before run time."""
    return type_ in (DYN, ANY)


def _format(name: str, parameters: tuple[Type, ...]) -> str:
    return f"{name}({', '.join(map(str, parameters))})" if parameters else name

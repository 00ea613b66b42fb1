"""One condition on one label, the stuff that selectors of both forms are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from msgspec import Struct


class SelectorError(ValueError):
    """The selector cannot be understood; the text says where."""


class Operator(Enum):
    """How a requirement compares; values are as selectors spell them."""

    EQUALS = "="
    NOT_EQUALS = "!="
    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    DOES_NOT_EXIST = "!"
    GREATER = ">"
    LESS = "<"


_NEGATIVE = frozenset({Operator.NOT_EQUALS, Operator.NOT_IN, Operator.DOES_NOT_EXIST})
_NUMERIC = frozenset({Operator.GREATER, Operator.LESS})


class Requirement(Struct, frozen=True):
    """One condition on one label. An absent label satisfies the negative operators."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        operator = self.operator
        if value is None:
            return operator in _NEGATIVE
        if operator is Operator.EXISTS:
            return True
        if operator is Operator.DOES_NOT_EXIST:
            return False
        if operator in _NUMERIC:
            return self._compares(value)
        return (value in self.values) is (operator not in _NEGATIVE)

    def _compares(self, value: str) -> bool:
        try:
            left, right = int(value), int(self.values[0])
        except ValueError:
            return False
        return left > right if self.operator is Operator.GREATER else left < right

    def __str__(self) -> str:
        match self.operator:
            case Operator.EXISTS:
                return self.key
            case Operator.DOES_NOT_EXIST:
                return f"!{self.key}"
            case Operator.IN | Operator.NOT_IN:
                return f"{self.key} {self.operator.value} ({','.join(sorted(self.values))})"
            case _:
                return f"{self.key}{self.operator.value}{self.values[0]}"


def holds(operator: str, value: str | None, values: Sequence[str]) -> bool:
    """Whether a requirement as objects spell it (`In`, `Exists`, `Gt` …) holds for a label's value, None if absent."""
    match operator:
        case "In":
            return value is not None and value in values
        case "NotIn":
            return value is None or value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return compares(operator, value, values[0] if values else None)
        case _:
            return False


def compares(operator: str, value: str | None, bound: str | None) -> bool:
    """Whether `value` is greater (`Gt`) or less (`Lt`) than `bound`; what is no whole number never is."""
    try:
        one, other = int(value or ""), int(bound or "")
    except ValueError:
        return False
    return one > other if operator == "Gt" else one < other

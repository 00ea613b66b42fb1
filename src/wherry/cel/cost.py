"""What rules may cost, and what they do: the estimate before a rule is taken, and the charges while it runs.

    estimate(program.checked, sizes_below(type_of_self)).most <= RULE_LIMIT     # when a custom resource is defined
    value, cost = program.run({"self": object}, CALL_LIMIT)                     # when an object is written

The estimate assumes the worst: every text, list and map as long as its type's `max_size` lets it be. One unit stands
for some 50 ns of upstream's server. `cost_estimate.py` walks the expression, `cost_calls.py` has the calls,
`cost_charges.py` what calls are charged at run time, `cost_range.py` the arithmetic.
"""

from __future__ import annotations

from wherry.cel.cost_charges import CHARGES
from wherry.cel.cost_estimate import Path, Sizes, estimate
from wherry.cel.cost_range import UNBOUNDED, UNKNOWN, Range
from wherry.cel.types import (
    BYTES,
    DURATION,
    DYN,
    STRING,
    TIMESTAMP,
    Field,
    ListType,
    MapType,
    ObjectType,
    OptionalType,
    Type,
)

__all__ = [
    "CALL_LIMIT",
    "CHARGES",
    "DEFINITION_LIMIT",
    "OBJECT_LIMIT",
    "RULE_LIMIT",
    "UNBOUNDED",
    "UNKNOWN",
    "Range",
    "Sizes",
    "estimate",
    "sizes_below",
    "sizes_within",
]

RULE_LIMIT = 10_000_000
"""What one rule may cost by the estimate, times as often as an object can make it run."""
DEFINITION_LIMIT = 100_000_000
"""The same for all rules of a custom resource's version together."""
CALL_LIMIT = 1_000_000
"""What one evaluation may cost."""
OBJECT_LIMIT = 10_000_000
"""What all evaluations for one write of an object may cost together."""


def sizes_below(root: Type) -> Sizes:
    """How large the values within a variable of this type may be: its `max_size` hints.

    As upstream's, it takes every path to begin at the root, whichever variable it names (`self` and `oldSelf` are of
    one type), and what has no size to have none: two integers are compared for nothing.
    """

    def sizes(path: Path, type_: Type) -> Range | None:
        if not path:
            return None
        found: Type | None = root
        for step in path[1:]:
            found = _step(found, step)
            if found is None:
                return None
        return None if found is None else _size(found, is_key=path[-1] == "@keys")

    return sizes


def sizes_within(sizes: Sizes, most: int) -> Sizes:
    """The same, for values that are no larger than that."""

    def bounded(path: Path, type_: Type) -> Range | None:
        found = sizes(path, type_)
        return None if found is None else Range(min(found.least, most), min(found.most, most))

    return bounded


def _step(type_: Type | None, step: str) -> Type | None:
    if isinstance(type_, OptionalType):
        type_ = type_.inner
    match type_:
        case ListType():
            return type_.item if step in ("@items", "@values") else None
        case MapType():
            return {"@items": type_.value, "@values": type_.value, "@keys": type_.key}.get(step)
        case ObjectType():
            field = type_.find_field(step)
            return field.type if isinstance(field, Field) else None
    return None


def _size(type_: Type, *, is_key: bool) -> Range | None:
    if isinstance(type_, OptionalType):
        type_ = type_.inner
    if type_.max_size is not None:
        return Range(0, type_.max_size)
    if not is_key and (isinstance(type_, (ListType, MapType)) or type_ in _SIZED):
        return None
    return Range(0, 0)


_SIZED = (STRING, BYTES, DYN, TIMESTAMP, DURATION)

"""Expressions that say which devices will do: what they may speak of, whether they compile, and what they cost.

Imported with the first of them, since the language of expressions is; see `selectors.py`.
"""

from __future__ import annotations

from functools import lru_cache

from wherry.api.field import FieldError, forbidden, invalid
from wherry.cel.bindings import BINDINGS
from wherry.cel.cost import CHARGES, estimate
from wherry.cel.cost_estimate import Path
from wherry.cel.cost_range import Range
from wherry.cel.environment import Environment, type_name
from wherry.cel.errors import CompileError
from wherry.cel.library.kubernetes import KUBERNETES
from wherry.cel.library.quantity import QUANTITY
from wherry.cel.program import Program
from wherry.cel.types import BOOL, DYN, STRING, Field, MapType, ObjectType, Type

_MAX_COST = 1_000_000
_MAX_DOMAIN, _MAX_IDENTIFIER, _MAX_VALUE, _MAX_ATTRIBUTES = 63, 32, 64, 32

_ATTRIBUTE = DYN.sized(_MAX_VALUE)


def _by_domain(value: Type) -> MapType:
    inner = MapType(STRING.sized(_MAX_IDENTIFIER), value).sized(_MAX_ATTRIBUTES)
    return MapType(STRING.sized(_MAX_DOMAIN), inner).sized(_MAX_ATTRIBUTES)


DEVICE = ObjectType(
    "kubernetes.DRADevice",
    {
        "driver": STRING.sized(_MAX_DOMAIN),
        "allowMultipleAllocations": BOOL.sized(1),
        "attributes": _by_domain(_ATTRIBUTE),
        "capacity": _by_domain(QUANTITY),
    },
)


@lru_cache(1)
def _environment() -> Environment:
    libraries = (*KUBERNETES, BINDINGS)
    return Environment({"device": DEVICE}, libraries=libraries, is_homogeneous=True, is_strict=True, charges=CHARGES)


def _sizes(path: Path, _: Type) -> Range | None:
    """How large what an expression reaches can be, as far as the type of a device tells."""
    if not path or path[0] != "device":
        return None
    found: Type | None = DEVICE
    for step in path[1:]:
        found = _step(found, step)
        if found is None:
            return None
    return None if found is None else Range(0, found.max_size or 0)


def _step(found: Type | None, step: str) -> Type | None:
    if isinstance(found, ObjectType):
        field = found.find_field(step)
        return field.type if isinstance(field, Field) else None
    if not isinstance(found, MapType):
        return None
    if step == "@keys":
        return found.key
    return found.value if step in ("@items", "@values") or found.value is _ATTRIBUTE else None


def compile_expression(text: str) -> Program:
    """The expression as a function of `device`; raises CompileError."""
    return _environment().compile(text)


def validate_expression(text: str, path: str) -> list[FieldError]:
    """Whether it compiles to yes or no, at a bearable cost."""
    try:
        checked = _environment().check(text)
    except CompileError as error:
        return [invalid(path, text, f"compilation failed: {error}")]
    found = checked.type_of(checked.expr)
    if found not in (BOOL, DYN):
        return [invalid(path, text, f"must evaluate to bool or the unknown type, not {type_name(found)}")]
    if estimate(checked, _sizes).most > _MAX_COST:
        return [forbidden(path, "too complex, exceeds cost limit")]
    return []

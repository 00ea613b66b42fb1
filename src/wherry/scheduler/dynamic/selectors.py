"""Expressions that say which devices do, compiled once and asked of each device once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from wherry.api.dra.expressions import compile_expression
from wherry.cel.errors import CompileError, EvaluationError
from wherry.cel.library.quantity import parse_quantity
from wherry.cel.library.semver import parse_version
from wherry.cel.program import Program
from wherry.scheduler.dynamic.pools import Device

_COST = 1_000_000


class SelectorError(Exception):
    """An expression that does not compile, or that fails for a device; says why."""


class _Domains(dict[str, dict[str, Any]]):
    """What a driver says, by domain; of other domains it says nothing, which is no error."""

    def __missing__(self, domain: str) -> dict[str, Any]:
        return {}


def holds(expression: str, device: Device) -> bool:
    """Whether the device does; raises SelectorError."""
    program = _compiled(expression)
    if isinstance(program, str):
        raise SelectorError(f"CEL compile error: {program}")
    try:
        return program.run({"device": _value(device)}, _COST)[0] is True
    except EvaluationError as error:
        raise SelectorError(f"CEL runtime error: {error}") from error


@lru_cache(1024)
def _compiled(expression: str) -> Program | str:
    try:
        return compile_expression(expression)
    except CompileError as error:
        return str(error)


@lru_cache(4096)
def _value(device: Device) -> dict[str, Any]:
    """The device as expressions see it."""
    view, driver = device.view, device.id[0]
    attributes, capacity = _Domains(), _Domains()
    for name, attribute in view.attributes.items():
        domain, short = _split(name, driver)
        attributes.setdefault(domain, {})[short] = _attribute(attribute)
    for name, amount in view.capacity.items():
        domain, short = _split(name, driver)
        capacity.setdefault(domain, {})[short] = parse_quantity(amount.value)
    return {
        "driver": driver,
        "allowMultipleAllocations": bool(view.allow_multiple_allocations),
        "attributes": attributes,
        "capacity": capacity,
    }


def _split(name: str, driver: str) -> tuple[str, str]:
    domain, slash, short = name.partition("/")
    return (domain, short) if slash else (driver, name)


def _attribute(attribute: Any) -> Any:
    if attribute.version is not None:
        return parse_version(attribute.version)
    return next(value for value in (attribute.string, attribute.int_, attribute.bool_) if value is not None)

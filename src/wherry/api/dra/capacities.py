"""How much of a device's capacity a claim can ask for."""

from __future__ import annotations

from typing import Any

from wherry.api.dra.rules import validate_set
from wherry.api.field import FieldError, forbidden, invalid, required
from wherry.api.meta.quantity import canonical, ceiling, format_quantity, parse_quantity

_MAX_VALUES = 10


def validate_shared(capacity: dict[str, Any], path: str) -> list[FieldError]:
    """Of a device that several claims can have at once."""
    policy, total = capacity.get("requestPolicy"), capacity.get("value") or "0"
    if policy is None:
        return []
    path += ".requestPolicy"
    values, default = policy.get("validValues") or [], policy.get("default")
    limits = policy.get("validRange")
    if values and limits is not None:
        why = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
        return [forbidden(path, why)]
    if values:
        if default is None:
            return [required(path + ".default", "required when validValues is defined")]
        return _validate_values(values, default, total, path + ".validValues")
    if limits is not None:
        if default is None:
            return [required(path + ".default", "required when validRange is defined")]
        return _validate_range(limits, default, total, path + ".validRange")
    return []


def validate_single(capacity: dict[str, Any], path: str) -> list[FieldError]:
    """Of a device that one claim has for itself."""
    if capacity.get("requestPolicy") is None:
        return []
    return [forbidden(path + ".requestPolicy", "allowMultipleAllocations must be true")]


def _is_more(left: str, right: str) -> bool:
    return parse_quantity(left) > parse_quantity(right)


def _validate_values(values: list[str], default: str, total: str, path: str) -> list[FieldError]:
    faults = [
        invalid(f"{path}[{index + 1}]", canonical(value), "values must be sorted in ascending order")
        for index, value in enumerate(values[1:])
        if _is_more(values[index], value)
    ]

    def judge(value: str, where: str) -> list[FieldError]:
        if not _is_more(value, total):
            return []
        return [invalid(where, canonical(value), f"option is larger than capacity value: {canonical(total)}")]

    faults += validate_set(values, _MAX_VALUES, judge, path, lambda value: str(ceiling(value)), shows_key=True)
    if all(parse_quantity(value) != parse_quantity(default) for value in values):
        faults.append(invalid(path, canonical(default), "default value is not valid according to the requestPolicy"))
    return faults


def _validate_range(limits: dict[str, Any], default: str, total: str, path: str) -> list[FieldError]:
    least, most, step = limits.get("min"), limits.get("max"), limits.get("step")
    if least is None:
        return [required(path + ".min", "required when validRange is defined")]
    faults: list[FieldError] = []
    if _is_more(least, total):
        faults.append(invalid(path + ".min", least, f"min is larger than capacity value: {total}"))
    if _is_more(least, default):
        faults.append(invalid(path + ".min", default, f"default is less than min: {least}"))
    if most is not None:
        if _is_more(least, most):
            faults.append(invalid(path + ".max", least, f"min is larger than max: {most}"))
        if _is_more(most, total):
            faults.append(invalid(path + ".max", most, f"max is larger than capacity value: {total}"))
        if _is_more(default, most):
            faults.append(invalid(path + ".max", default, f"default is more than max: {most}"))
    if step is not None:
        added = parse_quantity(least) + parse_quantity(step)
        if added > parse_quantity(total):
            shown = format_quantity(added, binary=least.endswith("i"))
            faults.append(invalid(path + ".step", step, f"one step {shown} is larger than capacity value: {total}"))
        for value in (default, most):
            if value is not None and ceiling(step) and (ceiling(value) - ceiling(least)) % ceiling(step):
                why = f"value is not a multiple of a given step ({step}) from ({least})"
                faults.append(invalid(path + ".step", value, why))
    return faults

"""What each share takes of a device that several claims may have at a time (KEP-5075, consumable capacity)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from wherry.api.meta.quantity import format_quantity, parse_quantity
from wherry.api.types.resource_v1 import CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity

Amounts = Mapping[str, str]
"""By the name of a capacity."""


def share(asked: Amounts, offered: Mapping[str, DeviceCapacity]) -> dict[str, str] | None:
    """What is taken of a device for a request, by the rules of each of its capacities; None if it will not do."""
    if any(name not in offered for name in asked):
        return None
    taken: dict[str, str] = {}
    for name, one in offered.items():
        amount = _amount(asked.get(name), one)
        if amount is None or parse_quantity(amount) > parse_quantity(one.value):
            return None
        taken[name] = amount
    return taken


def _amount(asked: str | None, offered: DeviceCapacity) -> str | None:
    policy = offered.request_policy
    if asked is None:
        return offered.value if policy is None or policy.default is None else policy.default
    if policy is None:
        return asked
    amount = _rounded(asked, policy)
    return amount if (policy.default is not None and _same(amount, policy.default)) or _suits(amount, policy) else None


def _rounded(asked: str, policy: CapacityRequestPolicy) -> str:
    """The least that may be given and is no less than what is asked for."""
    value = parse_quantity(asked)
    if policy.valid_range is not None:
        return _in_steps(asked, value, policy.valid_range)
    enough = (one for one in sorted(policy.valid_values, key=parse_quantity) if parse_quantity(one) >= value)
    return next(enough, asked)


def _in_steps(asked: str, value: Decimal, allowed: CapacityRequestPolicyRange) -> str:
    least = parse_quantity(allowed.min or "0")
    if value < least:
        return allowed.min
    if allowed.step is None:
        return asked
    step = parse_quantity(allowed.step)
    steps = ((value - least) / step).to_integral_value(ROUND_CEILING)
    return format_quantity(least + steps * step, asked.endswith("i"))


def _suits(amount: str, policy: CapacityRequestPolicy) -> bool:
    if policy.valid_range is not None:
        most = policy.valid_range.max
        return most is None or parse_quantity(amount) <= parse_quantity(most)
    return not policy.valid_values or any(_same(amount, one) for one in policy.valid_values)


def _same(one: str, other: str) -> bool:
    return parse_quantity(one) == parse_quantity(other)

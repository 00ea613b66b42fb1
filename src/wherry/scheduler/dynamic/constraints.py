"""Attributes that the devices of a claim must share (`matchAttribute`), or in which they must differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Protocol

from wherry.api.types.resource_v1 import DeviceAttribute, DeviceConstraint
from wherry.scheduler.dynamic.pools import Device
from wherry.scheduler.dynamic.requests import Wanted


class Constraint(Protocol):
    """Takes devices one by one, and gives them back in reverse."""

    def add(self, wanted: Wanted, device: Device) -> bool:
        """Whether the device may be chosen; if so, it counts from now on."""
        ...

    def remove(self, wanted: Wanted, device: Device) -> None: ...


class _Alike:
    """One value, or all different values: which of them is `differs`."""

    def __init__(self, attribute: str, requests: tuple[str, ...], *, differs: bool) -> None:
        self._attribute = attribute
        self._requests = requests
        self._differs = differs
        self._seen: Counter[Hashable] = Counter()

    def add(self, wanted: Wanted, device: Device) -> bool:
        if not wanted.is_named_by(self._requests):
            return True
        value = attribute_of(device, self._attribute)
        if value is None:
            return False
        if value in self._seen if self._differs else (self._seen and value not in self._seen):
            return False
        self._seen[value] += 1
        return True

    def remove(self, wanted: Wanted, device: Device) -> None:
        if wanted.is_named_by(self._requests):
            value = attribute_of(device, self._attribute)
            self._seen[value] -= 1
            if not self._seen[value]:
                del self._seen[value]


def constraints(given: Iterable[DeviceConstraint]) -> list[Constraint]:
    made: list[Constraint] = []
    for one in given:
        if one.match_attribute is not None:
            made.append(_Alike(one.match_attribute, one.requests, differs=False))
        elif one.distinct_attribute is not None:
            made.append(_Alike(one.distinct_attribute, one.requests, differs=True))
    return made


def attribute_of(device: Device, name: str) -> Hashable:
    """The value of an attribute by its full name, with its type; None when the device has none of that name."""
    found = device.view.attributes.get(name)
    if found is None:
        domain, _, short = name.partition("/")
        found = device.view.attributes.get(short) if domain == device.id[0] else None
    return _value(found) if found is not None else None


def _value(attribute: DeviceAttribute) -> Hashable:
    for kind in ("string", "int_", "bool_", "version"):
        value: Hashable = getattr(attribute, kind)
        if value is not None:
            return (kind, value)
    return None

"""Which objects a label selector and a field selector mean, as one question about an `Item`.

A selector that pins `metadata.name` is also an address: lists look the object up and watches join the audience of that
one object, as every kubelet does for each Secret and ConfigMap of its pods.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from wherry.api import Obj
from wherry.api.errors import BadRequest
from wherry.api.meta.fields import FieldRequirement, parse_field_selector
from wherry.api.meta.labels import SelectorError, parse_selector
from wherry.api.resource import Resource
from wherry.watchcache.audience import Pin
from wherry.watchcache.window import Match

_NAME = "metadata.name"
_NAMESPACE = "metadata.namespace"


class Selection(Struct, frozen=True):
    """`match` None means everything (of `name`, if there is one)."""

    match: Match | None = None
    name: str = ""
    pin: Pin | None = None
    """A field's value that is demanded in any case: watchers are found by it."""


EVERYTHING = Selection()


def select(resource: Resource, label_selector: str, field_selector: str) -> Selection:
    """Read both selectors; raises BadRequest in upstream's words."""
    if not label_selector and not field_selector:
        return EVERYTHING
    try:
        labels = parse_selector(label_selector)
        requirements = parse_field_selector(field_selector)
    except SelectorError as error:
        raise BadRequest(str(error)) from error
    checks: list[Match] = []
    name = ""
    pin: Pin | None = None
    for requirement in requirements:
        if requirement.field == _NAME and not requirement.negated and not name:
            name = requirement.value
        checks.append(_field_check(resource, requirement))
        if pin is None and not requirement.negated and requirement.field in resource.fields:
            pin = Pin(*_field(resource, requirement.field), requirement.value)
    if not labels.is_everything:
        checks.append(lambda item: labels.matches(item.labels))
    return Selection(_all(checks), name, pin)


def _field_check(resource: Resource, requirement: FieldRequirement) -> Match:
    value, wanted = requirement.value, not requirement.negated
    if requirement.field == _NAME:
        return lambda item: (item.name == value) is wanted
    if requirement.field == _NAMESPACE:
        return lambda item: (item.namespace == value) is wanted
    name, getter = _field(resource, requirement.field)
    return lambda item: (item.field(name, getter) == value) is wanted


def _field(resource: Resource, name: str) -> tuple[str, Callable[[Obj], str]]:
    """A selectable field as items remember it, and how to find it in an object as the kind shows it."""
    getter = resource.fields.get(name)
    if getter is None:
        raise BadRequest(_unknown(resource, name))
    return name, getter


def _unknown(resource: Resource, name: str) -> str:
    if resource.fields or resource.lifetime is not None:  # Custom kinds speak like those with fields of their own.
        return f"field label not supported: {name}"
    return f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _all(checks: list[Match]) -> Match | None:
    if not checks:
        return None
    if len(checks) == 1:
        return checks[0]
    return lambda item: all(check(item) for check in checks)

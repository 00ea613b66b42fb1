"""Label selectors: the string form of `kubectl -l`, and the `LabelSelector` object of workloads.

Both become a `Selector`, a list of requirements of which every one must hold. The grammar of the string form is
upstream's, quirks included: `in` and `notin` may themselves be keys, `(,)` is the empty string, and a faulty selector
is answered in upstream's words, because clients show them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from wherry.api.field import FieldError, forbidden, invalid, required
from wherry.api.meta.labelparser import parse_requirements
from wherry.api.meta.names import label_value_faults, qualified_name_faults
from wherry.api.meta.requirement import Operator, Requirement, SelectorError

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "Operator",
    "Requirement",
    "Selector",
    "SelectorError",
    "format_label_selector",
    "format_labels",
    "parse_selector",
    "selector_of",
    "selector_of_map",
    "validate_label_selector",
    "validate_labels",
]


class Selector(Struct, frozen=True):
    """Requirements that must all hold. Without any it matches everything; `NOTHING` matches nothing."""

    requirements: tuple[Requirement, ...] = ()
    is_nothing: bool = False

    @property
    def is_everything(self) -> bool:
        return not self.requirements and not self.is_nothing

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        if self.is_nothing:
            return False
        labels = labels or {}
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


EVERYTHING = Selector()
NOTHING = Selector(is_nothing=True)


def parse_selector(text: str) -> Selector:
    """Read the string form; raises SelectorError. The requirements are sorted by key."""
    requirements = parse_requirements(text)
    return (
        Selector(tuple(sorted(requirements, key=lambda requirement: requirement.key))) if requirements else EVERYTHING
    )


_OF_EXPRESSION = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.DOES_NOT_EXIST,
}


def selector_of(label_selector: Mapping[str, Any] | None) -> Selector:
    """What a `LabelSelector` object selects: None nothing, an empty one everything; raises SelectorError."""
    if label_selector is None:
        return NOTHING
    requirements = [
        Requirement(key, Operator.EQUALS, (value,)) for key, value in (label_selector.get("matchLabels") or {}).items()
    ]
    for expression in label_selector.get("matchExpressions") or ():
        operator = _OF_EXPRESSION.get(expression.get("operator") or "")
        if operator is None:
            raise SelectorError(f'"{expression.get("operator")}" is not a valid label selector operator')
        requirements.append(Requirement(expression.get("key") or "", operator, tuple(expression.get("values") or ())))
    return Selector(tuple(sorted(requirements, key=lambda requirement: requirement.key)))


def selector_of_map(labels: Mapping[str, str] | None) -> Selector:
    """What a plain map selects (of a Service or ReplicationController); an empty one everything."""
    return Selector(tuple(Requirement(key, Operator.EQUALS, (value,)) for key, value in sorted((labels or {}).items())))


def format_labels(labels: Mapping[str, str] | None) -> str:
    """`a=1,b=2`, sorted; `<none>` for none."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or "<none>"


def format_label_selector(label_selector: Mapping[str, Any] | None) -> str:
    """A `LabelSelector` object as `kubectl get -o wide` shows it."""
    try:
        return str(selector_of(label_selector)) or "<none>"
    except SelectorError:
        return "<error>"


def validate_labels(labels: Mapping[str, str], path: str) -> list[FieldError]:
    """Keys are qualified names, values label values."""
    faults: list[FieldError] = []
    for key, value in labels.items():
        if reasons := qualified_name_faults(key):
            faults += [invalid(path, key, why) for why in reasons]
        if reasons := label_value_faults(value):
            faults += [invalid(path, value, why) for why in reasons]
    return faults


def validate_label_selector(label_selector: Mapping[str, Any] | None, path: str) -> list[FieldError]:
    """Whether a `LabelSelector` object can be understood."""
    if not label_selector:
        return []
    faults = validate_labels(label_selector.get("matchLabels") or {}, path + ".matchLabels")
    for index, expression in enumerate(label_selector.get("matchExpressions") or ()):
        faults += _validate_expression(expression, f"{path}.matchExpressions[{index}]")
    return faults


def _validate_expression(expression: Mapping[str, Any], path: str) -> list[FieldError]:
    operator, values = expression.get("operator") or "", expression.get("values") or ()
    faults: list[FieldError] = []
    if operator in ("In", "NotIn"):
        if not values:
            faults.append(required(path + ".values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            faults.append(
                forbidden(path + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
            )
    else:
        faults.append(invalid(path + ".operator", operator, "not a valid selector operator"))
    key = expression.get("key") or ""
    faults += [invalid(path + ".key", key, why) for why in qualified_name_faults(key)]
    faults += _validate_values(values, path)
    return faults


def _validate_values(values: Iterable[str], path: str) -> list[FieldError]:
    return [
        invalid(f"{path}.values[{index}]", value, why)
        for index, value in enumerate(values)
        for why in label_value_faults(value)
    ]

"""Label selectors as controllers meet them: already valid, seen through a view. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from wherry.api.types.meta_v1 import LabelSelector, LabelSelectorRequirement


def matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether the selector picks an object with these labels: an empty one picks all, an absent one nothing."""
    if selector is None:
        return False
    return matches_labels(selector.match_labels, labels) and all(
        _holds(requirement, labels) for requirement in selector.match_expressions
    )


def matches_labels(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in wanted.items())


def is_empty(selector: LabelSelector | None) -> bool:
    """Whether it picks everything there is."""
    return selector is not None and not selector.match_labels and not selector.match_expressions


def _holds(requirement: LabelSelectorRequirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            return False

"""Label selectors as controllers meet them: already valid, seen through a view. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from wherry.api.meta.requirement import holds
from wherry.api.types.meta_v1 import LabelSelector


def matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether the selector picks an object with these labels: an empty one picks all, an absent one nothing."""
    if selector is None:
        return False
    return matches_labels(selector.match_labels, labels) and all(
        holds(r.operator, labels.get(r.key), r.values) for r in selector.match_expressions
    )


def matches_labels(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in wanted.items())


def is_empty(selector: LabelSelector | None) -> bool:
    """Whether it picks everything there is."""
    return selector is not None and not selector.match_labels and not selector.match_expressions


def describe(selector: LabelSelector | None) -> str:
    """A selector as Go prints it, and as upstream's Events therefore do."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted(selector.match_labels.items()))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{each.key},Operator:{each.operator},Values:[{' '.join(each.values)}],}},"
        for each in selector.match_expressions
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )

"""Roles made of roles."""

from __future__ import annotations

from typing import Any

from wherry.apiserver.authz.aggregation import aggregated_rules


def role(name: str, rules: list[Any], **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, "rules": rules}


WHOLE = {
    "metadata": {"name": "whole", "labels": {"part": "yes"}},
    "aggregationRule": {
        "clusterRoleSelectors": [
            {"matchLabels": {"part": "yes"}},
            {"matchExpressions": [{"key": "also", "operator": "Exists"}]},
        ]
    },
    "rules": ["old"],
}


def test_a_role_without_a_rule_of_aggregation_is_its_own() -> None:
    assert aggregated_rules(role("a", ["x"]), []) is None


def test_rules_are_gathered_by_name_each_once() -> None:
    x, y, z, w = ({"verbs": [verb]} for verb in "xyzw")
    others = [role("c", [z, x], also="1"), role("b", [x, y], part="yes"), role("d", [w], part="no"), WHOLE]
    assert aggregated_rules(WHOLE, others) == [x, y, z]


def test_nothing_selected_is_no_rules() -> None:
    assert aggregated_rules(WHOLE, []) == []

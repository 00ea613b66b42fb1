"""Roles that are made of other roles: `admin`, `edit` and `view` grow with every custom resource that labels its own.

Pure: the selected roles in, the rules out. The controller that writes them asks here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wherry.api import Obj
from wherry.api.meta.labels import selector_of


def aggregated_rules(role: Obj, others: Iterable[Obj]) -> list[Obj] | None:
    """The rules that `role` should have; None when it has no aggregation rule.

    `others` are all cluster roles, in any order; the result is in the order of their names, each rule once.
    """
    rule = role.get("aggregationRule")
    if not rule:
        return None
    selectors = [selector_of(selector) for selector in rule.get("clusterRoleSelectors") or ()]
    rules: list[Obj] = []
    for other in sorted(others, key=lambda obj: str(obj["metadata"]["name"])):
        metadata = other["metadata"]
        labels: Mapping[str, str] = metadata.get("labels") or {}
        if metadata["name"] == role["metadata"]["name"] or not any(selector.matches(labels) for selector in selectors):
            continue
        rules.extend(one for one in other.get("rules") or () if one not in rules)
    return rules

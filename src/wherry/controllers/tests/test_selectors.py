from __future__ import annotations

from wherry.api.types.decoding import convert
from wherry.api.types.meta_v1 import LabelSelector
from wherry.controllers.selectors import describe


def test_selectors_are_described_as_upstream_prints_them() -> None:
    expression = {"key": "x", "operator": "In", "values": ["1", "2"]}
    selector = convert(LabelSelector, {"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": [expression]})
    assert describe(selector) == (
        "&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},"
        "MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:x,Operator:In,Values:[1 2],},},}"
    )
    assert describe(None) == "nil"

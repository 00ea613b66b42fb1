"""Selectors: both forms, matching, and upstream's words for what can not be understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.meta.labels import (
    EVERYTHING,
    NOTHING,
    Operator,
    Requirement,
    Selector,
    SelectorError,
    format_label_selector,
    format_labels,
    parse_selector,
    selector_of,
    selector_of_map,
    validate_label_selector,
)

LABELS = {"app": "web", "tier": "front", "n": "7"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app", True),
        ("!app", False),
        ("!other", True),
        ("app=web", True),
        ("app == web", True),
        ("app!=web", False),
        ("other!=web", True),
        ("app in (web, db)", True),
        ("app in (db)", False),
        ("app notin (db)", True),
        ("other notin (db)", True),
        ("other in (db)", False),
        ("n>6", True),
        ("n>7", False),
        ("n<8,app=web", True),
        ("app>1", False),
        ("app=web,tier=back", False),
        ("other=", False),
        ("app in (web),tier in (,front)", True),
    ],
)
def test_matching(text: str, matches: bool) -> None:
    assert parse_selector(text).matches(LABELS) is matches


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ("b=1,a", "a,b=1"),
        ("x in (b,a)", "x in (a,b)"),
        ("x notin (a)", "x notin (a)"),
        ("!x", "!x"),
        ("in=notin", "in=notin"),
        ("x=", "x="),
        ("example.com/x != y", "example.com/x!=y"),
        ("n > 1", "n>1"),
    ],
)
def test_formatting(text: str, formatted: str) -> None:
    assert str(parse_selector(text)) == formatted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("=", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("x in", "unable to parse requirement: found '' expected: '('"),
        ("x in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("x in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        (
            "x in ()",
            (
                "unable to parse requirement: values: Invalid value: []: "
                "for 'in', 'notin' operators, values set can't be empty"
            ),
        ),
        (
            "n>x",
            (
                'unable to parse requirement: values[0]: Invalid value: "x": '
                "for 'Gt', 'Lt' operators, the value must be an integer"
            ),
        ),
        ("!=x", "unable to parse requirement: found '=', expected: identifier"),
    ],
)
def test_what_can_not_be_understood(text: str, message: str) -> None:
    if text == "!=x":
        message = "found '!=', expected: !, identifier, or 'end of string'"
    with pytest.raises(SelectorError) as caught:
        parse_selector(text)
    assert str(caught.value) == message


def test_illegal_keys_and_values_are_refused() -> None:
    with pytest.raises(SelectorError, match='<nil>: Invalid value: "_": name part must consist'):
        parse_selector("_=b")
    with pytest.raises(SelectorError, match=r"values\[0\]\[a\]: Invalid value: \"-\": a valid label must be"):
        parse_selector("a=-")


def test_selector_objects() -> None:
    expression = {"key": "tier", "operator": "In", "values": ["front", "back"]}
    selector = selector_of({"matchLabels": {"app": "web"}, "matchExpressions": [expression]})
    assert selector.matches(LABELS)
    assert not selector.matches({"app": "web"})
    assert str(selector) == "app=web,tier in (back,front)"
    assert selector_of({}) == EVERYTHING
    assert selector_of({}).is_everything
    assert selector_of(None) is NOTHING
    assert not NOTHING.matches({})
    assert EVERYTHING.matches(None)
    with pytest.raises(SelectorError, match='"Near" is not a valid label selector operator'):
        selector_of({"matchExpressions": [{"key": "a", "operator": "Near"}]})


def test_how_kubectl_shows_them() -> None:
    assert format_labels({"b": "2", "a": "1"}) == "a=1,b=2"
    assert format_labels(None) == "<none>"
    assert format_label_selector({}) == "<none>"
    assert format_label_selector({"matchExpressions": [{"key": "a", "operator": "Near"}]}) == "<error>"
    assert selector_of_map({"b": "2", "a": "1"}).matches({"a": "1", "b": "2", "c": "3"})


def test_faults_of_selector_objects() -> None:
    bad = {
        "matchLabels": {"a": "b c"},
        "matchExpressions": [
            {"key": "a", "operator": "In"},
            {"key": "a", "operator": "Exists", "values": ["x"]},
            {"key": "-", "operator": "Near", "values": ["-"]},
        ],
    }
    assert [(fault.path, fault.type.name) for fault in validate_label_selector(bad, "s")] == [
        ("s.matchLabels", "INVALID"),
        ("s.matchExpressions[0].values", "REQUIRED"),
        ("s.matchExpressions[1].values", "FORBIDDEN"),
        ("s.matchExpressions[2].operator", "INVALID"),
        ("s.matchExpressions[2].key", "INVALID"),
        ("s.matchExpressions[2].values[0]", "INVALID"),
    ]


KEYS = st.from_regex(r"[a-z]([-a-z0-9.]{0,5}[a-z0-9])?", fullmatch=True)
VALUES = st.from_regex(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,5}[A-Za-z0-9])?)?", fullmatch=True)


@st.composite
def requirements(draw: st.DrawFn) -> Requirement:
    operator = draw(st.sampled_from([o for o in Operator if o not in (Operator.GREATER, Operator.LESS)]))
    if operator in (Operator.EXISTS, Operator.DOES_NOT_EXIST):
        return Requirement(draw(KEYS), operator)
    if operator in (Operator.IN, Operator.NOT_IN):
        return Requirement(draw(KEYS), operator, tuple(sorted(draw(st.sets(VALUES, min_size=2, max_size=4)))))
    return Requirement(draw(KEYS), operator, (draw(VALUES),))


@given(st.lists(requirements(), max_size=4))
def test_what_is_formatted_is_understood(items: list[Requirement]) -> None:
    selector = Selector(tuple(sorted(items, key=lambda item: item.key)))
    assert parse_selector(str(selector)) == selector


@given(st.text(alphabet="ab=!,() inot<>\t", max_size=12))
def test_nothing_but_a_selector_error_comes_out(text: str) -> None:
    try:
        selector = parse_selector(text)
    except SelectorError:
        return
    assert parse_selector(str(selector)).requirements == selector.requirements or "()" in str(selector)

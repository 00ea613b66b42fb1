from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.managedfields.elements import BadElement, canonical, field, item_element, show, sort_key, text
from wherry.api.schema.nodes import Node, Sort

SET = Node(Sort.LIST, is_set=True)
NAMED = Node(Sort.LIST, keys=("name",))
PORTS = Node(Sort.LIST, keys=("port", "protocol"), key_defaults={"protocol": "TCP"})


@pytest.mark.parametrize(
    ("node", "item", "element"),
    [
        pytest.param(NAMED, {"name": "web", "x": 1}, 'k:{"name":"web"}', id="one key"),
        pytest.param(PORTS, {"protocol": "UDP", "port": 53}, 'k:{"port":53,"protocol":"UDP"}', id="keys by name"),
        pytest.param(PORTS, {"port": 53}, 'k:{"port":53,"protocol":"TCP"}', id="a default"),
        pytest.param(PORTS, {"port": 53.0}, 'k:{"port":53,"protocol":"TCP"}', id="a float that is whole"),
        pytest.param(Node(Sort.LIST, keys=("a", "b")), {"b": 1}, 'k:{"b":1}', id="a key that is left out"),
        pytest.param(NAMED, {"name": 'a"b\\c'}, 'k:{"name":"a\\"b\\\\c"}', id="escapes"),
        pytest.param(
            NAMED,
            {"name": "a<b>&\u2028\b\x01"},
            'k:{"name":"a\\u003cb\\u003e\\u0026\\u2028\\u0008\\u0001"}',
            id="as Go escapes",
        ),
        pytest.param(NAMED, {"name": "é"}, 'k:{"name":"é"}', id="letters stay"),
        pytest.param(NAMED, {"name": "x" * 1000}, f'k:{{"name":"{"x" * 1000}"}}', id="a long key"),
        pytest.param(SET, "a", 'v:"a"', id="a text"),
        pytest.param(SET, "y" * 1000, f'v:"{"y" * 1000}"', id="a long text"),
        pytest.param(SET, 7, "v:7", id="a number"),
        pytest.param(SET, 1.5, "v:1.5", id="a fraction"),
        pytest.param(SET, True, "v:true", id="a boolean"),
    ],
)
def test_items(node: Node, item: Any, element: str) -> None:
    assert item_element(node, item) == element
    assert canonical(element) == element


@pytest.mark.parametrize(
    ("node", "item", "why"),
    [
        pytest.param(NAMED, None, "associative list with keys may not have a null element", id="null in a keyed list"),
        pytest.param(
            NAMED, "a", "associative list with keys may not have non-map elements", id="a text in a keyed list"
        ),
        pytest.param(
            NAMED,
            {"x": 1},
            'associative list with keys has an element that omits all key fields ["name"] '
            "(and doesn't have default values for any key fields)",
            id="no key",
        ),
        pytest.param(SET, {}, "associative list without keys has an element that's a map type", id="a map in a set"),
        pytest.param(SET, [], "not supported: associative list with lists as elements", id="a list in a set"),
        pytest.param(
            SET, None, "associative list without keys has an element that's an explicit null", id="null in a set"
        ),
    ],
)
def test_items_that_cannot_be_told_apart(node: Node, item: Any, why: str) -> None:
    with pytest.raises(BadElement) as caught:
        item_element(node, item)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ('k:{"b":1, "a":"x"}', 'k:{"a":"x","b":1}'),
        ('k:{"name":"\\u0041"}', 'k:{"name":"A"}'),
        ("v: 7", "v:7"),
        ('v:"\\u003c"', 'v:"\\u003c"'),
        ("i:+05", "i:5"),
        ("f:", "f:"),
        ("f:a.b/c", "f:a.b/c"),
        ("z:future", None),
    ],
)
def test_one_text_for_a_step(element: str, expected: str | None) -> None:
    assert canonical(element) == expected


@pytest.mark.parametrize(
    "element",
    [
        "",
        "f",
        "fx",
        "spec",
        "k:",
        "k:[1]",
        "k:{",
        "v:",
        "v:{",
        "i:x",
        "i:",
        "i:1.5",
        "i:" + "9" * 99,
        'v:"\\ud800"',
        "v:" + "[" * 5000,
    ],
)
def test_what_is_no_step(element: str) -> None:
    with pytest.raises(BadElement):
        canonical(element)


def test_order() -> None:
    ordered = [
        *("f:A", "f:a", "f:b"),
        *('k:{"a":9}', 'k:{"a":10}', 'k:{"a":"x"}', 'k:{"a":"x","b":1}', 'k:{"b":1}'),
        *("v:9", "v:10", 'v:"10"', 'v:"9"', "v:false", "v:true", "v:[1]", 'v:{"a":1}', "v:null"),
        *("i:2", "i:10"),
    ]
    assert sorted(set(ordered), key=sort_key) == ordered


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        ("f:spec", ".spec"),
        ('k:{"name":"a\\"b"}', '[name="a\\"b"]'),
        ('k:{"port":80,"protocol":"TCP"}', '[port=80,protocol="TCP"]'),
        ('v:"x"', '[="x"]'),
        ("v:true", "[=true]"),
        ("v:null", "[=null]"),
        ("i:3", "[3]"),
    ],
)
def test_shown(element: str, shown: str) -> None:
    assert text(element) == shown


def test_values_shown() -> None:
    assert show([1, "a", {"b": None}]) == '[1,"a",b=null]'


scalars = st.one_of(st.text(st.characters(codec="utf-8")), st.integers(-(2**53), 2**53), st.booleans())


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), scalars, min_size=1))
def test_a_key_says_what_it_was_made_of(item: dict[str, Any]) -> None:
    element = item_element(Node(Sort.LIST, keys=("a", "b", "c")), item)
    assert msgspec.json.decode(element[2:]) == item
    assert canonical(element) == element


@given(st.text())
def test_any_text_is_a_step_or_refused(element: str) -> None:
    try:
        once = canonical(element)
    except BadElement:
        return
    assert once is None or canonical(once) == once


def test_fields() -> None:
    assert field("a.b") == "f:a.b"

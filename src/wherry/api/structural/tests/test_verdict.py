"""Properties of schemas and objects drawn at random: the quick and the thorough agree, and nothing is done twice."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.patch.copying import clone
from wherry.api.structural.report import report
from wherry.api.structural.schema import StructuralSchema
from wherry.api.structural.shape import parse
from wherry.api.structural.verdict import is_valid, make_table

NAMES = st.sampled_from(["a", "b", "k", "apiVersion"])
NUMBERS = st.sampled_from([-1, 0, 1, 2, 3, 2.5, 1.0, 2**31, 2**63, 2**70, -(2**63), 1e300, 0.1])
TEXTS = st.sampled_from(["", "a", "ab", "abc", "é", "2024-01-01", "10.0.0.1", "aGk="])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
SIZES = st.integers(0, 3)
CHECKS: dict[str, st.SearchStrategy[Any]] = {
    "minLength": SIZES,
    "maxLength": SIZES,
    "pattern": st.sampled_from(["^a", "b$", "[0-9]"]),
    "format": st.sampled_from(["date", "ipv4", "byte", "int32", "float", "made-up"]),
    "minimum": NUMBERS,
    "maximum": NUMBERS,
    "exclusiveMinimum": st.booleans(),
    "exclusiveMaximum": st.booleans(),
    "multipleOf": st.sampled_from([1, 2, 0.5, 0.1]),
    "minItems": SIZES,
    "maxItems": SIZES,
    "uniqueItems": st.booleans(),
    "minProperties": SIZES,
    "maxProperties": SIZES,
    "required": st.lists(NAMES, max_size=2, unique=True),
    "enum": st.lists(SCALARS, min_size=1, max_size=3),
}


def _judging(inner: st.SearchStrategy[Obj]) -> st.SearchStrategy[Obj]:
    """Schemas that only judge."""
    several = st.lists(inner, min_size=1, max_size=2)
    optional = {**CHECKS, "allOf": several, "anyOf": several, "oneOf": several, "not": inner}
    optional["properties"] = st.dictionaries(NAMES, inner, max_size=2)
    return st.fixed_dictionaries({}, optional=optional)


JUDGING = st.recursive(st.fixed_dictionaries({}, optional=CHECKS), _judging, max_leaves=4)
TYPES = st.sampled_from(["string", "integer", "number", "boolean"])


def _building(inner: st.SearchStrategy[Obj]) -> st.SearchStrategy[Obj]:
    nullable = st.fixed_dictionaries({}, optional={"nullable": st.booleans(), "anyOf": st.lists(JUDGING, max_size=2)})
    objects = st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(NAMES, inner, max_size=3)},
        optional={"required": CHECKS["required"], "x-kubernetes-preserve-unknown-fields": st.just(True)},
    )
    maps = st.fixed_dictionaries({"type": st.just("object"), "additionalProperties": inner | st.just(True)})
    lists = st.fixed_dictionaries(
        {"type": st.just("array"), "items": inner}, optional={"x-kubernetes-list-type": st.just("set")}
    )
    keyed = st.just(
        {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
            "items": {
                "type": "object",
                "properties": {"k": {"type": "string"}, "a": {"type": "integer", "maximum": 2}},
            },
        }
    )
    return st.tuples(objects | maps | lists | keyed, nullable).map(lambda parts: {**parts[1], **parts[0]})


def _leaf(parts: tuple[Obj, str, Any]) -> Obj:
    checks, type_, default = parts
    leaf = {**checks, "type": type_}
    return leaf if default is None else {**leaf, "default": default}


DEFAULTS = st.none() | TEXTS | NUMBERS
LEAVES = st.tuples(JUDGING, TYPES, DEFAULTS).map(_leaf) | st.just({"x-kubernetes-int-or-string": True})
SCHEMAS = st.recursive(LEAVES, _building, max_leaves=6)
ROOTS = st.dictionaries(st.sampled_from(["a", "b", "spec"]), SCHEMAS, max_size=3).map(
    lambda fields: {"type": "object", "properties": fields}
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "spec"]), VALUES, max_size=3)


def _named(obj: Obj) -> Obj:
    return {"apiVersion": "e/v1", "kind": "E", "metadata": {"name": "x"}, **clone(obj)}


@settings(max_examples=150, deadline=None)
@given(SCHEMAS | JUDGING, VALUES)
def test_what_is_valid_has_nothing_to_report(schema: Obj, value: Any) -> None:
    shape = parse(schema)
    quick = is_valid(make_table(shape), value)
    if quick:
        assert report(shape, value) == []
    elif '"x-kubernetes-list-type"' not in json.dumps(schema):
        assert report(shape, value) != []


@settings(max_examples=50, deadline=None)
@given(ROOTS, OBJECTS)
def test_pruning_and_defaulting_are_done_once(schema: Obj, obj: Obj) -> None:
    made, taken = StructuralSchema.of(schema), _named(obj)
    made.prune(taken)
    pruned = clone(taken)
    assert made.prune(taken) == ([], [])
    assert taken == pruned
    made.default(taken)
    defaulted = clone(taken)
    made.default(taken)
    assert taken == defaulted


@settings(max_examples=50, deadline=None)
@given(ROOTS, OBJECTS)
def test_what_is_unchanged_is_never_refused(schema: Obj, obj: Obj) -> None:
    made, taken = StructuralSchema.of(schema), _named(obj)
    made.prune(taken)
    made.default(taken)
    assert made.validate_update(clone(taken), taken) == []


@settings(max_examples=50, deadline=None)
@given(ROOTS, OBJECTS, OBJECTS)
def test_a_change_is_never_refused_for_more_than_a_new_object_would_be(schema: Obj, new: Obj, old: Obj) -> None:
    made, after, before = StructuralSchema.of(schema), _named(new), _named(old)
    for obj in (after, before):
        made.prune(obj)
        made.default(obj)
    assert {str(f) for f in made.validate_update(after, before)} <= {str(f) for f in made.validate(after)} | {
        str(f) for f in made.validate_update(after, {})
    }

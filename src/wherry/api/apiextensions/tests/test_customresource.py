from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.apiextensions.customresource import SCALE, deprecation_warning, finalizer_warnings, resources
from wherry.api.resource import STATUS, Scale, Scope


def _definition(**version: Any) -> Obj:
    names = {"plural": "cats", "singular": "cat", "kind": "Cat", "listKind": "CatList", "shortNames": ["ct"]}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    given = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **version}
    return {
        "metadata": {"name": "cats.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [given]},
        "status": {"acceptedNames": {**names, "categories": ["all"]}},
    }


def test_names_and_scope() -> None:
    (cats,) = resources(_definition())
    assert (cats.api_version, cats.kind, cats.plural, cats.singular) == ("example.com/v1", "Cat", "cats", "cat")
    assert (cats.list_kind, cats.short_names, cats.categories) == ("CatList", ("ct",), ("all",))
    assert cats.scope is Scope.NAMESPACED
    assert cats.has_generation and not cats.unconditional_update


def test_versions_that_are_neither_served_nor_stored_are_none() -> None:
    definition = _definition()
    (first,) = definition["spec"]["versions"]
    second = {**first, "name": "v2", "served": False}
    third = {**first, "name": "v3", "served": False, "storage": False}
    definition["spec"]["versions"] = [{**first, "storage": False}, second, third]
    assert [each.version for each in resources(definition)] == ["v1", "v2"]


def test_subresources() -> None:
    where = {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n", "labelSelectorPath": ".status.sel"}
    (cats,) = resources(_definition(subresources={"status": {}, "scale": where}))
    assert cats.subresources == (STATUS, SCALE)
    assert cats.scale == Scale(".spec.n", ".status.n", ".status.sel")
    obj: Obj = {"spec": {"n": -1}, "status": {}}
    cats.prepare_create(obj)
    assert obj == {"spec": {"n": -1}}
    assert [str(fault) for fault in cats.validate_create(obj)] == [
        ".spec.n: Invalid value: -1: should be a non-negative integer"
    ]


def test_selectable_fields() -> None:
    (cats,) = resources(_definition(selectableFields=[{"jsonPath": ".spec.n"}, {"jsonPath": ".spec.b"}]))
    obj = {"spec": {"n": 3, "b": True}}
    assert {name: value(obj) for name, value in cats.fields.items()} == {"spec.n": "3", "spec.b": "true"}
    assert cats.fields["spec.n"]({}) == ""


@pytest.mark.parametrize(
    ("version", "others", "expected"),
    [
        ({}, [], None),
        ({"deprecated": True}, [], "example.com/v1 Cat is deprecated"),
        ({"deprecated": True, "deprecationWarning": "go away"}, [], "go away"),
        ({"deprecated": True}, ["v2", "v3beta1"], "example.com/v1 Cat is deprecated; use example.com/v2 Cat"),
        ({"deprecated": True}, ["v2beta1"], "example.com/v1 Cat is deprecated"),
    ],
    ids=["not", "plainly", "in its own words", "for a better one", "without a better one"],
)
def test_deprecation(version: Obj, others: list[str], expected: str | None) -> None:
    definition = _definition(**version)
    definition["spec"]["versions"] += [{"name": name, "served": True} for name in others]
    assert deprecation_warning(definition, "v1") == expected


def test_finalizers_that_writers_add() -> None:
    new = {"metadata": {"finalizers": ["a.b/c", "plain", "with.dots", "orphan", "old"]}}
    assert finalizer_warnings(new, {"metadata": {"finalizers": ["old"]}}) == [
        (
            'metadata.finalizers: "plain": prefer a domain-qualified finalizer name to avoid accidental conflicts with '
            "other finalizer writers"
        ),
        (
            'metadata.finalizers: "with.dots": prefer a domain-qualified finalizer name including a path (/) to avoid '
            "accidental conflicts with other finalizer writers"
        ),
    ]

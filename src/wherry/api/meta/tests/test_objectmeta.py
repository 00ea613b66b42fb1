"""Metadata of objects; most of it is judged by the cases of `api/tests/cases`."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.meta.objectmeta import (
    ANNOTATIONS_LIMIT,
    validate_annotations,
    validate_create,
    validate_template_meta,
    validate_update,
)


def _texts(meta: dict[str, Any]) -> list[str]:
    return [str(fault) for fault in validate_create(CONFIGMAPS, {"metadata": meta})]


@pytest.mark.parametrize(
    ("meta", "faults"),
    [
        ({"name": "x", "namespace": "n"}, []),
        ({"namespace": "n"}, ["metadata.name: Required value: name or generateName is required"]),
        ({"name": "x"}, ["metadata.namespace: Required value"]),
        ({"name": "x", "namespace": "n", "generateName": "x-"}, []),
        (
            {"name": "x", "namespace": "n", "generation": -1},
            ["metadata.generation: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            {"name": "x", "namespace": "n", "finalizers": ["orphan", "foregroundDeletion"]},
            [
                (
                    'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: '
                    "orphan and foregroundDeletion cannot be both set"
                )
            ],
        ),
        (
            {
                "name": "x",
                "namespace": "n",
                "ownerReferences": [{"apiVersion": "v1", "kind": "Event", "name": "e", "uid": "u"}],
            },
            [
                (
                    'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"e","uid":"u"}: '
                    "/v1, Kind=Event is disallowed from being an owner"
                )
            ],
        ),
    ],
)
def test_new_objects(meta: dict[str, Any], faults: list[str]) -> None:
    assert _texts(meta) == faults


def test_kinds_without_namespaces_have_none() -> None:
    faults = validate_create(NAMESPACES, {"metadata": {"name": "x", "namespace": "n"}})
    assert [str(fault) for fault in faults] == ["metadata.namespace: Forbidden: not allowed on this type"]


def test_annotations_are_bounded_in_bytes() -> None:
    half = ANNOTATIONS_LIMIT // 2
    assert not validate_annotations({"a": "x" * (ANNOTATIONS_LIMIT - 1)}, "p")
    assert str(validate_annotations({"a": "x" * ANNOTATIONS_LIMIT}, "p")[0]) == (
        "p: Too long: may not be more than 262144 bytes"
    )
    assert validate_annotations({"a": "é" * half}, "p")


def test_annotation_keys_may_have_upper_case_prefixes() -> None:
    assert not validate_annotations({"Example.COM/x": ""}, "p")


def test_templates_have_no_names() -> None:
    assert not validate_template_meta({"labels": {"a": "b"}}, "p")
    assert validate_template_meta({"labels": {"a": "-"}}, "p")[0].path == "p.labels"


def test_generation_does_not_go_back() -> None:
    new, old = ({"metadata": {"name": "x", "generation": number}} for number in (1, 2))
    assert [str(fault) for fault in validate_update(new, old)] == [
        "metadata.generation: Invalid value: 1: must not be decremented"
    ]

"""Questions about what somebody may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.authorization.reviews import validate_local_review, validate_self_review, validate_subject_review
from wherry.api.field import FieldError

EITHER = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
LABEL = {"labelSelector": {"requirements": [{"key": "a b", "operator": "In"}, {"key": "a", "operator": "Like"}]}}
BAD_KEY = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
R = "spec.resourceAttributes."
VALUES = "Required value: must be specified when `operator` is 'In' or 'NotIn'"
NO_VALUES = "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
NEITHER = f"Required value: when {R}fieldSelector is specified, requirements or rawSelector is required"
TWICE = "may not specified at the same time as requirements"


def _review(metadata: Obj | None = None, **spec: Any) -> Obj:
    return {"metadata": metadata or {}, "spec": spec}


@pytest.mark.parametrize(
    ("validate", "review", "faults"),
    [
        (validate_self_review, _review(resourceAttributes={}), []),
        (validate_self_review, _review(), [f"spec.resourceAttributes: Invalid value: null: {EITHER}"]),
        (
            validate_self_review,
            _review({"name": "x"}, resourceAttributes={}, nonResourceAttributes={}),
            [
                (
                    "spec.nonResourceAttributes: Invalid value: {}: "
                    "cannot be specified in combination with resourceAttributes"
                ),
                'metadata: Invalid value: {"name":"x"}: must be empty',
            ],
        ),
        (
            validate_subject_review,
            _review(resourceAttributes={}),
            ['spec.user: Invalid value: "": at least one of user or group must be specified'],
        ),
        (
            validate_subject_review,
            _review(user="u", resourceAttributes=LABEL),
            [
                f"{R}labelSelector.requirements[0].values: {VALUES}",
                f'{R}labelSelector.requirements[0].key: Invalid value: "a b": {BAD_KEY}',
            ],
        ),
        (
            validate_subject_review,
            _review(groups=["g"], resourceAttributes={"fieldSelector": {}}),
            [f"{R}fieldSelector.requirements: {NEITHER}"],
        ),
        (
            validate_subject_review,
            _review(
                groups=["g"],
                resourceAttributes={
                    "fieldSelector": {
                        "rawSelector": "a=b",
                        "requirements": [{"operator": "In"}, {"key": "a", "operator": "Exists", "values": ["x"]}],
                    }
                },
            ),
            [
                f'{R}fieldSelector.rawSelector: Invalid value: "a=b": {TWICE}',
                f"{R}fieldSelector.requirements[0].key: Required value: must be specified",
                f"{R}fieldSelector.requirements[0].values: {VALUES}",
                f"{R}fieldSelector.requirements[1].values: {NO_VALUES}",
            ],
        ),
        (validate_local_review, _review({"namespace": "n"}, user="u", resourceAttributes={"namespace": "n"}), []),
        (
            validate_local_review,
            _review({"namespace": "n", "name": "x"}, user="u", nonResourceAttributes={"path": "/"}),
            [
                'metadata: Invalid value: {"name":"x"}: must be empty except for namespace',
                'spec.nonResourceAttributes: Invalid value: {"path":"/"}: disallowed on this kind of request',
            ],
        ),
        (
            validate_local_review,
            _review({"namespace": "n"}, user="u", resourceAttributes={"namespace": "m"}),
            ['spec.resourceAttributes.namespace: Invalid value: "m": must match metadata.namespace'],
        ),
    ],
)
def test_rules(validate: Callable[[Obj], list[FieldError]], review: Obj, faults: list[str]) -> None:
    assert [str(fault) for fault in validate(review)] == faults

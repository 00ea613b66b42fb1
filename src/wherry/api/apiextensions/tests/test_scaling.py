from __future__ import annotations

import pytest

from wherry.api import Obj
from wherry.api.apiextensions.scaling import scale_faults, scale_of

SCALE = scale_of({"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n", "labelSelectorPath": ".status.s"})


@pytest.mark.parametrize(
    ("obj", "faults"),
    [
        ({}, []),
        ({"spec": {"n": 0}, "status": {"n": 2147483647, "s": "a=b"}}, []),
        ({"spec": {"n": -1}}, [".spec.n: Invalid value: -1: should be a non-negative integer"]),
        (
            {"status": {"n": 2147483648}},
            [".status.n: Invalid value: 2147483648: should be less than or equal to 2147483647"],
        ),
        (
            {"spec": {"n": "x"}},
            [".spec.n: Invalid value: 0: .spec.n accessor error: x is of the type string, expected int64"],
        ),
        (
            {"status": {"s": {"a": "b"}}},
            [
                (
                    '.status.s: Invalid value: "": .status.s accessor error: map[a:b] is of the type '
                    "map[string]interface {}, expected string"
                )
            ],
        ),
        (
            {"spec": "x"},
            [
                (
                    ".spec.n: Invalid value: 0: .spec.n accessor error: x is of the type string, "
                    "expected map[string]interface{}"
                )
            ],
        ),
    ],
)
def test_faults(obj: Obj, faults: list[str]) -> None:
    assert SCALE is not None
    assert [str(fault) for fault in scale_faults(SCALE, obj)] == faults


def test_no_scale() -> None:
    assert scale_of(None) is None

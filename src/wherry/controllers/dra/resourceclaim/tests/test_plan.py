"""Names of claims, who holds them, and when one goes."""

from __future__ import annotations

import pytest

from wherry.controllers.dra.resourceclaim.plan import generate_name


@pytest.mark.parametrize(
    ("pod", "claim", "expected"),
    [
        ("web", "gpu", "web-gpu-"),
        ("p" * 30, "c" * 25, "p" * 30 + "-" + "c" * 25 + "-"),
        ("p" * 60, "c" * 40, "p" * 33 + "-" + "c" * 22),
        ("p" * 253, "c", "p" * 56 + "-"),
    ],
    ids=["short", "just fits", "both are shortened", "one is shortened away"],
)
def test_names(pod: str, claim: str, expected: str) -> None:
    assert generate_name(pod, claim) == expected

"""Names with a domain before them."""

from __future__ import annotations

import pytest

from wherry.api.meta.domainpath import validate_domain_prefixed_path

WHOLE = 'must be a domain-prefixed path (such as "acme.io/foo")'


@pytest.mark.parametrize("value", ["example.com/x", "a/b/c", "example.com/A~%!"])
def test_good_ones(value: str) -> None:
    assert validate_domain_prefixed_path(value, "spec.managedBy") == []


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        ("", ["f: Required value"]),
        ("example.com", [f'f: Invalid value: "example.com": {WHOLE}']),
        ("/x", [f'f: Invalid value: "/x": {WHOLE}']),
        ("a/", [f'f: Invalid value: "a/": {WHOLE}']),
        (
            "a/b c",
            [
                (
                    'f: Invalid value: "b c": Invalid path (regex used for validation is '
                    "'[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"
                )
            ],
        ),
    ],
)
def test_others(value: str, faults: list[str]) -> None:
    assert [str(fault) for fault in validate_domain_prefixed_path(value, "f")] == faults

"""Names of signers."""

from __future__ import annotations

import pytest

from wherry.api.certificates.signername import validate_signer_name
from wherry.api.certificates.tests.making import texts

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        ("", ["p: Required value"]),
        ("example.com/a.b", []),
        ("example.com", ["must be a fully qualified domain and path of the form 'example.com/signer-name'"]),
        ("example/a", ["should be a domain with at least two segments separated by dots"]),
        ("Ex.com/a", [f'validating label "Ex": {LABEL}']),
    ],
)
def test_signer_names(name: str, faults: list[str]) -> None:
    found = texts(validate_signer_name(name, "p"))
    assert len(found) == len(faults)
    assert all(text.endswith(fault) for text, fault in zip(found, faults, strict=True))

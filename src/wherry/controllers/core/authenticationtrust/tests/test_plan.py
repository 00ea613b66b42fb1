"""Nothing that is trusted is forgotten before its time."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from wherry.controllers.core.authenticationtrust.plan import CLIENTS, PROXIES, combined
from wherry.identity.certificates import make_authority

NOW = 1_700_000_000.0
HOUR = 3600.0


def _authority(begun: float = NOW) -> str:
    return make_authority("ca", begun, HOUR).certificate.public_bytes(Encoding.PEM).decode()


ONE, OTHER, OVER = _authority(), _authority(), _authority(NOW - HOUR - 301)
NAMES = "requestheader-allowed-names"


@pytest.mark.parametrize(
    ("present", "wanted", "data"),
    [
        ({}, {CLIENTS: ONE}, {CLIENTS: ONE}),
        ({CLIENTS: ONE}, {CLIENTS: ONE}, {CLIENTS: ONE}),
        ({CLIENTS: ONE}, {CLIENTS: OTHER}, {CLIENTS: ONE + OTHER}),
        ({CLIENTS: OVER + ONE}, {CLIENTS: OTHER}, {CLIENTS: ONE + OTHER}),
        ({CLIENTS: "nonsense", "more": "x", NAMES: '["a"]'}, {CLIENTS: ONE}, {CLIENTS: ONE}),
        ({}, {}, {}),
    ],
    ids=["new", "there", "another", "over", "dropped", "nothing"],
)
def test_clients(present: dict[str, str], wanted: dict[str, str], data: dict[str, str]) -> None:
    assert combined(present, wanted, NOW) == data


def test_proxies_are_trusted_by_their_authority_and_name() -> None:
    data = combined({PROXIES: ONE, NAMES: '["a","b"]'}, {PROXIES: OTHER, NAMES: '["b", "c"]'}, NOW)
    assert data.pop(PROXIES) == ONE + OTHER
    assert data.pop(NAMES) == '["a","b","c"]'
    assert data == {f"requestheader-{name}": "[]" for name in (
        "extra-headers-prefix", "group-headers", "uid-headers", "username-headers")}  # fmt: skip


def test_what_is_no_list() -> None:
    with pytest.raises(ValueError):
        combined({NAMES: "front"}, {CLIENTS: ONE}, NOW)

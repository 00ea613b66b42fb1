"""Claims of every sort of token, there and back."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from wherry.identity.tokens import (
    BootstrapToken,
    Reference,
    ServiceAccountToken,
    format_claims,
    format_legacy_claims,
    make_bootstrap_token,
    parse_bootstrap_token,
    parse_claims,
    parse_service_account_user,
)

TOKEN = ServiceAccountToken(
    namespace="ns",
    account=Reference("sa", "u1"),
    pod=Reference("p", "u2"),
    node=Reference("n", "u3"),
    audiences=("https://api",),
    issuer="https://api",
    issued_at=100.0,
    not_before=100.0,
    expires_at=3700.0,
    token_id="j",
)


@pytest.mark.parametrize(
    "token",
    [
        TOKEN,
        replace(TOKEN, pod=None, node=None),
        replace(TOKEN, pod=None, secret=Reference("s", "u4")),
        replace(TOKEN, audiences=()),
    ],
    ids=["pod and node", "account alone", "secret", "no audience"],
)
def test_bound_claims_come_back(token: ServiceAccountToken) -> None:
    assert parse_claims(format_claims(token)) == token


def test_legacy_claims_come_back() -> None:
    token = parse_claims(format_legacy_claims("ns", Reference("sa", "u1"), "s"))
    assert token.is_legacy and token.secret == Reference("s", "")
    assert token.user_name == "system:serviceaccount:ns:sa"
    assert token.expires_at == 0


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"iss": "kubernetes/serviceaccount"},
        {**format_claims(TOKEN), "sub": "system:serviceaccount:ns:other"},
        {**format_claims(TOKEN), "kubernetes.io": None},
        {**format_claims(TOKEN), "kubernetes.io": {"namespace": "ns", "serviceaccount": "sa"}},
        {key: value for key, value in format_claims(TOKEN).items() if key != "exp"},
    ],
    ids=["nothing", "empty legacy", "other subject", "no account", "account as text", "no end"],
)
def test_foreign_claims_are_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        parse_claims(claims)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("system:serviceaccount:ns:sa", ("ns", "sa")),
        ("system:serviceaccount:ns", None),
        ("system:serviceaccount:ns:", None),
        ("system:serviceaccount:a:b:c", None),
        ("alice", None),
    ],
)
def test_service_account_users(user: str, expected: tuple[str, str] | None) -> None:
    assert parse_service_account_user(user) == expected


@pytest.mark.parametrize("text", ["", "abcdef", "abcdef.0123", "ABCDEF.0123456789abcdef", "abcdef.0123456789abcdef\n"])
def test_malformed_bootstrap_tokens(text: str) -> None:
    assert parse_bootstrap_token(text) is None


def test_bootstrap_tokens_come_back_and_hide_their_secret() -> None:
    token = make_bootstrap_token(Random(7))
    assert parse_bootstrap_token(str(token)) == token
    assert token.secret not in repr(token)
    assert isinstance(token, BootstrapToken)

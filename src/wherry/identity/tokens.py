"""What tokens claim: of service accounts, bound or from a Secret, and of nodes that want to join.

A bound token belongs to its service account and, if it names one, to a Pod, Secret or Node; it dies with either. A
legacy token stands in a Secret and has no end of its own. A bootstrap token is no signed token at all but an id and a
secret, whose other half is a Secret in `kube-system`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Any

from msgspec import Struct

Claims = dict[str, Any]

LEGACY_ISSUER = "kubernetes/serviceaccount"
SERVICE_ACCOUNT_PREFIX = "system:serviceaccount:"
SERVICE_ACCOUNTS = "system:serviceaccounts"
_PRIVATE = "kubernetes.io"
_LEGACY = "kubernetes.io/serviceaccount/"
_BOOTSTRAP = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class BadToken(Exception):
    """The token is malformed, or no key of ours signed it."""


class Reference(Struct, frozen=True):
    """An object by name and identity."""

    name: str
    uid: str


class ServiceAccountToken(Struct, frozen=True):
    """What a service account's token says, whichever way it was written down."""

    namespace: str
    account: Reference
    pod: Reference | None = None
    node: Reference | None = None
    secret: Reference | None = None
    audiences: tuple[str, ...] = ()
    issuer: str = ""
    issued_at: float = 0.0
    not_before: float = 0.0
    expires_at: float = 0.0
    """0 for a legacy token, which never ends."""
    token_id: str = ""

    @property
    def is_legacy(self) -> bool:
        return self.issuer == LEGACY_ISSUER

    @property
    def user_name(self) -> str:
        return service_account_user(self.namespace, self.account.name)


class BootstrapToken(Struct, frozen=True):
    """`abcdef.0123456789abcdef`: the part before the point names the Secret, the part behind it is the password."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"BootstrapToken({self.id})"

    def __str__(self) -> str:
        return f"{self.id}.{self.secret}"


def service_account_user(namespace: str, name: str) -> str:
    return f"{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}"


def service_account_groups(namespace: str) -> tuple[str, str]:
    return SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}"


def parse_service_account_user(user: str) -> tuple[str, str] | None:
    """(namespace, name) of a service account's user name; None for any other user."""
    if not user.startswith(SERVICE_ACCOUNT_PREFIX):
        return None
    namespace, _, name = user[len(SERVICE_ACCOUNT_PREFIX) :].partition(":")
    return (namespace, name) if namespace and name and ":" not in name else None


def parse_bootstrap_token(text: str) -> BootstrapToken | None:
    match = _BOOTSTRAP.fullmatch(text)
    return BootstrapToken(match[1], match[2]) if match else None


def make_bootstrap_token(random: Random) -> BootstrapToken:
    """`random` must be a source fit for secrets (`random.SystemRandom`)."""
    return BootstrapToken(
        "".join(random.choice(_ALPHABET) for _ in range(6)), "".join(random.choice(_ALPHABET) for _ in range(16))
    )


def format_claims(token: ServiceAccountToken) -> Claims:
    """The claims of a bound token."""
    private: Claims = {"namespace": token.namespace}
    for kind in ("node", "pod", "secret"):
        reference: Reference | None = getattr(token, kind)
        if reference is not None:
            private[kind] = {"name": reference.name, "uid": reference.uid}
    private["serviceaccount"] = {"name": token.account.name, "uid": token.account.uid}
    return {
        "aud": list(token.audiences),
        "exp": int(token.expires_at),
        "iat": int(token.issued_at),
        "iss": token.issuer,
        "jti": token.token_id,
        _PRIVATE: private,
        "nbf": int(token.not_before),
        "sub": token.user_name,
    }


def parse_claims(claims: Claims) -> ServiceAccountToken:
    """Raises ValueError when the claims are not those of a service account's token."""
    try:
        token = _parse_legacy(claims) if claims.get("iss") == LEGACY_ISSUER else _parse_bound(claims)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a service account's token") from error
    if claims.get("sub") != token.user_name:
        raise ValueError("its subject is not the account it names")
    return token


def _parse_bound(claims: Claims) -> ServiceAccountToken:
    private = claims[_PRIVATE]
    return ServiceAccountToken(
        namespace=private["namespace"],
        account=Reference(private["serviceaccount"]["name"], private["serviceaccount"]["uid"]),
        pod=_reference(private.get("pod")),
        node=_reference(private.get("node")),
        secret=_reference(private.get("secret")),
        audiences=_audiences(claims.get("aud")),
        issuer=claims["iss"],
        issued_at=float(claims.get("iat", 0)),
        not_before=float(claims.get("nbf", 0)),
        expires_at=float(claims["exp"]),
        token_id=claims.get("jti", ""),
    )


def _parse_legacy(claims: Claims) -> ServiceAccountToken:
    return ServiceAccountToken(
        namespace=claims[_LEGACY + "namespace"],
        account=Reference(claims[_LEGACY + "service-account.name"], claims[_LEGACY + "service-account.uid"]),
        secret=Reference(claims[_LEGACY + "secret.name"], ""),
        issuer=LEGACY_ISSUER,
    )


def format_legacy_claims(namespace: str, account: Reference, secret_name: str) -> Claims:
    """The claims of the token that stands in a Secret of type `kubernetes.io/service-account-token`."""
    return {
        "iss": LEGACY_ISSUER,
        _LEGACY + "namespace": namespace,
        _LEGACY + "secret.name": secret_name,
        _LEGACY + "service-account.name": account.name,
        _LEGACY + "service-account.uid": account.uid,
        "sub": service_account_user(namespace, account.name),
    }


def _reference(value: Any) -> Reference | None:
    return Reference(value["name"], value.get("uid", "")) if value else None


def _audiences(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)

"""Who a client certificate says its holder is.

TLS has verified the certificate's chain, its dates and that it is meant for clients before the first request arrives.
It is read once for each connection; only its end has to be looked at again, since connections live for days.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct

from wherry.apiserver.attributes import AUTHENTICATED, User
from wherry.identity.der import read_certificate

CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"


class Identity(Struct, frozen=True):
    """What is remembered of a connection. `user` is None when the certificate names nobody."""

    user: User | None
    not_after: float


def identify(certificate: bytes) -> Identity:
    """Read a verified certificate (DER)."""
    try:
        info = read_certificate(certificate)
    except ValueError:
        return Identity(None, 0.0)
    if not info.common_name:
        return Identity(None, info.not_after)
    fingerprint = hashlib.sha256(certificate).hexdigest()
    user = User(
        name=info.common_name,
        groups=(*info.organizations, AUTHENTICATED),
        extra={CREDENTIAL_ID: (f"X509SHA256={fingerprint}",)},
    )
    return Identity(user, info.not_after)

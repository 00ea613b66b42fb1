"""Bootstrap tokens: a node that holds one may ask for its certificate, and for nothing else.

The other half of a token `id.secret` is the Secret `bootstrap-token-<id>` in `kube-system`.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from binascii import Error as Base64Error

from wherry.api import Obj
from wherry.api.core.secret import SECRETS
from wherry.apiserver.attributes import AUTHENTICATED, Reader, User
from wherry.apiserver.authn.serviceaccounts import Dependency, Verified
from wherry.identity.tokens import BadToken, BootstrapToken
from wherry.lib.clock import format_time, parse_time

NAMESPACE = "kube-system"
SECRET_TYPE = "bootstrap.kubernetes.io/token"  # noqa: S105 - the name of a type
USER_PREFIX = "system:bootstrap:"
BOOTSTRAPPERS = "system:bootstrappers"
_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")


def secret_name(token_id: str) -> str:
    return f"bootstrap-token-{token_id}"


def format_secret(token: BootstrapToken, expires_at: float | None, groups: tuple[str, ...], description: str) -> Obj:
    """The Secret that makes a token valid, for authentication only; None never expires."""
    data = {
        "token-id": token.id,
        "token-secret": token.secret,
        "usage-bootstrap-authentication": "true",
        "auth-extra-groups": ",".join(groups),
        "description": description,
    }
    if expires_at is not None:
        data["expiration"] = format_time(expires_at)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": secret_name(token.id), "namespace": NAMESPACE},
        "type": SECRET_TYPE,
        "stringData": {key: value for key, value in data.items() if value},
    }


def verify_bootstrap_token(token: BootstrapToken, reader: Reader, now: float) -> Verified:
    """Raises BadToken; the reason never tells whether the id or the secret was wrong."""
    item = reader.get(SECRETS, NAMESPACE, secret_name(token.id))
    secret = item.decode() if item else None
    if secret is None or secret.get("type") != SECRET_TYPE or secret["metadata"].get("deletionTimestamp"):
        raise BadToken("invalid bearer token")
    if not hmac.compare_digest(_text(secret, "token-secret").encode(), token.secret.encode()):
        raise BadToken("invalid bearer token")
    if _text(secret, "token-id") != token.id or _text(secret, "usage-bootstrap-authentication") != "true":
        raise BadToken("invalid bearer token")
    expires_at = _expiration(secret)
    if now >= expires_at:
        raise BadToken("bootstrap token has expired")
    user = User(USER_PREFIX + token.id, (BOOTSTRAPPERS, *_groups(secret), AUTHENTICATED))
    return Verified(user, (), expires_at, (Dependency(SECRETS, NAMESPACE, secret_name(token.id)),))


def _expiration(secret: Obj) -> float:
    text = _text(secret, "expiration")
    if not text:
        return float("inf")
    try:
        return parse_time(text)
    except ValueError:
        return 0.0


def _groups(secret: Obj) -> list[str]:
    names = [name for name in _text(secret, "auth-extra-groups").split(",") if name]
    if any(not _GROUP.fullmatch(name) for name in names):
        raise BadToken("invalid bearer token")
    return sorted(set(names))


def _text(secret: Obj, key: str) -> str:
    try:
        return b64decode((secret.get("data") or {}).get(key) or "").decode("utf-8")
    except (Base64Error, UnicodeDecodeError):
        return ""

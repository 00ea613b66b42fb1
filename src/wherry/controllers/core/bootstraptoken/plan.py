"""What the Secret of a bootstrap token says, and a signature by which its holder knows a message as genuine. Pure."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping

from wherry.api.types.core_v1 import Secret
from wherry.lib.clock import parse_time

NAMESPACE = "kube-system"
TYPE = "bootstrap.kubernetes.io/token"
PREFIX = "bootstrap-token-"
SIGNATURE = "jws-kubeconfig-"
"""What keys of the ConfigMap begin with; the token's id follows."""
KUBECONFIG = "kubeconfig"
NEVER = float("inf")


def expires(secret: Secret) -> float:
    """When a token's time is over; at once where nobody can read when."""
    text = _text(secret, "expiration")
    if not text:
        return NEVER
    try:
        return parse_time(text)
    except ValueError:
        return 0.0


def signing_token(secret: Secret, now: float) -> tuple[str, str] | None:
    """Id and secret of a token that is for signing; None for all others."""
    token_id, token_secret = _text(secret, "token-id"), _text(secret, "token-secret")
    is_usable = (
        secret.type == TYPE
        and secret.metadata.deletion_timestamp is None
        and bool(token_id and token_secret)
        and secret.metadata.name == PREFIX + token_id
        and _text(secret, "usage-bootstrap-signing") == "true"
        and expires(secret) > now
    )
    return (token_id, token_secret) if is_usable else None


def signatures(data: Mapping[str, str], secrets: Iterable[Secret], now: float) -> dict[str, str | None]:
    """The merge patch of a ConfigMap's data after which exactly the tokens that may have signed its kubeconfig."""
    content = data.get(KUBECONFIG, "")
    tokens = [token for secret in secrets if (token := signing_token(secret, now)) is not None] if content else []
    wanted = {SIGNATURE + token_id: sign(content, token_id, secret) for token_id, secret in sorted(tokens)}
    gone = {key: None for key in data if key.startswith(SIGNATURE) and key not in wanted}
    return {**gone, **{key: value for key, value in wanted.items() if data.get(key) != value}}


def sign(content: str, token_id: str, token_secret: str) -> str:
    """A signature without its content (RFC 7515, appendix F) by HMAC with SHA-256."""
    head = _part(b'{"alg":"HS256","kid":"%b"}' % token_id.encode())
    signed = f"{head}.{_part(content.encode())}"
    return f"{head}..{_part(hmac.digest(token_secret.encode(), signed.encode(), hashlib.sha256))}"


def _part(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _text(secret: Secret, key: str) -> str:
    return secret.data.get(key, b"").decode("utf-8", "replace")

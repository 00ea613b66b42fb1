"""`wherry token`: join tokens of the cluster on this machine, made, listed and withdrawn.

What a token is as a string stands in `jointoken.py`.
"""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from wherry.identity.tokens import make_bootstrap_token
from wherry.lib.failure import Failure
from wherry.roles.jointoken import JoinToken, format_join_token, token_id
from wherry.roles.paths import Paths
from wherry.roles.probe import Probe
from wherry.roles.settings import primary_address
from wherry.roles.status import read_port

COLUMNS = ("token", "expires", "description")
_SECRETS = "/api/v1/namespaces/kube-system/secrets"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_GROUP = "system:bootstrappers:kubeadm:default-node-token"


def create(paths: Paths, lifetime_hours: float, description: str, server: str = "") -> str:
    """Make a token in the running cluster; returns the join string."""
    if lifetime_hours < 0:
        raise Failure("a token cannot end before it begins", "give --hours a positive number, or 0 for ever")
    probe = _probe(paths)
    token = make_bootstrap_token(random.SystemRandom())
    data = {
        "token-id": token.id,
        "token-secret": token.secret,
        "usage-bootstrap-authentication": "true",
        "auth-extra-groups": _GROUP,
        "description": description,
    }
    if lifetime_hours:
        data["expiration"] = (datetime.now(UTC) + timedelta(hours=lifetime_hours)).strftime(_TIME)
    probe.send(
        "POST",
        _SECRETS,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"bootstrap-token-{token.id}"},
            "type": "bootstrap.kubernetes.io/token",
            "stringData": data,
        },
    )
    url = server or f"https://{primary_address()}:{probe.port}"
    return format_join_token(JoinToken(url, str(token), probe.authority.read_text("ascii")))


def list_tokens(paths: Paths) -> list[dict[str, Any]]:
    """The tokens there are, their secrets left out."""
    found = _probe(paths).send("GET", _SECRETS + "?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken")
    now = datetime.now(UTC).strftime(_TIME)
    return [_row(secret, now) for secret in found["items"]]


def delete(paths: Paths, token: str) -> str:
    """Withdraw a token, named by its id or whole; returns the id. Who has joined with it stays. Raises Failure."""
    probe, name = _probe(paths), token_id(token)
    path = f"{_SECRETS}/bootstrap-token-{quote(name, safe='')}"
    if probe.get(path) is None:
        raise Failure(f"there is no join token {name!r}", "see which there are with `wherry token list`")
    probe.send("DELETE", path)
    return name


def _row(secret: Any, now: str) -> dict[str, Any]:
    expires = _field(secret, "expiration")
    is_over = bool(expires) and expires <= now
    return {
        "token": _field(secret, "token-id"),
        "expires": f"{expires} (over)" if is_over else expires or "never",
        "description": _field(secret, "description"),
    }


def _probe(paths: Paths) -> Probe:
    probe = Probe.of(paths, read_port(paths))
    if not probe.is_ready():
        raise Failure("the API server does not run on this machine", "start it with `wherry up`")
    return probe


def _field(secret: Any, name: str) -> str:
    return base64.b64decode((secret.get("data") or {}).get(name) or "").decode()

"""Join tokens: what another machine needs to become a node of this cluster, in one string.

The string carries the server's address, a bootstrap token (KEP-130: a Secret of type `bootstrap.kubernetes.io/token`
in `kube-system`) and the cluster's authority, so that the joining machine trusts nothing it has not been told.
"""

from __future__ import annotations

import base64
import binascii
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from wherry.identity.tokens import make_bootstrap_token
from wherry.lib.failure import Failure
from wherry.roles.paths import Paths
from wherry.roles.probe import Probe
from wherry.roles.settings import primary_address
from wherry.roles.status import read_port

COLUMNS = ("token", "expires", "description")
_PREFIX = "wherry-join."
_SECRETS = "/api/v1/namespaces/kube-system/secrets"
_GROUP = "system:bootstrappers:kubeadm:default-node-token"


@dataclass(frozen=True, slots=True)
class JoinToken:
    """What a join string says."""

    server: str
    token: str
    authority: str
    """PEM."""

    def __repr__(self) -> str:
        return f"<JoinToken for {self.server}>"


def format_join_token(join: JoinToken) -> str:
    facts = {"server": join.server, "token": join.token, "ca": join.authority}
    return _PREFIX + base64.urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode().rstrip("=")


def parse_join_token(text: str) -> JoinToken:
    """The inverse of `format_join_token`; raises Failure."""
    try:
        body = text.strip().removeprefix(_PREFIX)
        facts = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return JoinToken(str(facts["server"]), str(facts["token"]), str(facts["ca"]))
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise Failure("this is not a join token", "make one with `wherry token create` on the server") from None


def create(paths: Paths, lifetime_hours: float, description: str, server: str = "") -> str:
    """Make a token in the running cluster; returns the join string."""
    probe = _probe(paths)
    token = str(make_bootstrap_token(random.SystemRandom()))
    token_id, _, secret = token.partition(".")
    data = {
        "token-id": token_id,
        "token-secret": secret,
        "usage-bootstrap-authentication": "true",
        "auth-extra-groups": _GROUP,
        "description": description,
    }
    if lifetime_hours:
        data["expiration"] = (datetime.now(UTC) + timedelta(hours=lifetime_hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    probe.send(
        "POST",
        _SECRETS,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"bootstrap-token-{token_id}"},
            "type": "bootstrap.kubernetes.io/token",
            "stringData": data,
        },
    )
    url = server or f"https://{primary_address()}:{probe.port}"
    return format_join_token(JoinToken(url, token, probe.authority.read_text("ascii")))


def list_tokens(paths: Paths) -> list[dict[str, Any]]:
    """The tokens there are, their secrets left out."""
    found = _probe(paths).send("GET", _SECRETS + "?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken")
    return [
        {
            "token": _field(secret, "token-id"),
            "expires": _field(secret, "expiration") or "never",
            "description": _field(secret, "description"),
        }
        for secret in found["items"]
    ]


def delete(paths: Paths, token_id: str) -> None:
    _probe(paths).send("DELETE", f"{_SECRETS}/bootstrap-token-{token_id.partition('.')[0]}")


def _probe(paths: Paths) -> Probe:
    probe = Probe.of(paths, read_port(paths))
    if not probe.is_ready():
        raise Failure("the API server does not run on this machine", "start it with `wherry up`")
    return probe


def _field(secret: Any, name: str) -> str:
    return base64.b64decode((secret.get("data") or {}).get(name) or "").decode()

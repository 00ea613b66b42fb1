"""Join tokens as strings: what another machine needs to become a node of this cluster, in one word.

The string carries the server's address, a bootstrap token (KEP-130: a Secret of type `bootstrap.kubernetes.io/token`
in `kube-system`) and the cluster's authority, so that the joining machine trusts nothing it has not been told.
"""

from __future__ import annotations

import base64
import binascii
import json

from wherry.lib.discreet import Discreet
from wherry.lib.failure import Failure

_PREFIX = "wherry-join."


class JoinToken(Discreet, frozen=True):
    """What a join string says."""

    UNSHOWN = frozenset({"token"})

    server: str
    token: str
    authority: str
    """PEM."""

    @property
    def id(self) -> str:
        """The part of the token that may be shown."""
        return self.token.partition(".")[0]

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


def token_id(text: str) -> str:
    """The id of a token, of which somebody has the id, the whole, or the join string."""
    return parse_join_token(text).id if text.strip().startswith(_PREFIX) else text.strip().partition(".")[0]

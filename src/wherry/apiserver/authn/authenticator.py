"""Asks each way of proving an identity in turn, and remembers the answer.

A certificate is read once for each connection. A verified token is kept, together with what it depends on: a change of
its account, pod, secret or node drops it, so the next request verifies it again, and its end is part of the entry. A
request with a known token costs one look-up.
"""

from __future__ import annotations

import logging
from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Mapping

from msgspec import Struct

from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.secret import SECRETS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.errors import Unauthorized
from wherry.api.resource import Resource
from wherry.apiserver.attributes import ANONYMOUS, UNAUTHENTICATED, Observer, Reader, User
from wherry.apiserver.authn.bootstraptokens import verify_bootstrap_token
from wherry.apiserver.authn.serviceaccounts import Dependency, ServiceAccountTokens, Verified
from wherry.apiserver.authn.x509 import identify
from wherry.identity.tokens import BadToken, parse_bootstrap_token
from wherry.lib.clock import Clock
from wherry.transport.messages import Request
from wherry.watchcache.item import Item

log = logging.getLogger(__name__)

ANONYMOUS_PATHS = frozenset({"/healthz", "/livez", "/readyz", "/version", "/version/"})
_ANONYMOUS_USER = User(ANONYMOUS, (UNAUTHENTICATED,))
_CAPACITY = 4096
_WEBSOCKET_PREFIX = "base64url.bearer.authorization.k8s.io."


class _Known(Struct, frozen=True):
    user: User
    expires_at: float


class Authenticator:
    """Tells of a request whom it comes from. `static` maps bearer tokens to users: for clusters in memory."""

    __slots__ = ("_by_dependency", "_clock", "_reader", "_static", "_tokens", "_verified")

    def __init__(
        self, reader: Reader, tokens: ServiceAccountTokens, clock: Clock, static: Mapping[str, User] | None = None
    ) -> None:
        self._reader = reader
        self._tokens = tokens
        self._clock = clock
        self._static = {f"Bearer {token}": _Known(user, float("inf")) for token, user in (static or {}).items()}
        self._verified: OrderedDict[str, _Known] = OrderedDict()
        self._by_dependency: dict[Dependency, set[str]] = {}
        for resource in (SERVICEACCOUNTS, PODS, SECRETS, NODES):
            reader.observe(resource, self._forget(resource))

    def authenticate(self, request: Request) -> User:
        """Raises Unauthorized when the request proves nobody and its path is not open to all."""
        peer = request.peer
        identity = peer.identity
        if identity is None and peer.certificate is not None:
            identity = peer.identity = identify(peer.certificate)
        if identity is not None and identity.user is not None:
            if self._clock.time() > identity.not_after:
                raise Unauthorized
            user: User = identity.user
            return user
        header = request.headers.get("authorization") or _websocket_bearer(request.headers)
        if header:
            return self._bearer(header)
        if request.path in ANONYMOUS_PATHS:
            return _ANONYMOUS_USER
        raise Unauthorized

    def review(self, token: str, audiences: tuple[str, ...]) -> Verified:
        """Verify a token for somebody else (TokenReview); raises BadToken with the reason."""
        if known := self._static.get(f"Bearer {token}"):
            common = tuple(name for name in audiences if name in self._tokens.audiences)
            if audiences and not common:
                raise BadToken("invalid bearer token")
            return Verified(known.user, common, known.expires_at, ())
        now = self._clock.time()
        if bootstrap := parse_bootstrap_token(token):
            return verify_bootstrap_token(bootstrap, self._reader, now)
        return self._tokens.verify(token, now, audiences)

    def _bearer(self, header: str) -> User:
        known = self._verified.get(header)
        if known is not None and self._clock.time() <= known.expires_at:
            self._verified.move_to_end(header)
            return known.user
        if (static := self._static.get(header)) is not None:
            return static.user
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not (token := token.strip()):
            raise Unauthorized
        try:
            verified = self.review(token, ())
        except BadToken as error:
            log.info("a bearer token was refused: %s", error)
            raise Unauthorized from error
        self._remember(header, verified)
        return verified.user

    def _remember(self, header: str, verified: Verified) -> None:
        self._verified[header] = _Known(verified.user, verified.expires_at)
        for dependency in verified.dependencies:
            self._by_dependency.setdefault(dependency, set()).add(header)
        if len(self._verified) > _CAPACITY:
            self._verified.popitem(last=False)
        if len(self._by_dependency) > 4 * _CAPACITY:
            self._verified.clear()
            self._by_dependency.clear()

    def _forget(self, resource: Resource) -> Observer:
        """Drop what depends on an object that changed."""

        def observer(before: Item | None, after: Item | None) -> None:
            item = before or after
            if self._by_dependency and item is not None:
                headers = self._by_dependency.pop(Dependency(resource, item.namespace, item.name), ())
                for header in headers:
                    self._verified.pop(header, None)

        return observer


def _websocket_bearer(headers: Mapping[str, str]) -> str:
    """Browsers cannot set headers on WebSockets; they may offer the token as a subprotocol."""
    offered = headers.get("sec-websocket-protocol")
    if not offered or _WEBSOCKET_PREFIX not in offered:
        return ""
    for protocol in offered.split(","):
        encoded = protocol.strip().removeprefix(_WEBSOCKET_PREFIX)
        if encoded != protocol.strip():
            try:
                return "Bearer " + urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8")
            except ValueError:
                return ""
    return ""

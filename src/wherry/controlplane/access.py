"""The doors of a control plane: who is it, may they, and who answers when that is the question."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wherry.apiserver.access import Access
from wherry.apiserver.attributes import User
from wherry.apiserver.authn.authenticator import Authenticator
from wherry.apiserver.authn.impersonation import impersonate
from wherry.apiserver.authn.serviceaccounts import ServiceAccountTokens
from wherry.apiserver.authn.tokenuses import TokenUses
from wherry.apiserver.authz.chain import Authorization
from wherry.apiserver.core import Core
from wherry.apiserver.reviews import catalog
from wherry.apiserver.reviews.token import Issuer
from wherry.apiserver.subresources import Handlers
from wherry.controlplane.settings import Settings
from wherry.transport.messages import Request, Response


class Doors:
    """Made with the control plane; `fit` once its API has something to look at."""

    __slots__ = ("_authenticator", "_authorization", "_issuer", "_settings")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issuer = Issuer(settings.token_keys, settings.issuer, (settings.issuer,))
        self._authenticator: Authenticator | None = None
        self._authorization: Authorization | None = None

    def access(self, core: Core) -> Access:
        """Certificates, service-account and bootstrap tokens; then superusers, nodes, roles."""
        authenticator, authorization = self._fit(core)
        return Access(authenticator.authenticate, authorization, impersonate)

    def handlers(self, core: Core) -> Handlers:
        """Who answers reviews and makes tokens."""
        return catalog.handlers(*self._fit(core), self._issuer)

    def paths(self) -> Mapping[str, Callable[[Request, User], Response]]:
        """Where others learn how to verify our tokens."""
        return catalog.paths(self._issuer)

    def authorization(self) -> Authorization:
        """For admission that compares rights, which runs only once the API is open."""
        assert self._authorization is not None
        return self._authorization

    def _fit(self, core: Core) -> tuple[Authenticator, Authorization]:
        if self._authenticator is None or self._authorization is None:
            issuers = (self._settings.issuer,)
            uses = TokenUses(core)
            tokens = ServiceAccountTokens(self._settings.token_keys, core.reader, issuers, issuers, uses)
            self._authenticator = Authenticator(core.reader, tokens, core.clock, self._settings.static_tokens)
            self._authorization = Authorization(core.reader)
        return self._authenticator, self._authorization

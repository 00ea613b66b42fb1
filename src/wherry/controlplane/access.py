"""The doors of a control plane: who is it, and may they?"""

from __future__ import annotations

from wherry.apiserver.access import Access
from wherry.apiserver.authn.authenticator import Authenticator
from wherry.apiserver.authn.impersonation import impersonate
from wherry.apiserver.authn.serviceaccounts import ServiceAccountTokens
from wherry.apiserver.authz.chain import Authorization
from wherry.apiserver.core import Core
from wherry.controlplane.settings import Settings


def doors(settings: Settings, core: Core, authorization: Authorization) -> Access:
    """Certificates, service-account and bootstrap tokens; then superusers, nodes, roles."""
    issuers = (settings.issuer,)
    tokens = ServiceAccountTokens(settings.token_keys, core.reader, issuers, issuers)
    authenticator = Authenticator(core.reader, tokens, core.clock, settings.static_tokens)
    return Access(authenticator.authenticate, authorization, impersonate)

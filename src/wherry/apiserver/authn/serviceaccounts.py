"""Verifies service-account tokens: the signature first, then whether everything they are bound to still is.

A token is only as alive as its account, and as the Pod, Secret or Node it names: each must exist with the uid in the
token. For a minute after their deletion began they still count, so that a terminating pod can say goodbye; but not
for the token that stands in a Secret, which is no Pod's own.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Callable

from msgspec import Struct

from wherry.api import Obj
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.secret import SECRETS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.resource import Resource
from wherry.apiserver.attributes import AUTHENTICATED, Reader, User
from wherry.apiserver.authn.x509 import CREDENTIAL_ID
from wherry.identity.keys import TokenKeys
from wherry.identity.legacytokens import DAY_SECONDS, INVALID_SINCE
from wherry.identity.tokens import BadToken, Reference, ServiceAccountToken, parse_claims, service_account_groups
from wherry.lib.clock import format_date, parse_date, parse_time

_LEEWAY_SECONDS = 60.0
"""How far clocks may be apart, and how long deleted objects still vouch for a token."""


POD_NAME = "authentication.kubernetes.io/pod-name"
POD_UID = "authentication.kubernetes.io/pod-uid"
NODE_NAME = "authentication.kubernetes.io/node-name"
NODE_UID = "authentication.kubernetes.io/node-uid"


class Dependency(Struct, frozen=True):
    """An object whose change may end a token's life."""

    resource: Resource
    namespace: str
    name: str


class Verified(Struct, frozen=True):
    """A token that stands now. It must be looked at again at `expires_at` and when a dependency changes."""

    user: User
    audiences: tuple[str, ...]
    expires_at: float
    dependencies: tuple[Dependency, ...]


def _nobody_cares(secret: Obj, now: float) -> None:
    pass


class ServiceAccountTokens:
    """Verifies the tokens of one control plane. The first of `issuers` is the one that it signs as.

    `used` hears of the Secret whose token somebody shows, good or called in, when it is verified; which is at least
    once on each day on which it is shown.
    """

    __slots__ = ("_issuers", "_keys", "_reader", "_used", "audiences")

    def __init__(
        self,
        keys: TokenKeys,
        reader: Reader,
        issuers: tuple[str, ...],
        audiences: tuple[str, ...],
        used: Callable[[Obj, float], None] = _nobody_cares,
    ) -> None:
        self._keys = keys
        self._reader = reader
        self._issuers = issuers
        self._used = used
        self.audiences = audiences

    def verify(self, text: str, now: float, audiences: tuple[str, ...] = ()) -> Verified:
        """`audiences` is whom the token must be meant for, the API itself if empty; raises BadToken with the reason."""
        try:
            token = parse_claims(self._keys.verify(text))
        except ValueError as error:
            raise BadToken(str(error)) from error
        wanted = audiences or self.audiences
        common = wanted if token.is_legacy else tuple(name for name in wanted if name in token.audiences)
        self._check_claims(token, common, now)
        bound = [(SERVICEACCOUNTS, token.namespace, token.account)]
        bound += [(PODS, token.namespace, token.pod)] if token.pod else []
        bound += [(NODES, "", token.node)] if token.node and not token.pod else []
        bound += [(SECRETS, token.namespace, token.secret)] if token.secret else []
        ends = [token.expires_at + _LEEWAY_SECONDS] if token.expires_at else []
        since = float("inf") if token.is_legacy else now - _LEEWAY_SECONDS
        for resource, namespace, reference in bound:
            obj = self._living(resource, namespace, reference, since)
            if resource is SECRETS and token.is_legacy:
                self._check_secret(obj, text, now)
                ends.append(_end_of_day(now))
            if deleted := _deletion_time(obj):
                ends.append(deleted + _LEEWAY_SECONDS)
        return Verified(
            user=_user(token),
            audiences=common,
            expires_at=min(ends, default=float("inf")),
            dependencies=tuple(Dependency(resource, namespace, ref.name) for resource, namespace, ref in bound),
        )

    def _check_claims(self, token: ServiceAccountToken, common: tuple[str, ...], now: float) -> None:
        if token.is_legacy:
            return
        if token.issuer not in self._issuers:
            raise BadToken("its issuer is not this cluster")
        if not common:
            raise BadToken(f"token audiences {list(token.audiences)} is invalid for the target audiences")
        if now > token.expires_at + _LEEWAY_SECONDS:
            raise BadToken("service account token has expired")
        if now < token.not_before - _LEEWAY_SECONDS:
            raise BadToken("service account token is not valid yet")

    def _living(self, resource: Resource, namespace: str, reference: Reference, since: float) -> Obj:
        """The object, unless its deletion began before `since`."""
        item = self._reader.get(resource, namespace, reference.name)
        what = f"{resource.singular} {namespace}/{reference.name}" if namespace else f"node {reference.name}"
        if item is None:
            raise BadToken(f"{what} has been deleted")
        obj = item.decode()
        if reference.uid and obj["metadata"].get("uid") != reference.uid:
            raise BadToken(f"{what} is not the one that the token is bound to")
        if (deleted := _deletion_time(obj)) and since > deleted:
            raise BadToken(f"{what} has been deleted")
        return obj

    def _check_secret(self, secret: Obj, text: str, now: float) -> None:
        metadata = secret["metadata"]
        stored = b64decode((secret.get("data") or {}).get("token") or "")
        if not hmac.compare_digest(stored, text.encode("utf-8")):
            raise BadToken("token does not match server's copy")
        self._used(secret, now)
        if (metadata.get("labels") or {}).get(INVALID_SINCE):
            raise BadToken(
                f"the token in secret {metadata['namespace']}/{metadata['name']} has been marked invalid. Use tokens "
                "from the TokenRequest API or manually created secret-based tokens, or remove the "
                f"'{INVALID_SINCE}' label from the secret to temporarily allow use of this token"
            )


def _end_of_day(now: float) -> float:
    return parse_date(format_date(now)) + DAY_SECONDS


def _deletion_time(obj: Obj) -> float:
    text = obj["metadata"].get("deletionTimestamp")
    return parse_time(text) if text else 0.0


def _user(token: ServiceAccountToken) -> User:
    extra: dict[str, tuple[str, ...]] = {}
    if token.token_id:
        extra[CREDENTIAL_ID] = (f"JTI={token.token_id}",)
    if token.node:
        extra[NODE_NAME], extra[NODE_UID] = (token.node.name,), (token.node.uid,)
    if token.pod:
        extra[POD_NAME], extra[POD_UID] = (token.pod.name,), (token.pod.uid,)
    return User(
        name=token.user_name,
        groups=(*service_account_groups(token.namespace), AUTHENTICATED),
        uid=token.account.uid,
        extra=extra,
    )

"""Service-account tokens for pods: asked for with TokenRequest, bound to the pod, renewed at 80 % of their life.

Shared by nobody: a token names its pod, and dies with it. Renewal also happens after a day, however long the token
lives.
"""

from __future__ import annotations

import random

from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.errors import ApiError
from wherry.api.types.core_v1 import Pod
from wherry.client import Client
from wherry.kubelet.volumes.payload import PayloadError, Token
from wherry.lib.clock import Clock, parse_time
from wherry.lib.discreet import Discreet

_LIFE_SHARE = 0.8
_MAX_AGE = 24 * 3600.0
_JITTER = 10.0
_RETRY = 30.0


class _Held(Discreet, frozen=True):
    UNSHOWN = frozenset({"token"})

    token: str
    renew_at: float
    expires_at: float


class Tokens:
    """The tokens of this node's pods."""

    def __init__(self, client: Client, clock: Clock, chance: random.Random) -> None:
        self._client = client
        self._clock = clock
        self._random = chance
        self._held: dict[tuple[str, Token], _Held] = {}

    async def get(self, pod: Pod, wanted: Token) -> tuple[str, float]:
        """(token, when to come for the next one); raises PayloadError."""
        key = (pod.metadata.uid, wanted)
        held = self._held.get(key)
        now = self._clock.time()
        if held is not None and now < held.renew_at:
            return held.token, held.renew_at
        try:
            held = self._held[key] = await self._request(pod, wanted)
        except (ApiError, OSError) as error:
            if held is not None and now < held.expires_at:
                return held.token, now + _RETRY
            raise PayloadError(f"failed to fetch token: {error}") from error
        return held.token, held.renew_at

    def forget(self, uid: str) -> None:
        for key in [key for key in self._held if key[0] == uid]:
            del self._held[key]

    async def _request(self, pod: Pod, wanted: Token) -> _Held:
        meta = pod.metadata
        account = pod.spec.service_account_name or "default"
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "metadata": {"name": account, "namespace": meta.namespace},
            "spec": {
                "audiences": [wanted.audience] if wanted.audience else [],
                "expirationSeconds": wanted.expiration_seconds,
                "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": meta.name, "uid": meta.uid},
            },
        }
        now = self._clock.time()
        answer = await self._client.create(SERVICEACCOUNTS, request, meta.namespace, name=account, subresource="token")
        expires = parse_time(answer["status"]["expirationTimestamp"])
        life = min((expires - now) * _LIFE_SHARE, _MAX_AGE)
        return _Held(answer["status"]["token"], now + life - self._random.uniform(0, _JITTER), expires)

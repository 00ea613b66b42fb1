"""An API server in memory with doors and admission, for tests of identity and rights."""

from __future__ import annotations

import random
from collections.abc import Awaitable
from typing import Any

import msgspec

from wherry.apiserver.access import Access
from wherry.apiserver.admission.chain import mutating, validating
from wherry.apiserver.api import Api, Settings
from wherry.apiserver.attributes import User
from wherry.apiserver.authn.authenticator import Authenticator
from wherry.apiserver.authn.impersonation import impersonate
from wherry.apiserver.authn.serviceaccounts import ServiceAccountTokens
from wherry.apiserver.authn.tokenuses import TokenUses
from wherry.apiserver.authz.bootstrap import default_objects
from wherry.apiserver.authz.chain import Authorization
from wherry.apiserver.core import Core
from wherry.apiserver.ids import Ids
from wherry.apiserver.reviews.catalog import handlers, paths
from wherry.apiserver.reviews.token import Issuer
from wherry.apiserver.subresources import Handlers
from wherry.identity.keys import TokenKeys, fresh_key
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.testing.faults import Faults
from wherry.transport.messages import Peer, Request, Response

ROOT = User("root", ("system:masters", "system:authenticated"))
ALICE = User("alice", ("system:authenticated",))
NODE = User("system:node:n1", ("system:nodes", "system:authenticated"))
KEYS = TokenKeys(fresh_key)


class World:
    """An API with users `root`, `alice` and `node` by static tokens."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.faults = Faults(self.clock)
        url = "https://kubernetes.default.svc"
        self.issuer = Issuer(KEYS, url, (url,))
        self.made: dict[int, tuple[Authenticator, Authorization]] = {}
        self.api = Api(
            Settings(
                store=MemoryStore(),
                clock=self.clock,
                random=random.Random(7),
                access=self._access,
                gate=self.faults,
                mutating=mutating(Ids(random.Random(8)).suffix),
                validating=validating(self.clock.time, lambda: self.authorization),
                handlers=self._handlers,
                paths=paths(self.issuer),
                objects=lambda: (obj for _, obj in default_objects()),
            )
        )

    def _parts(self, core: Core) -> tuple[Authenticator, Authorization]:
        if id(core) not in self.made:
            audiences = self.issuer.audiences
            tokens = ServiceAccountTokens(KEYS, core.reader, (self.issuer.url,), audiences, TokenUses(core))
            static = {"root": ROOT, "alice": ALICE, "node": NODE}
            self.made[id(core)] = Authenticator(core.reader, tokens, self.clock, static), Authorization(core.reader)
        return self.made[id(core)]

    @property
    def authorization(self) -> Authorization:
        return self._parts(self.api.core)[1]

    def _access(self, core: Core) -> Access:
        authenticator, authorization = self._parts(core)
        return Access(authenticator.authenticate, authorization, impersonate)

    def _handlers(self, core: Core) -> Handlers:
        return handlers(*self._parts(core), self.issuer)

    async def ask(
        self, method: str, path: str, body: Any = None, user: str = "root", **headers: str
    ) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {user}", "content-type": "application/json", **headers}
        data = msgspec.json.encode(body) if body is not None else b""
        reply = self.api.handle(Request(method, path, "", headers, data, Peer("127.0.0.1", None)))
        if isinstance(reply, Awaitable):
            reply = await reply
        assert isinstance(reply, Response)
        raw = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
        return reply.status, msgspec.json.decode(raw)

    async def make(self, path: str, body: Any) -> Any:
        status, obj = await self.ask("POST", path, body)
        assert status == 201, obj
        return obj

"""A cluster behind TLS that machines can join: the real control plane, in this process."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from wherry.api.core.secret import SECRETS
from wherry.apiserver.authn.bootstraptokens import NAMESPACE, format_secret, secret_name
from wherry.client import Client
from wherry.controllers import catalog
from wherry.controlplane.plane import ControlPlane
from wherry.controlplane.settings import Settings
from wherry.identity.pki import Pki, open_pki
from wherry.identity.profiles import ServerNames
from wherry.identity.tokens import make_bootstrap_token
from wherry.lib.systemclock import SystemClock
from wherry.roles.jointoken import JoinToken
from wherry.store.memory import MemoryStore
from wherry.transport.server import Server

CLOCK = SystemClock()
"""TLS judges certificates by the machine's time, so these tests run on it."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a test needs of it."""

    client: Client
    pki: Pki
    url: str

    async def token(self, seconds: float = 60.0) -> JoinToken:
        """A new join token that ends in so many seconds."""
        token = make_bootstrap_token(random.SystemRandom())
        await self.client.create(SECRETS, format_secret(token, CLOCK.time() + seconds, (), ""))
        return JoinToken(self.url, str(token), self.pki.authority_pem)

    async def withdraw(self, token: JoinToken) -> None:
        await self.client.delete(SECRETS, secret_name(token.token.partition(".")[0]), NAMESPACE)


@asynccontextmanager
async def cluster(folder: Path, *, decides: bool = True) -> AsyncIterator[Cluster]:
    """One cluster; unless it `decides`, nobody approves or signs anything."""
    pki = open_pki(folder, ServerNames(addresses=("127.0.0.1",)), CLOCK.time())
    authority = (lambda: pki.authority_pair) if decides else None
    controllers = catalog.Settings(root_ca=lambda: pki.authority_pem, authority=authority)
    plane = ControlPlane(MemoryStore(), CLOCK, random.Random(7), Settings(controllers=controllers))
    await plane.open()
    await plane.start()
    server = Server(plane.handle, clock=CLOCK)
    await server.start("127.0.0.1", 0, tls=pki.server_context())
    try:
        yield Cluster(plane.client(), pki, f"https://127.0.0.1:{server.port}")
    finally:
        await server.stop(0.1)
        await plane.close()

"""Who a node is, and stays: its certificates come from the server beside it, or it asks a distant one itself.

- `BesideServer`: the server of the same state folder writes kubeconfig and certificates, and writes them anew in time
- `Joined` (`roles/joined.py`): a join token, then requests to the cluster

Either hands out what the agent runs on, and keeps live TLS contexts up to date.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from wherry.client import Client
from wherry.identity.kubeconfig import Kubeconfig, read_kubeconfig
from wherry.identity.pair import Pair
from wherry.lib.clock import Clock
from wherry.transport.tls import load_certificate, server_context

log = logging.getLogger(__name__)

_LOOK_SECONDS = 600.0


class Live(Struct, frozen=True):
    """What is in use and must follow a renewal.

    Attributes:
        to_api: the context of connections to the API; None without TLS.
        kubelet: the context of the kubelet's own API.
        reset: closes idle connections, so that the next ones shake hands anew.
    """

    client: Client
    to_api: ssl.SSLContext | None
    kubelet: ssl.SSLContext
    reset: Callable[[], None]

    def renew_client(self, config: Kubeconfig) -> None:
        """Be who the kubeconfig says, from the next handshake on."""
        if self.to_api is None or not config.certificate:
            return
        # The ssl module loads certificates from files alone.
        with tempfile.TemporaryDirectory(prefix="wherry-") as folder:
            certificate, key = Path(folder, "client.crt"), Path(folder, "client.key")
            certificate.write_bytes(config.certificate)
            key.touch(mode=0o600)
            key.write_bytes(config.key)
            load_certificate(self.to_api, certificate, key)
        self.reset()


class Identity(Protocol):
    """Who the node is."""

    @property
    def serving(self) -> Pair:
        """Where the kubelet's serving certificate lies, or will."""
        ...

    async def begin(self, stop: asyncio.Event) -> Kubeconfig | None:
        """How the node reaches the API; None when told to stop meanwhile; raises Failure."""
        ...

    async def keep(self, live: Live) -> None:
        """Have valid certificates, and use renewed ones for every handshake from then on; runs until cancelled."""
        ...


class BesideServer:
    """The node on the server's own machine."""

    def __init__(self, kubeconfig: Path, serving: Pair, clock: Clock) -> None:
        self.serving = serving
        self._kubeconfig = kubeconfig
        self._clock = clock

    async def begin(self, stop: asyncio.Event) -> Kubeconfig | None:
        """Wait for what the server writes at its first start."""
        told = False
        while not stop.is_set():
            if all(file.exists() for file in self._files):
                return read_kubeconfig(self._kubeconfig)
            if not told:
                log.info("waiting for %s", self._kubeconfig)
                told = True
            await self._clock.sleep(0.1)
        return None

    async def keep(self, live: Live) -> None:
        seen = self._stamps()
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            if (now := self._stamps()) == seen:
                continue
            try:
                load_certificate(live.kubelet, self.serving.certificate, self.serving.key)
                live.renew_client(read_kubeconfig(self._kubeconfig))
                seen = now
                log.info("took over renewed certificates")
            except (OSError, ssl.SSLError) as error:
                log.warning("renewed certificates cannot be used: %s", error)

    @property
    def _files(self) -> tuple[Path, ...]:
        return (self._kubeconfig, self.serving.certificate, self.serving.key)

    def _stamps(self) -> tuple[float, ...]:
        return tuple(file.stat().st_mtime if file.exists() else 0.0 for file in self._files)


def kubelet_context(identity: Identity, config: Kubeconfig) -> ssl.SSLContext:
    """The kubelet's own TLS: it trusts the cluster's authority to say who calls.

    A node that has just joined gets its serving certificate a moment after it has registered; whoever calls before that
    fails at the handshake.
    """
    pair = identity.serving
    context = server_context(
        *((pair.certificate, pair.key) if pair.certificate.exists() and pair.fits() else (None, None))
    )
    context.load_verify_locations(cadata=config.authority.decode("ascii"))
    context.verify_mode = ssl.CERT_OPTIONAL
    return context

"""The cluster for other programs: TLS on the loopback interface, and the kubeconfig that leads there.

Everything here begins with the first question for it: a test that stays in its process pays for no key and no socket.
Certificates and connections live in the machine's time, whatever the cluster's own clock shows.
"""

from __future__ import annotations

import ssl
import time
from pathlib import Path

from msgspec import Struct

from wherry.identity.kubeconfig import Kubeconfig, write_kubeconfig
from wherry.identity.pair import Pair
from wherry.identity.profiles import ServerNames, api_server
from wherry.lib.systemclock import SystemClock
from wherry.testing.cluster.folders import Folder
from wherry.transport.messages import Handler, Request
from wherry.transport.server import Server
from wherry.transport.tls import server_context

_LIFETIME_SECONDS = 30 * 86400.0


class Listen(Struct, frozen=True):
    """Where and as whom a cluster serves; what is not said is found or made."""

    host: str = "127.0.0.1"
    port: int = 0
    pair: Pair | None = None
    """The server's certificate and key."""
    clients: Path | None = None
    """The authorities (a file in PEM) whose certificates prove who a client is."""


class Authority:
    """The certificate authority of one cluster and its copies, made when it is needed, in a folder of its own."""

    __slots__ = ("_folder", "_pair")

    def __init__(self) -> None:
        self._folder: Folder | None = None
        self._pair: Pair | None = None

    @property
    def folder(self) -> Path:
        """A place for files that nobody else can read, until `close`."""
        if self._folder is None:
            self._folder = Folder()
        return self._folder.path

    def pair(self) -> Pair:
        if self._pair is None:
            from wherry.identity import ca  # Another 30 ms.

            self._pair = Pair(self.folder / "ca.crt", self.folder / "ca.key")
            ca.make_authority(self._pair, "kubernetes-ca", time.time(), _LIFETIME_SECONDS)
        return self._pair

    def text(self) -> str:
        """The certificate in PEM; empty while nothing has been certified."""
        return self._pair.certificate.read_text() if self._pair is not None else ""

    def server_context(self, listen: Listen) -> ssl.SSLContext:
        pair = listen.pair or self._server_pair()
        return server_context(pair.certificate, pair.key, listen.clients or self.pair().certificate)

    def _server_pair(self) -> Pair:
        from wherry.identity import ca

        pair = Pair(self.folder / "server.crt", self.folder / "server.key")
        ca.make_leaf(self.pair(), pair, api_server(ServerNames()), time.time(), _LIFETIME_SECONDS)
        return pair

    def close(self) -> None:
        if self._folder is not None:
            self._folder.remove()
            self._folder = self._pair = None


class Serving:
    """A cluster's socket."""

    __slots__ = ("_authority", "_server", "kubeconfig", "token", "url")

    def __init__(self, authority: Authority, token: str) -> None:
        self._authority = authority
        self._server: Server | None = None
        self.token = token
        self.url = ""
        self.kubeconfig = Path()

    async def start(self, handler: Handler, listen: Listen) -> None:
        """Raises OSError when the port cannot be had."""
        server = Server(handler, clock=SystemClock())
        await server.start(listen.host, listen.port, tls=self._authority.server_context(listen))
        self._server = server
        self.url = f"https://{listen.host}:{server.port}"
        self.kubeconfig = self._authority.folder / f"kubeconfig-{server.port}"
        certified = b"" if listen.pair else self._authority.pair().certificate.read_bytes()
        config = Kubeconfig(self.url, certified, token=self.token, is_insecure=listen.pair is not None)
        write_kubeconfig(self.kubeconfig, config)

    @property
    def authority(self) -> str:
        """The certificate in PEM that proves who serves."""
        return self._authority.text()

    @property
    def is_talking(self) -> bool:
        """Whether a client is connected."""
        return self._server is not None and self._server.stats.connections > 0

    def cut(self, *, idle: bool, spare: Request | None = None) -> None:
        """Break the connections on which an answer is awaited, but to `spare`, and with `idle` all others too."""
        if self._server is not None:
            self._server.cut(idle=idle, spare=spare)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(grace=0.2)
            self._server = None

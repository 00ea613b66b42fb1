"""A node of a cluster on another machine: joins with a token, and from then on asks for its certificates itself.

    no kubeconfig     key on disk → request with the token → certificate → kubeconfig (0600), which is written last
    kubeconfig        the token is of no more interest; it may have ended long ago
    Node registered   key on disk → request as the node → serving certificate

Each step leaves on disk what the next one needs, so an agent that is killed anywhere goes on from there. The kubeconfig
holds server, authority, certificate and key: that it exists is what "joined" means.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from wherry.api.core.node import NODES
from wherry.api.errors import ApiError, Forbidden, NotFound, ServiceUnavailable, Timeout, Unauthorized
from wherry.client.http import HttpClient
from wherry.identity.der import CertificateInfo, decode_pem, read_certificate
from wherry.identity.joining import Refused, client_request, save, save_key, server_request, usable
from wherry.identity.kubeconfig import Kubeconfig, KubeconfigError, read_kubeconfig, write_kubeconfig
from wherry.identity.pair import Pair
from wherry.identity.profiles import NODE_PREFIX, node_server
from wherry.kubelet.certificates.asking import obtain
from wherry.kubelet.certificates.keeping import Holding, keep
from wherry.lib.clock import Clock
from wherry.lib.failure import Failure
from wherry.roles.jointoken import JoinToken
from wherry.roles.nodeidentity import Live
from wherry.transport.tls import load_certificate

log = logging.getLogger(__name__)

_NEW_TOKEN = "make a new one with `wherry token create` on the server"  # noqa: S105 - a hint


class JoinedSettings(Struct, frozen=True):
    """What a joined node is asked to be.

    Attributes:
        folder: where its serving certificate and, until it has joined, its key lie.
        token: None at later starts.
    """

    kubeconfig: Path
    folder: Path
    node_name: str
    addresses: tuple[str, ...]
    token: JoinToken | None


class Joined:
    """Implements `Identity` for a node whose server is elsewhere."""

    def __init__(self, settings: JoinedSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.serving = Pair(settings.folder / "node-server.crt", settings.folder / "node-server.key")

    async def begin(self, stop: asyncio.Event) -> Kubeconfig | None:
        """Join if that is still to be done; raises Failure."""
        found = self._present()
        token = self._settings.token
        if found is not None:
            return self._moved(found, token)
        if token is None:
            raise Failure(
                f"this node's identity in {self._settings.kubeconfig} has ended or is another node's",
                f"join again with a fresh token: {_NEW_TOKEN}",
            )
        return await _unless(stop, self._join(token))

    async def keep(self, live: Live) -> None:
        """Both certificates, each renewed in its own time."""
        async with asyncio.TaskGroup() as group:
            group.create_task(keep(self._client_holding(live), live.client, self._clock))
            group.create_task(keep(self._serving_holding(live), live.client, self._clock))

    def _present(self) -> Kubeconfig | None:
        """The kubeconfig, if it still says who this node is."""
        if not self._settings.kubeconfig.exists():
            return None
        config = _read(self._settings.kubeconfig)
        info = _info_of(config)
        is_this_node = info is not None and info.common_name == NODE_PREFIX + self._settings.node_name
        return config if info is not None and is_this_node and info.not_after > self._clock.time() else None

    def _moved(self, config: Kubeconfig, token: JoinToken | None) -> Kubeconfig:
        """The server may have another address than when we joined; another cluster is another matter."""
        if token is None:
            return config
        if token.authority.encode("ascii") != config.authority:
            raise Failure(
                f"this node belongs to another cluster ({config.server})",
                "stop it with `wherry down --delete-state` first, or choose another state folder with --state",
            )
        if token.server != config.server:
            config = replace(config, server=token.server)
            write_kubeconfig(self._settings.kubeconfig, config)
        return config

    async def _join(self, token: JoinToken) -> Kubeconfig:
        kept = self._settings.folder / "node-client.key"
        config = Kubeconfig(token.server, token.authority.encode("ascii"), token=token.token)
        log.info("joining %s as %s", token.server, self._settings.node_name)
        try:
            key, request = client_request(self._settings.node_name, _read_key(kept))
            save_key(kept, key)
            async with HttpClient.from_kubeconfig(config, clock=self._clock, user_agent="kubelet") as client:
                certificate = await obtain(client, request)
            joined = Kubeconfig(token.server, config.authority, certificate, key)
            await self._refuse_namesake(joined)
        except (ApiError, Refused, OSError, ValueError) as error:
            raise _failure(error, token.server) from error
        write_kubeconfig(self._settings.kubeconfig, joined)
        kept.unlink()
        log.info("joined")
        return joined

    async def _refuse_namesake(self, config: Kubeconfig) -> None:
        """Two machines of one name (clones, say) would fight over one Node; raises Failure.

        A Node that is not Ready, or has our address, is taken to be this machine before it was set up anew.
        """
        name = self._settings.node_name
        async with HttpClient.from_kubeconfig(config, clock=self._clock, user_agent="kubelet") as client:
            try:
                status = (await client.get(NODES, name)).get("status") or {}
            except NotFound:
                return
        addresses = [each["address"] for each in status.get("addresses") or () if each["type"] == "InternalIP"]
        ready = [each["status"] for each in status.get("conditions") or () if each["type"] == "Ready"]
        if ready == ["True"] and not set(addresses) & set(self._settings.addresses):
            raise Failure(
                f"the cluster has a node {name!r} already, at {', '.join(addresses) or 'no address'}",
                "choose another name with --node-name",
            )

    def _client_holding(self, live: Live) -> Holding:
        name, path = self._settings.node_name, self._settings.kubeconfig

        def accept(key: bytes, certificate: bytes) -> None:
            config = replace(read_kubeconfig(path), certificate=certificate, key=key)
            write_kubeconfig(path, config)
            live.renew_client(config)

        return Holding(
            "client", lambda: _info_of(_read(path)), lambda: client_request(name, read_kubeconfig(path).key), accept
        )

    def _serving_holding(self, live: Live) -> Holding:
        settings, pair = self._settings, self.serving
        profile = node_server(settings.node_name, settings.addresses)
        authority = _read(settings.kubeconfig).authority

        def request() -> tuple[bytes, dict[str, Any]]:
            key, asked = server_request(settings.node_name, settings.addresses, _read_key(pair.key))
            save_key(pair.key, key)
            return key, asked

        def accept(key: bytes, certificate: bytes) -> None:
            save(settings.folder, "node-server", key, certificate)
            load_certificate(live.kubelet, pair.certificate, pair.key)

        return Holding("serving", lambda: usable(pair, profile, authority), request, accept)


def joined_name(kubeconfig: Path) -> str:
    """The name under which this machine joined; "" if it never has."""
    info = _info_of(_read(kubeconfig)) if kubeconfig.exists() else None
    return info.common_name.removeprefix(NODE_PREFIX) if info is not None else ""


def _read(path: Path) -> Kubeconfig:
    try:
        return read_kubeconfig(path)
    except KubeconfigError as error:
        raise Failure(f"{path} is damaged: {error}", "remove it, and join again with a fresh token") from error


def _info_of(config: Kubeconfig) -> CertificateInfo | None:
    try:
        return read_certificate(decode_pem(config.certificate.decode("ascii")))
    except ValueError:
        return None


def _read_key(path: Path) -> bytes:
    """The key of a start that did not come to its end; b"" for a new one."""
    return path.read_bytes() if path.exists() else b""


def _failure(error: Exception, server: str) -> Failure:
    """One sentence of what went wrong when joining."""
    if isinstance(error, Unauthorized):
        return Failure("the join token is not valid: it has expired or was withdrawn", _NEW_TOKEN)
    if isinstance(error, Forbidden):
        return Failure(f"the join token may not be used to join: {error}", _NEW_TOKEN)
    if isinstance(error, (ServiceUnavailable, Timeout, ssl.SSLError)):
        hint = f"see that {server} can be reached from here, or name another way with `wherry token create --server`"
        return Failure(str(error), hint)
    if isinstance(error, Refused):
        return Failure(f"the cluster refused this node: {error}", "ask whoever runs it")
    return Failure(f"joining {server} failed: {error}")


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, Kubeconfig]) -> Kubeconfig | None:
    """What `work` returns; None when told to stop before."""
    async with asyncio.TaskGroup() as group:
        done = group.create_task(_captured(work))
        stopping = group.create_task(stop.wait())
        await asyncio.wait({done, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not done.done():
            done.cancel()
            return None
    result = done.result()
    if isinstance(result, Failure):
        raise result
    return result


async def _captured(work: Coroutine[Any, Any, Kubeconfig]) -> Kubeconfig | Failure:
    """A failure as a value, so that it does not leave a group as an exception group."""
    try:
        return await work
    except Failure as failure:
        return failure

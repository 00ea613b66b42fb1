"""Who we are, towards a server that asks for a token or a certificate."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from wherry.identity.kubeconfig import Kubeconfig
from wherry.lib.clock import Clock
from wherry.transport.connect import Endpoint
from wherry.transport.tls import client_context

log = logging.getLogger(__name__)

TokenSource = Callable[[], str]
"""The bearer token to send now; "" for none."""

_REREAD_SECONDS = 10.0


class TokenFile:
    """A token in a file that someone else keeps fresh (a projected service-account token, say)."""

    __slots__ = ("_clock", "_path", "_read_at", "_token")

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._token = ""
        self._read_at = float("-inf")

    def __call__(self) -> str:
        now = self._clock.monotonic()
        if now - self._read_at >= _REREAD_SECONDS:
            self._read_at = now
            try:
                self._token = self._path.read_text("ascii").strip()
            except OSError as error:
                log.warning("cannot read the token in %s: %s", self._path, error)
        return self._token


def endpoint_of(config: Kubeconfig) -> Endpoint:
    """Where a kubeconfig points, with the certificate it holds; raises ValueError or ssl.SSLError if it is unusable."""
    url = urlsplit(config.server)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError(f"{config.server!r} is not the address of a server")
    tls = _context(config) if url.scheme == "https" else None
    port = url.port or (443 if tls is not None else 80)
    return Endpoint(url.hostname, port, tls, config.server_name)


def token_of(config: Kubeconfig, clock: Clock) -> TokenSource | None:
    """Where the bearer token of a kubeconfig comes from, if it has one."""
    if config.token_file:
        return TokenFile(Path(config.token_file), clock)
    if config.token:
        return lambda: config.token
    return None


def _context(config: Kubeconfig) -> ssl.SSLContext:
    if not config.certificate:
        return client_context(ca_data=config.authority, verify=not config.is_insecure)
    from tempfile import TemporaryDirectory

    # The ssl module loads certificates from files alone.
    with TemporaryDirectory(prefix="wherry-") as folder:
        certificate, key = Path(folder, "client.crt"), Path(folder, "client.key")
        certificate.write_bytes(config.certificate)
        key.touch(mode=0o600)
        key.write_bytes(config.key)
        return client_context(ca_data=config.authority, certificate=certificate, key=key, verify=not config.is_insecure)

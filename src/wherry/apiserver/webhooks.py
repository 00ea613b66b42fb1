"""Asks webhooks: an HTTPS POST of a JSON document to whoever a client configuration names, answered with another.

A configuration gives a URL or a Service, and the authorities that the server is to be known by. A Service is found by
its endpoints, so that no service proxy has to run where the API server does; where it has none that are known, by its
cluster IP. What goes wrong is a `WebhookError` in the words of upstream's client.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections import OrderedDict
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from wherry import __version__
from wherry.api import Obj
from wherry.api.core.service import SERVICES
from wherry.api.discovery.endpointslice import ENDPOINTSLICES
from wherry.apiserver.attributes import Reader
from wherry.apiserver.encode import DecodeError, decode, encode_any
from wherry.lib.clock import Clock
from wherry.transport.connect import Answer, Connector, Endpoint
from wherry.transport.tls import client_context

_MOST_CONNECTORS = 256
_LEAST_BOUND = 4 << 20
_GROWTH = 4
"""An answer may have so many bytes, or be so many times as large as what was asked: some megabytes at most."""
_SHOWN_BYTES = 2048
_HEADERS = (
    ("Content-Type", "application/json"),
    ("Accept", "application/json"),
    ("User-Agent", f"wherry-apiserver/{__version__}"),
)
_REFUSALS = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
}


class WebhookError(Exception):
    """A webhook could not be asked, or what it said is no answer."""


class _Address(Struct, frozen=True):
    """Where to connect, who is to be found there, and what to ask for."""

    host: str
    port: int
    server_name: str
    shown: str
    """Host and port as they stand in the URL."""
    path: str


class Webhooks:
    """The API server's client of all webhooks. Connections are kept; close it when done."""

    __slots__ = ("_clock", "_connectors", "_reader")

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._connectors: OrderedDict[tuple[str, int, str, str], Connector] = OrderedDict()

    async def ask(self, config: Obj, document: Obj, timeout: float) -> Any:
        """What the webhook answers to `document`; raises WebhookError."""
        bundle = (config.get("caBundle") or "").strip()
        address = self._address(config)
        seconds = f"{timeout:g}s"
        target = f"{address.path}{'&' if '?' in address.path else '?'}timeout={seconds}"
        try:
            connector = self._connector(address, bundle)
            answer = await _request(connector, target, encode_any(document), timeout)
        except TimeoutError:
            raise WebhookError(f'Post "https://{address.shown}{target}": context deadline exceeded') from None
        except OSError as error:
            raise WebhookError(f'Post "https://{address.shown}{target}": {_explain(error)}') from error
        return _read(answer)

    async def close(self) -> None:
        """Let go of all connections."""
        connectors, self._connectors = self._connectors, OrderedDict()
        for connector in connectors.values():
            await connector.close()

    def _connector(self, address: _Address, bundle: str) -> Connector:
        """The connections to one server as one configuration knows it; those used least recently are given up."""
        key = (address.host, address.port, address.server_name, bundle)
        connector = self._connectors.get(key)
        if connector is None:
            endpoint = Endpoint(address.host, address.port, _context(bundle), address.server_name)
            connector = self._connectors[key] = Connector(endpoint, clock=self._clock)
            if len(self._connectors) > _MOST_CONNECTORS:
                self._connectors.popitem(last=False)[1].reset()
        self._connectors.move_to_end(key)
        return connector

    def _address(self, config: Obj) -> _Address:
        if service := config.get("service"):
            return self._of_service(service)
        url = urlsplit(config.get("url") or "")
        if url.scheme != "https" or not url.hostname:
            raise WebhookError("webhook configuration must have either service or URL")
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        return _Address(url.hostname, url.port or 443, url.hostname, url.netloc, path)

    def _of_service(self, reference: Obj) -> _Address:
        namespace, name = reference["namespace"], reference["name"]
        number = reference.get("port") or 443
        item = self._reader.get(SERVICES, namespace, name)
        if item is None:
            raise WebhookError(f'service "{name}" not found')
        spec = item.decode()["spec"]
        host, port = self._where(namespace, name, spec, number)
        path = "/" + (reference.get("path") or "").lstrip("/")
        return _Address(host, port, f"{name}.{namespace}.svc", f"{name}.{namespace}.svc:{number}", path)

    def _where(self, namespace: str, name: str, spec: Obj, number: int) -> tuple[str, int]:
        if spec.get("type") == "ExternalName":
            return spec["externalName"], number
        port = next((each for each in spec.get("ports") or () if each.get("port") == number), None)
        if port is None:
            raise WebhookError(f'no service port {number} found for service "{name}"')
        for item in self._reader.list(ENDPOINTSLICES, namespace):
            if item.labels.get("kubernetes.io/service-name") != name:
                continue
            if found := _endpoint(item.decode(), port.get("name") or ""):
                return found
        cluster_ip = spec.get("clusterIP") or "None"
        if cluster_ip == "None":
            raise WebhookError(f'no endpoints available for service "{name}"')
        return cluster_ip, number


def _endpoint(piece: Obj, port_name: str) -> tuple[str, int] | None:
    """The first address of an EndpointSlice that is ready, with the number of the port."""
    ports = (each.get("port") for each in piece.get("ports") or () if (each.get("name") or "") == port_name)
    port = next(ports, None)
    if port is None:
        return None
    for endpoint in piece.get("endpoints") or ():
        if (endpoint.get("conditions") or {}).get("ready") is not False:
            return endpoint["addresses"][0], port
    return None


def _context(bundle: str) -> ssl.SSLContext:
    if not bundle:
        return client_context()
    try:
        return client_context(ca_data=base64.b64decode(bundle))
    except ValueError as error:  # Not base64, not ASCII; what is no certificate is an SSLError.
        raise WebhookError(f"unable to load root certificates: {error}") from error


async def _request(connector: Connector, target: str, body: bytes, timeout: float) -> Answer:
    """A whole answer of bounded size within bounded time."""
    async with asyncio.timeout(timeout):
        async with await connector.open("POST", target, _HEADERS, body) as incoming:
            pieces: list[bytes] = []
            size, most = 0, max(_LEAST_BOUND, _GROWTH * len(body))
            while piece := await incoming.read():
                pieces.append(piece)
                size += len(piece)
                if size > most:
                    raise WebhookError(f"the response is larger than {most} bytes")
            return Answer(incoming.status, incoming.headers, b"".join(pieces))


def _read(answer: Answer) -> Any:
    if answer.status not in (200, 201, 202):
        raise WebhookError(_refusal(answer))
    try:
        return decode(answer.body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WebhookError(f"couldn't get version/kind; json parse error: {error}") from error


def _refusal(answer: Answer) -> str:
    """What a server means that does not answer: its own `Status`, or what its code and text say."""
    try:
        status = decode(answer.body)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status" and isinstance(status.get("message"), str):
        return str(status["message"])
    if known := _REFUSALS.get(answer.status):
        return known
    text = answer.body[:_SHOWN_BYTES].decode(errors="replace").strip() or "unknown"
    if answer.status >= 500:
        shown = json.dumps(text, ensure_ascii=False)
        return f"an error on the server ({shown}) has prevented the request from succeeding"
    return f"the server responded with the status code {answer.status} but did not return more information"


def _explain(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: {error.verify_message or error.reason}"
    if isinstance(error, ConnectionRefusedError):
        return "connect: connection refused"
    return str(error) or type(error).__name__

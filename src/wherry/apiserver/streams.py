"""Streams that do not end here: log, exec, attach and port-forward of Pods; proxies to nodes, Pods and Services.

Each request is checked against what is stored, sent on to the kubelet (or the target itself) with the API server's own
identity, and answered with whatever comes back. SPDY and WebSocket upgrades pass through unchanged, so nothing here
knows either. Whether the client may do this has been decided before.
"""

from __future__ import annotations

import errno
import os
import random
import ssl
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from msgspec import Struct, field

from wherry.api.core.pod import PODS
from wherry.api.errors import ApiError, BadRequest, InternalError, ServiceUnavailable
from wherry.api.types.core_v1 import Pod
from wherry.apiserver.exchange import Exchange
from wherry.apiserver.locations import (
    Location,
    Security,
    choose_container,
    find,
    kubelet_of,
    node_target,
    pod_target,
    service_target,
)
from wherry.apiserver.logoptions import read_log_options
from wherry.apiserver.subresources import Streams
from wherry.client.responses import generic_error
from wherry.transport.connect import Endpoint
from wherry.transport.messages import Reply, Request, Response
from wherry.transport.relay import relay_stream, relay_upgrade, send_on
from wherry.transport.tls import client_context

Params = Sequence[tuple[str, str]]

_CHANNELS: Final = (("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty"))
"""What the API calls a stream, and what the kubelet calls it."""
_ERROR_BODY: Final = 50_000


def streams(kubelet: ssl.SSLContext, random: random.Random) -> Streams:
    """The streams of a control plane whose nodes are real; `kubelet` holds the certificate to show to kubelets."""
    links = _Links(kubelet, random)
    return {
        ("pods", "log"): links.log,
        ("pods", "exec"): links.exec,
        ("pods", "attach"): links.attach,
        ("pods", "portforward"): links.port_forward,
        ("pods", "proxy"): links.proxy_pod,
        ("services", "proxy"): links.proxy_service,
        ("nodes", "proxy"): links.proxy_node,
    }


class _Links(Struct, frozen=True):
    """Answers each kind of stream."""

    kubelet: ssl.SSLContext
    random: random.Random
    stranger: ssl.SSLContext = field(default_factory=lambda: client_context(verify=False))
    """For targets whose certificate nobody can vouch for."""

    async def log(self, exchange: Exchange) -> Reply:
        pod = _pod(exchange)
        options = read_log_options(exchange.request.query, pod.metadata.name or "")
        container = choose_container(pod, options.container)
        if not pod.spec.node_name:
            return Response(204)
        location = kubelet_of(exchange.core.reader, pod.spec.node_name)
        path = _path("containerLogs", pod.metadata.namespace, pod.metadata.name, container)
        target = f"{path}?{urlencode(options.params)}" if options.params else path
        try:
            onward = await send_on(exchange.request, self._endpoint(location), target)
            if onward.status < 300:
                return onward.reply()
            raise _refusal(onward.status, await onward.text(_ERROR_BODY), exchange.info.name)
        except OSError as error:
            raise ApiError(f'Get "https://{_address(location)}{target}": {dial_error(location, error)}') from error

    async def exec(self, exchange: Exchange) -> Reply:
        return await self._channels(exchange, "exec")

    async def attach(self, exchange: Exchange) -> Reply:
        return await self._channels(exchange, "attach")

    async def port_forward(self, exchange: Exchange) -> Reply:
        pod = _pod(exchange)
        ports = [value for name, value in _query(exchange.request) if name == "ports"]
        params = [("port", ",".join(ports))] if ports else []
        return await self._upgrade(exchange, pod, _path("portForward", *_names(pod)), params)

    async def proxy_node(self, exchange: Exchange) -> Reply:
        return await self._proxy(exchange, node_target(exchange.core.reader, exchange.info.name))

    async def proxy_pod(self, exchange: Exchange) -> Reply:
        info = exchange.info
        return await self._proxy(exchange, pod_target(exchange.core.reader, info.namespace, info.name))

    async def proxy_service(self, exchange: Exchange) -> Reply:
        info = exchange.info
        location = service_target(exchange.core.reader, info.namespace, info.name, self.random)
        return await self._proxy(exchange, location)

    async def _channels(self, exchange: Exchange, verb: str) -> Reply:
        pod = _pod(exchange)
        query = _query(exchange.request)
        asked = dict(query)
        container = choose_container(pod, asked.get("container", ""))
        params = [(theirs, "1") for ours, theirs in _CHANNELS if asked.get(ours) in ("1", "true", "True")]
        if not any(name in ("input", "output", "error") for name, _ in params):
            raise BadRequest("you must specify at least 1 of stdin, stdout, stderr")
        params += [(name, value) for name, value in query if name == "command" and verb == "exec"]
        return await self._upgrade(exchange, pod, _path(verb, *_names(pod), container), params)

    async def _upgrade(self, exchange: Exchange, pod: Pod, path: str, params: Params) -> Reply:
        if not pod.spec.node_name:
            raise BadRequest(f"pod {pod.metadata.name} does not have a host assigned")
        location = kubelet_of(exchange.core.reader, pod.spec.node_name)
        if not exchange.request.is_upgrade:
            raise BadRequest("Upgrade request required")
        target = f"{path}?{urlencode(params)}" if params else path
        try:
            return await relay_upgrade(exchange.request, self._endpoint(location), target)
        except OSError as error:
            raise ApiError(f"error dialing backend: {dial_error(location, error)}") from error

    async def _proxy(self, exchange: Exchange, location: Location) -> Reply:
        request = exchange.request
        rest = rest_of(request.path)
        query = f"?{request.query}" if request.query else ""
        if not rest and request.method in ("GET", "HEAD") and not request.is_upgrade:
            return Response(301, headers=(("Location", f"{request.path}/{query}"),))
        send = relay_upgrade if request.is_upgrade else relay_stream
        headers = (("X-Forwarded-Uri", request.path), ("X-Forwarded-Proto", "https"))
        try:
            return await send(request, self._endpoint(location), (rest or "/") + query, headers)
        except OSError as error:
            raise ServiceUnavailable(f"error trying to reach service: {dial_error(location, error)}") from error

    def _endpoint(self, location: Location) -> Endpoint:
        match location.security:
            case Security.KUBELET:
                return Endpoint(location.host, location.port, self.kubelet)
            case Security.TLS:
                return Endpoint(location.host, location.port, self.stranger)
            case Security.PLAIN:
                return Endpoint(location.host, location.port)


def rest_of(path: str) -> str:
    """What follows `.../proxy` in a path, still encoded."""
    parts = path.split("/")
    resource = 5 if parts[3] == "namespaces" else 3
    rest = parts[resource + 3 :]
    return "/" + "/".join(rest) if rest else ""


def dial_error(location: Location, error: OSError) -> str:
    """Why a target was not reached, in the words of Go's net package, for which people search."""
    address = _address(location)
    if isinstance(error, TimeoutError):
        return f"dial tcp {address}: i/o timeout"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: {error.verify_message}"
    if isinstance(error, ConnectionResetError):
        return "EOF"
    if error.errno is not None and error.errno in errno.errorcode:
        return f"dial tcp {address}: connect: {os.strerror(error.errno).lower()}"
    return f"dial tcp {address}: {error}"


def _refusal(status: int, text: str, name: str) -> ApiError:
    """A kubelet's plain-text refusal as the Status that clients of logs expect."""
    if status == 500:
        return InternalError.of(text)
    if status == 400:
        return BadRequest(text)
    error = generic_error(status, f" ( pods/log {name})")
    error.details = {"name": name, "kind": "pods/log"}
    return error


def _pod(exchange: Exchange) -> Pod:
    return find(exchange.core.reader, PODS, Pod, exchange.info.namespace, exchange.info.name)


def _names(pod: Pod) -> tuple[str | None, str | None]:
    return pod.metadata.namespace, pod.metadata.name


def _path(*parts: str | None) -> str:
    return "/" + "/".join(quote(part or "", safe="") for part in parts)


def _query(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.query, keep_blank_values=True)


def _address(location: Location) -> str:
    return Endpoint(location.host, location.port).address

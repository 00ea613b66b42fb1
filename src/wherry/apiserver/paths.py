"""Paths that are no resources: discovery, health, version, metrics, and the index of them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from wherry.api.errors import MethodNotAllowed
from wherry.apiserver.attributes import User
from wherry.apiserver.core import Core
from wherry.apiserver.discovery import Discovery
from wherry.apiserver.exchange import Answer
from wherry.apiserver.health import LOG, PING, Check, reply
from wherry.apiserver.options import parse_query
from wherry.apiserver.respond import value_reply
from wherry.apiserver.telemetry import Telemetry
from wherry.apiserver.version import version
from wherry.transport.messages import Request, Response

PathHandler = Callable[[Request, User], Answer]
_HEALTH = ("healthz", "livez", "readyz")


class Paths:
    """The plain paths of one API server. A name ending in a slash stands for everything below it."""

    __slots__ = ("_checks", "_core", "_discovery", "_exact", "_telemetry", "_trees")

    def __init__(
        self, core: Core, telemetry: Telemetry, checks: Sequence[Check], further: Mapping[str, PathHandler]
    ) -> None:
        self._core = core
        self._telemetry = telemetry
        self._checks = (PING, LOG, *checks)
        self._discovery = Discovery(core.registry)
        table: dict[str, PathHandler] = {
            "/": self._index,
            "/api": self._discovery.legacy,
            "/api/": self._discovery.versions,
            "/apis": self._discovery.groups,
            "/apis/": self._discovery.versions,
            "/version": _version,
            "/metrics": self._metrics,
            **{f"/{name}": self._health for name in _HEALTH},
            **{f"/{name}/": self._health for name in _HEALTH},
            **further,
        }
        self._exact = {path: handler for path, handler in table.items() if not path.endswith("/") or path == "/"}
        self._trees = {path: handler for path, handler in table.items() if path.endswith("/") and path != "/"}

    def find(self, path: str) -> PathHandler | None:
        """The handler of a path."""
        handler = self._exact.get(path if path == "/" else path.rstrip("/"))
        if handler is not None:
            return handler
        return next((handler for tree, handler in self._trees.items() if path.startswith(tree)), None)

    def _index(self, request: Request, _: User) -> Response:
        discovered = self._discovery.paths()
        own = [path for path in self._exact if path != "/"]
        own += [f"/{endpoint}/{check.name}" for endpoint in _HEALTH for check in self._checks]
        return value_reply({"paths": sorted({*discovered, *own})}, request)

    def _health(self, request: Request, user: User) -> Response:
        _only(("GET", "HEAD"), request)
        endpoint, _, name = request.path.strip("/").partition("/")
        query = parse_query(request.query)
        excluded = [query["exclude"]] if "exclude" in query else []
        return reply(endpoint, name, query, excluded, self._checks)

    def _metrics(self, request: Request, _: User) -> Response:
        _only(("GET", "HEAD"), request)
        text = self._telemetry.metrics.text()
        return Response(200, text.encode(), "text/plain; version=0.0.4; charset=utf-8")


def _version(request: Request, _: User) -> Response:
    _only(("GET",), request)
    return value_reply(version(), request)


def _only(methods: Sequence[str], request: Request) -> None:
    if request.method not in methods:
        raise MethodNotAllowed("the server does not allow this method on the requested resource", {})

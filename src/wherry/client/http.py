"""The `Client` over HTTP: any Kubernetes API server will do, not only ours.

Requests that the server asks to repeat (429, or 5xx with Retry-After) are repeated a bounded number of times. A server
that cannot be reached is a `ServiceUnavailable` or a `Timeout`, so that callers have one family of errors to know.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, Final, Self, TypeVar, cast

import msgspec

from wherry import __version__
from wherry.api import Obj
from wherry.api.errors import ApiError
from wherry.api.resource import Resource
from wherry.client import Informer, Page, Patch, WatchEvent
from wherry.client.credentials import TokenSource, endpoint_of, token_of
from wherry.client.discovery import Found, discover
from wherry.client.paths import path_of, with_query
from wherry.client.reflector import Reflector
from wherry.client.responses import decode_object, error_of, retry_seconds, unreachable
from wherry.client.watching import WatchLine, decode_event, lines
from wherry.identity.kubeconfig import Kubeconfig
from wherry.lib.clock import Clock
from wherry.lib.systemclock import SystemClock
from wherry.lib.tasks import Tasks
from wherry.transport.connect import Answer, Connector, Incoming

T = TypeVar("T")

USER_AGENT: Final = f"wherry/{__version__}"
_JSON: Final = "application/json"
_APPLY: Final = "application/apply-patch+yaml"
_ATTEMPTS: Final = 10
_HEAD_SECONDS: Final = 60.0


class HttpClient:
    """Implements `wherry.client.Client`. Close it when done; informers end with it."""

    def __init__(
        self,
        connector: Connector,
        *,
        token: TokenSource | None = None,
        clock: Clock | None = None,
        random: random.Random | None = None,
        user_agent: str = USER_AGENT,
        prefix: str = "",
    ) -> None:
        """`prefix` is the path under which the API is found, when it is not at the root."""
        self._connector = connector
        self._token = token
        self._clock = clock or SystemClock()
        self._random = random or _system_random()
        self._headers = (("User-Agent", user_agent), ("Accept", _JSON))
        self._prefix = prefix.rstrip("/")
        self._tasks = Tasks("informers")
        self._informers: dict[tuple[Resource, Any, str], Reflector[Any]] = {}
        self._runs: dict[tuple[Resource, Any, str], asyncio.Task[Any]] = {}
        self._customs: dict[Found, Resource] = {}
        """Kinds that discovery told of: what it tells again unchanged is the same value."""

    @classmethod
    def from_kubeconfig(cls, config: Kubeconfig, *, clock: Clock | None = None, user_agent: str = USER_AGENT) -> Self:
        """A client of the server and user that a kubeconfig names."""
        clock = clock or SystemClock()
        connector = Connector(endpoint_of(config), clock=clock)
        return cls(connector, token=token_of(config, clock), clock=clock, user_agent=user_agent)

    async def close(self) -> None:
        """End all informers and connections."""
        await self._tasks.close()
        await self._connector.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # The verbs.

    async def get(self, resource: Resource, name: str, namespace: str = "", *, subresource: str = "") -> Obj:
        return await self._object("GET", path_of(resource, namespace, name, subresource))

    async def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        limit: int = 0,
        continue_token: str = "",
    ) -> Page:
        query = {
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "resourceVersion": resource_version,
            "limit": str(limit) if limit else "",
            "continue": continue_token,
        }
        whole = await self._object("GET", path_of(resource, namespace), query)
        metadata = whole.get("metadata") or {}
        items = whole.get("items") or []
        for item in items:  # Upstream leaves these out inside of lists.
            item.setdefault("apiVersion", resource.api_version)
            item.setdefault("kind", resource.kind)
        return Page(items, metadata.get("resourceVersion", ""), metadata.get("continue") or "")

    async def create(
        self, resource: Resource, obj: Obj, namespace: str = "", *, name: str = "", subresource: str = ""
    ) -> Obj:
        namespace = namespace or (obj.get("metadata") or {}).get("namespace", "")
        return await self._object("POST", path_of(resource, namespace, name, subresource), body=obj)

    async def update(self, resource: Resource, obj: Obj, *, subresource: str = "") -> Obj:
        metadata = obj["metadata"]
        path = path_of(resource, metadata.get("namespace", ""), metadata["name"], subresource)
        return await self._object("PUT", path, body=obj)

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Obj | Sequence[Obj],
        namespace: str = "",
        *,
        type: Patch = Patch.MERGE,
        subresource: str = "",
    ) -> Obj:
        path = path_of(resource, namespace, name, subresource)
        return await self._object("PATCH", path, body=patch, content_type=type.value)

    async def apply(
        self, resource: Resource, obj: Obj, *, manager: str, force: bool = False, subresource: str = ""
    ) -> Obj:
        metadata = obj["metadata"]
        path = path_of(resource, metadata.get("namespace", ""), metadata["name"], subresource)
        query = {"fieldManager": manager, "force": "true" if force else ""}
        body = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
        return await self._object("PATCH", path, query, body=body, content_type=_APPLY)

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "",
        grace_seconds: int | None = None,
    ) -> Obj:
        options = _delete_options(uid, resource_version, propagation, grace_seconds)
        return await self._object("DELETE", path_of(resource, namespace, name), body=options)

    async def delete_collection(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", propagation: str = ""
    ) -> None:
        options = _delete_options("", "", propagation, None)
        await self._object("DELETE", path_of(resource, namespace), {"labelSelector": label_selector}, body=options)

    async def watch(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
    ) -> AsyncIterator[WatchEvent]:
        """Events until the server ends the watch in an orderly way; raises ApiError when it is cut or fails.

        Whoever goes on from the resourceVersion seen last misses nothing; `Expired` says that this is not possible.
        """
        query = {
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
        }
        async for line in self.watch_lines(resource, namespace, query):
            yield WatchEvent(line.type, msgspec.json.decode(line.object))

    def informer(self, resource: Resource, view: type[T], *, field_selector: str = "") -> Informer[T]:
        key = (resource, view, field_selector)
        informer = self._informers.get(key)
        if informer is None:
            informer = Reflector(self, resource, view, field_selector, self._clock, self._random)
            self._informers[key] = informer
            self._runs[key] = self._tasks.spawn(informer.run(), f"informer {resource.group_resource}")
        return cast("Informer[T]", informer)

    def forget(self, resource: Resource) -> None:
        for key in [key for key in self._informers if key[0] is resource]:
            del self._informers[key]
            self._runs.pop(key).cancel()

    async def resources(self) -> Sequence[Resource]:
        return await discover(self._document, self._customs)

    # What the verbs are made of, and what is not a verb on a resource.

    async def watch_lines(
        self, resource: Resource, namespace: str, query: Mapping[str, str]
    ) -> AsyncGenerator[WatchLine, None]:
        """A watch's events with their objects undecoded. An ERROR event is raised as the error it carries."""
        target = with_query(path_of(resource, namespace), {**query, "watch": "true"})
        try:
            async with await self.open("GET", target) as incoming:
                async for line in lines(incoming):
                    yield decode_event(line)
        except OSError as error:
            raise unreachable(str(self._connector.endpoint), error) from error

    async def open(
        self, method: str, target: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Incoming:
        """Send a request and return its successful response, whose body is still to come; raises ApiError."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                incoming = await self._connector.open(
                    method, self._prefix + target, self._with_identity(headers), body, timeout=_HEAD_SECONDS
                )
                if incoming.status < 400:
                    return incoming
                async with incoming:
                    answer = await incoming.read_all()
            except OSError as error:
                raise unreachable(str(self._connector.endpoint), error) from error
            seconds = retry_seconds(incoming.status, incoming.headers)
            if seconds is None or attempt == _ATTEMPTS:
                raise error_of(incoming.status, answer)
            await self._clock.sleep(seconds)
        raise AssertionError("unreachable")

    async def raw(self, method: str, target: str, body: bytes = b"", headers: Sequence[tuple[str, str]] = ()) -> Answer:
        """A request on any path, answered in full; raises ApiError for 400 and above."""
        try:
            async with await self.open(method, target, headers, body) as incoming:
                return Answer(incoming.status, incoming.headers, await incoming.read_all())
        except OSError as error:
            raise unreachable(str(self._connector.endpoint), error) from error

    async def _object(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Obj | Sequence[Obj] | None = None,
        content_type: str = _JSON,
    ) -> Obj:
        target = with_query(path, query) if query else path
        if body is None:
            return decode_object((await self.raw(method, target)).body)
        data = msgspec.json.encode(body)
        return decode_object((await self.raw(method, target, data, (("Content-Type", content_type),))).body)

    async def _document(self, path: str, accept: str) -> Obj:
        """A discovery document, which comes in several forms."""
        return decode_object((await self.raw("GET", path, headers=(("Accept", accept),))).body)

    def _with_identity(self, headers: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
        own = {name for name, _ in headers}
        lines = [header for header in self._headers if header[0] not in own]
        if self._token is not None and (token := self._token()):
            lines.append(("Authorization", f"Bearer {token}"))
        return [*lines, *headers]


def is_gone(error: ApiError) -> bool:
    """Whether a watch cannot go on from where it was."""
    return error.http_code == 410


def _delete_options(uid: str, resource_version: str, propagation: str, grace_seconds: int | None) -> Obj | None:
    """The body of a DELETE; none when everything is left to the server."""
    options: Obj = {}
    if propagation:
        options["propagationPolicy"] = propagation
    if grace_seconds is not None:
        options["gracePeriodSeconds"] = grace_seconds
    if uid or resource_version:
        preconditions = {"uid": uid, "resourceVersion": resource_version}
        options["preconditions"] = {key: value for key, value in preconditions.items() if value}
    return {"kind": "DeleteOptions", "apiVersion": "v1", **options} if options else None


def _system_random() -> random.Random:
    return random.SystemRandom()

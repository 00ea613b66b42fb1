"""What every request passes, from top to bottom: `Chain.reply` is the list.

Whoever is refused is told why in a `Status`; a fault of our own is logged and answered with 500. Nothing raised in
here ever reaches the transport.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from wherry.api.errors import ApiError, BadRequest, Forbidden, InternalError
from wherry.api.resource import Resource
from wherry.apiserver.access import Access
from wherry.apiserver.attributes import Attributes, User
from wherry.apiserver.compressing import compressed, is_worth
from wherry.apiserver.core import Core
from wherry.apiserver.exchange import Answer, Exchange, settled
from wherry.apiserver.gate import Refused
from wherry.apiserver.languages import Languages
from wherry.apiserver.options import is_set, parse_query
from wherry.apiserver.ownership import manager_of
from wherry.apiserver.requestinfo import RequestInfo, parse
from wherry.apiserver.requesttimeout import in_time, seconds_of
from wherry.apiserver.respond import error_reply
from wherry.apiserver.routes import method_not_allowed, no_such_path
from wherry.transport.messages import Reply, Request, Response, Stream, Takeover

log = logging.getLogger(__name__)

PathHandler = Callable[[Request, User], Answer]


class Observer(Protocol):
    """Sees every request with its outcome: metrics."""

    def observe(self, info: RequestInfo, reply: Reply, seconds: float) -> None: ...

    def hold(self, info: RequestInfo, change: int) -> None:
        """A request begins (1) or ceases (-1) to be waited for."""
        ...


class Chain:
    """The way of a request: authenticate, impersonate, authorize, handle, observe."""

    __slots__ = ("_access", "_core", "_languages", "_now", "_observer", "_paths", "_serve")

    def __init__(
        self,
        core: Core,
        access: Access,
        serve: Callable[[Exchange], Answer],
        paths: Callable[[str], PathHandler | None],
        observer: Observer,
    ) -> None:
        self._core = core
        self._access = access
        self._serve = serve
        self._paths = paths
        self._observer = observer
        self._now = core.clock.monotonic
        self._languages = Languages()

    def handle(self, request: Request) -> Answer:
        """Answer, at once if possible."""
        began = self._now()
        query = parse_query(request.query)
        info = parse(request.method, request.path, watch=is_set(query, "watch"))
        user: User | None = None
        try:
            seconds = seconds_of(query["timeout"], info) if "timeout" in query else None
            user = self._access.authenticate(request)
            if self._access.impersonate is not None:
                user = self._access.impersonate(request.headers, user, self._demand)
            info = _with_selected_name(info, query)
            self._demand(_attributes(info, user, query))
            answer: Answer
            if unknown := self._languages.unknown(request.headers):
                answer = self._learned(unknown, request, info, query, user)
            else:
                answer = self._answer(request, info, query, user)
            if seconds and isinstance(answer, Awaitable):
                answer = in_time(self._core.clock, answer, seconds, info.verb)
        except Exception as error:
            answer = self._refuse(request, info, query, user, error)
        if isinstance(answer, Response) and is_worth(answer, request.headers):
            answer = compressed(answer)
        if isinstance(answer, (Response, Stream, Takeover)):
            self._observer.observe(info, answer, self._now() - began)
            return answer
        self._observer.hold(info, 1)
        return self._finish(answer, request, info, began, partial(self._refuse, request, info, query, user))

    async def _learned(
        self, unknown: Sequence[str], request: Request, info: RequestInfo, query: Mapping[str, str], user: User
    ) -> Reply:
        await self._languages.learn(unknown)
        return await settled(self._answer(request, info, query, user))

    def _answer(self, request: Request, info: RequestInfo, query: Mapping[str, str], user: User) -> Answer:
        if info.resource:
            resource = self._core.registry.get(info.group, info.version, info.resource)
            if resource is None or not _is_in_scope(info, resource):
                raise no_such_path()
            if request.method == "HEAD" and resource.lifetime is None and info.subresource != "proxy":
                raise method_not_allowed()  # as routes of built-in kinds have it; custom kinds look at the verb alone
            return self._serve(Exchange(self._core, request, info, query, user, resource, self._demand))
        handler = self._paths(info.path)
        if handler is None:
            raise no_such_path()
        return handler(request, user)

    async def _finish(
        self,
        answer: Awaitable[Reply],
        request: Request,
        info: RequestInfo,
        began: float,
        refuse: Callable[[Exception], Reply],
    ) -> Reply:
        try:
            reply = await answer
            if isinstance(reply, Response) and is_worth(reply, request.headers):
                reply = await compressed(reply)
        except Exception as error:
            reply = refuse(error)
        finally:
            self._observer.hold(info, -1)
        self._observer.observe(info, reply, self._now() - began)
        return reply

    def _refuse(
        self, request: Request, info: RequestInfo, query: Mapping[str, str], user: User | None, raised: Exception
    ) -> Response:
        error = _failure(raised, request)
        if self._core.witness is not None:
            self._core.witness.refused(self._refused(request, info, query, user, error), self._core.store.revision)
        return error_reply(error, request)

    def _refused(
        self, request: Request, info: RequestInfo, query: Mapping[str, str], user: User | None, error: ApiError
    ) -> Refused:
        """Who was refused what; he may have been stopped before it was known which kind is meant, or who he is."""
        manager = query.get("fieldManager") or manager_of(request.headers.get("user-agent", ""))
        name = "" if user is None else user.name
        if not info.is_resource:
            return Refused(name, manager, info.verb, error, name=info.path)
        resource = self._core.registry.get(info.group, info.version, info.resource)
        named = f"{info.resource}.{info.group}" if info.group else info.resource
        namespace = info.namespace if resource is None else info.namespace_of(resource)
        kind = "" if resource is None else resource.kind
        return Refused(name, manager, info.verb, error, kind, named, info.subresource, namespace, info.name)

    def _demand(self, attributes: Attributes) -> None:
        decision = self._access.authorizer.authorize(attributes)
        if not decision.allowed:
            raise refusal(attributes, decision.reason)


def refusal(attributes: Attributes, reason: str) -> Forbidden:
    """Not allowed, in upstream's words."""
    why = refusal_text(attributes) + (f": {reason}" if reason else "")
    if not attributes.is_resource:
        return Forbidden(f"forbidden: {why}", {})
    details = {"kind": attributes.resource}
    if attributes.group:
        details = {"group": attributes.group, **details}
    if attributes.name:
        details = {"name": attributes.name, **details}
    qualified = f"{attributes.resource}.{attributes.group}" if attributes.group else attributes.resource
    subject = f'{qualified} "{attributes.name}"' if attributes.name else qualified
    return Forbidden(f"{subject} is forbidden: {why}", details)


def refusal_text(attributes: Attributes) -> str:
    """`User "x" cannot list resource "pods" in API group "" in the namespace "default"`."""
    user, verb = attributes.user.name, attributes.verb
    if not attributes.is_resource:
        return f'User "{user}" cannot {verb} path "{attributes.path}"'
    resource = attributes.resource + (f"/{attributes.subresource}" if attributes.subresource else "")
    text = f'User "{user}" cannot {verb} resource "{resource}" in API group "{attributes.group}"'
    if attributes.namespace:
        return f'{text} in the namespace "{attributes.namespace}"'
    return f"{text} at the cluster scope"


_COLLECTION_VERBS = frozenset({"list", "watch", "deletecollection"})


def _attributes(info: RequestInfo, user: User, query: Mapping[str, str]) -> Attributes:
    if not info.resource:
        return Attributes(user, info.verb, path=info.path)
    selector = query.get("fieldSelector", "") if info.verb in _COLLECTION_VERBS else None
    return Attributes(
        user,
        info.verb,
        info.group,
        info.version,
        info.resource,
        info.subresource,
        info.namespace,
        info.name,
        "",
        selector,
    )


def _is_in_scope(info: RequestInfo, resource: Resource) -> bool:
    """Whether the path names a namespace where there is one, and none where there is none.

    Who may list something in one namespace has been let through with that namespace; a kind without namespaces must
    not be served behind it.
    """
    if resource.is_namespaced:
        # The name of a list is the one that its field selector asks for, not part of the path.
        return bool(info.namespace) or not info.name or info.verb in ("list", "watch", "deletecollection")
    return not info.is_behind_namespace


def _with_selected_name(info: RequestInfo, query: Mapping[str, str]) -> RequestInfo:
    """A list of one name is authorized by that name: how kubelets are let to their own Secrets."""
    selector = query.get("fieldSelector")
    if not selector or info.name or info.verb not in _COLLECTION_VERBS:
        return info
    for term in selector.split(","):
        name, _, value = term.partition("=")
        if name == "metadata.name" and value.lstrip("="):
            return info.named(value.lstrip("="))
    return info


def _failure(error: Exception, request: Request) -> ApiError:
    """What the asker is told of what was raised."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, RecursionError):
        return BadRequest("the request is nested too deeply")
    log.exception("%s %s failed", request.method, request.path, exc_info=error)
    return InternalError.of(f"{type(error).__name__}: {error}")

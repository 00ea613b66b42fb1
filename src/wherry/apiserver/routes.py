"""From a request on a resource to the verb that serves it: one function per verb, all of them in `VERBS`.

A function answers at once where it can (GET, LIST and the start of a WATCH are look-ups in memory), and returns a
coroutine where a write has to become durable first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.errors import BadRequest, MethodNotAllowed, NotFound
from wherry.api.features import Gate
from wherry.api.resource import Resource, Subresource
from wherry.apiserver import versions
from wherry.apiserver.decode import read_options
from wherry.apiserver.exchange import Answer, Exchange, Respond, settled
from wherry.apiserver.negotiate import Form
from wherry.apiserver.options import delete_options, list_options, write_options
from wherry.apiserver.pages import page_reply
from wherry.apiserver.respond import item_reply, outcome_reply, warned
from wherry.apiserver.selection import select
from wherry.apiserver.subresources import Handler, Handlers, Streams, Target
from wherry.apiserver.subresources.catalog import find
from wherry.apiserver.subresources.patching import apply_by_handlers, patch_by_handlers
from wherry.apiserver.table import check_include
from wherry.apiserver.verbs import apply as applying
from wherry.apiserver.verbs import create, delete, deletecollection, get, patch, update, watch
from wherry.apiserver.verbs import list as listing
from wherry.apiserver.watchencoding import encoder
from wherry.apiserver.watchstream import stream
from wherry.apiserver.websockets import over_websocket, wrap
from wherry.store import Revision
from wherry.transport.messages import Reply
from wherry.watchcache.item import Item
from wherry.wire.websocket import is_handshake


class Router:
    """Finds who serves an exchange. `handlers` and `streams` add to what is built in."""

    __slots__ = ("_handlers", "_streams")

    def __init__(self, handlers: Handlers, streams: Streams) -> None:
        self._handlers = handlers
        self._streams = streams

    def serve(self, exchange: Exchange) -> Answer:
        """Answer, at once if possible."""
        gate = exchange.core.gate
        if gate is not None and (obstacle := gate.obstacle(exchange.ask())) is not None:
            return obstacle.around(lambda: settled(self._answer(exchange)))
        return self._answer(exchange)

    def _answer(self, exchange: Exchange) -> Answer:
        deprecation = exchange.resource.deprecation
        return warned(self._serve(exchange), deprecation) if deprecation else self._serve(exchange)

    def _serve(self, exchange: Exchange) -> Answer:
        info, resource = exchange.info, exchange.resource
        if info.subresource:
            return self._serve_subresource(exchange)
        if info.verb not in resource.verbs or (not info.name and info.verb in ("update", "patch")):
            raise method_not_allowed()
        if info.verb in ("create", "deletecollection") and resource.is_namespaced and not info.namespace:
            raise method_not_allowed()
        if not resource.stored:
            return self._serve_by_handler(exchange)
        return VERBS[info.verb](exchange)

    def _serve_subresource(self, exchange: Exchange) -> Answer:
        info, resource = exchange.info, exchange.resource
        sub = resource.subresource(info.subresource)
        if sub is None:
            raise no_such_path()
        stream = self._streams.get((resource.group_resource, sub.name))
        if stream is not None:
            return stream(exchange)
        if info.verb not in sub.verbs and not (info.verb == "get" and sub.writes):
            raise method_not_allowed()
        if not sub.writes:
            return self._serve_by_handler(exchange)
        match info.verb:
            case "get":
                return _get(exchange)
            case "patch":
                return patch_with(exchange, sub)
            case _:
                return put(exchange, sub)

    def _serve_by_handler(self, exchange: Exchange) -> Answer:
        info, resource = exchange.info, exchange.resource
        if info.verb == "patch":
            get = find(self._handlers, resource, info.subresource, "get")
            update = find(self._handlers, resource, info.subresource, "update")
            if get is not None and update is not None:
                return _patch_by_handlers(exchange, get, update)
        handler = find(self._handlers, resource, info.subresource, info.verb)
        if handler is None:
            raise method_not_allowed()
        return _by_handler(exchange, handler)


async def _by_handler(exchange: Exchange, handler: Handler) -> Reply:
    exchange.accepted()
    call = exchange.call(write_options(exchange.query, "CreateOptions"))
    sub = exchange.resource.subresource(exchange.info.subresource)
    kind = sub.kind.kind if sub is not None and sub.kind is not None else exchange.resource.kind
    body = None if exchange.info.verb in ("get", "list") else await exchange.body(kind)
    return await outcome_reply(exchange, await handler(exchange.core, call, _target(exchange), body), call)


async def _patch_by_handlers(exchange: Exchange, get: Handler, update: Handler) -> Reply:
    exchange.accepted()
    body, content_type = exchange.request.body, exchange.request.headers.get("content-type", "")
    is_apply = applying.is_apply(content_type)
    options = write_options(exchange.query, "PatchOptions", is_apply=is_apply)
    call = exchange.call(options)
    if is_apply:
        configuration = applying.Configuration(body, options.force)
        applied = await apply_by_handlers(exchange.core, call, _target(exchange), get, update, configuration)
        return await outcome_reply(exchange, applied, call)

    given = patch.reader(body, content_type, exchange.resource)  # Whose parts take the patches that it takes itself.

    def apply(kind: Resource, current: Obj) -> Obj:
        return replace(given, resource=kind)(current)

    outcome = await patch_by_handlers(exchange.core, call, _target(exchange), get, update, apply)
    return await outcome_reply(exchange, outcome, call)


def _target(exchange: Exchange) -> Target:
    info, resource = exchange.info, exchange.resource
    return Target(resource, info.namespace_of(resource), info.name, info.subresource)


def method_not_allowed() -> MethodNotAllowed:
    return MethodNotAllowed("the server does not allow this method on the requested resource", {})


def no_such_path() -> NotFound:
    return NotFound("the server could not find the requested resource", {})


def _get(exchange: Exchange) -> Answer:
    info, resource, core = exchange.info, exchange.resource, exchange.core
    if exchange.query and listing.parse_version(exchange.query.get("resourceVersion", "")) > core.cache.revision:
        return _get_later(exchange)
    item = get.get(core, resource, info.namespace_of(resource), info.name)
    if resource.converter is None and not versions.is_long(resource, item):
        return item_reply(exchange, item)
    return _converted_get(exchange, item)


async def _get_later(exchange: Exchange) -> Reply:
    """Wait for a revision that is still to come: what is answered may not be older."""
    revision = Revision(listing.parse_version(exchange.query["resourceVersion"]))
    await listing.wait(exchange.core, revision)
    return await settled(_get(exchange))


async def _converted_get(exchange: Exchange, item: Item) -> Reply:
    await versions.ready(exchange.core.aside, exchange.resource, (item,))
    return await settled(item_reply(exchange, item))


def _list(exchange: Exchange) -> Answer:
    options = list_options(exchange.query)
    selected = select(exchange.resource, options.label_selector, options.field_selector)
    exchange.accepted(is_list=True)
    core, resource, namespace = exchange.core, exchange.resource, exchange.info.namespace
    revision = listing.awaited(core, options)
    if revision is None and resource.from_storage is None:
        return page_reply(exchange, listing.page(core, resource, namespace, options, selected))

    async def later() -> Reply:
        if revision is not None:
            await listing.wait(core, revision)
        return await settled(
            page_reply(exchange, await listing.ready_page(core, resource, namespace, options, selected))
        )

    return later()


def _watch(exchange: Exchange) -> Answer:
    may_begin_with_all = exchange.core.features.has(Gate.WATCH_LIST)
    options = list_options(exchange.query, may_begin_with_all=may_begin_with_all)
    resource, core, info = exchange.resource, exchange.core, exchange.info
    selected = select(resource, options.label_selector, options.field_selector)
    if info.name and selected.name != info.name:
        if options.field_selector:
            raise BadRequest("fieldSelector metadata.name doesn't match requested name")
        selected = select(resource, options.label_selector, f"metadata.name={info.name}")
    namespace = info.namespace_of(resource)
    headers, accepted = exchange.request.headers, exchange.accepted_stream()
    include = check_include(exchange.query.get("includeObject", "")) if accepted.form is Form.TABLE else ""
    by_message = is_handshake(headers)
    encoding = encoder(resource, accepted, core.clock, include, wrap if by_message else None)

    def reply() -> Reply:
        ask = exchange.ask() if core.gate is not None else None
        watching = stream(core, resource, namespace, options, selected, encoding, ask)
        return over_websocket(headers, watching) if by_message else watching

    revision = watch.awaited(core, resource, options)
    if revision is None and resource.converter is None:
        return reply()

    async def later() -> Reply:
        if revision is not None:
            await listing.wait(core, revision)
        await watch.ready(core, resource, namespace, selected)
        return reply()

    return later()


async def _create(exchange: Exchange) -> Reply:
    info, resource = exchange.info, exchange.resource
    if info.name:
        raise method_not_allowed()
    options = write_options(exchange.query, "CreateOptions")
    exchange.accepted()
    obj = await exchange.body(resource.kind)
    call = exchange.call(options)
    duplicates = await exchange.duplicates(options, obj)
    outcome = await create.create(exchange.core, call, resource, info.namespace_of(resource), obj, duplicates)
    return await outcome_reply(exchange, outcome, call)


async def _update(exchange: Exchange) -> Reply:
    return await put(exchange, None)


async def put(exchange: Exchange, sub: Subresource | None) -> Reply:
    """PUT of an object, or of the part of it that a subresource writes."""
    info, resource = exchange.info, exchange.resource
    options = write_options(exchange.query, "UpdateOptions")
    exchange.accepted()
    obj = await exchange.body(resource.kind)
    call = exchange.call(options)
    duplicates = await exchange.duplicates(options, obj)
    namespace = info.namespace_of(resource)
    if sub is None and resource.create_on_update and exchange.core.kind(resource).get(namespace, info.name) is None:
        exchange.demand_verb("create")
    outcome = await update.update(exchange.core, call, resource, namespace, info.name, obj, sub, duplicates)
    return await outcome_reply(exchange, outcome, call)


async def _patch(exchange: Exchange) -> Reply:
    return await patch_with(exchange, None)


async def patch_with(exchange: Exchange, sub: Subresource | None) -> Reply:
    """PATCH of an object, or of the part of it that a subresource writes."""
    info, resource = exchange.info, exchange.resource
    if applying.is_apply(exchange.request.headers.get("content-type", "")):
        return await _apply(exchange, sub)
    # The type of the patch first: what its options may say depends on it.
    apply = patch.reader(exchange.request.body, exchange.request.headers.get("content-type", ""), resource)
    options = write_options(exchange.query, "PatchOptions")
    exchange.accepted()
    call = exchange.call(options)
    namespace = info.namespace_of(resource)
    outcome = await patch.patch(exchange.core, call, resource, namespace, info.name, apply, sub)
    return await outcome_reply(exchange, outcome, call)


async def _apply(exchange: Exchange, sub: Subresource | None) -> Reply:
    """Server-side apply, of an object or of the part of it that a subresource writes."""
    info, resource = exchange.info, exchange.resource
    options = write_options(exchange.query, "PatchOptions", is_apply=True)
    exchange.accepted()
    call = exchange.call(options)
    configuration = applying.Configuration(exchange.request.body, options.force)
    namespace = info.namespace_of(resource)
    create_too = partial(exchange.demand_verb, "create")
    outcome = await applying.apply(exchange.core, call, resource, namespace, info.name, configuration, sub, create_too)
    return await outcome_reply(exchange, outcome, call)


async def _delete(exchange: Exchange) -> Reply:
    info, resource, request = exchange.info, exchange.resource, exchange.request
    exchange.accepted()
    options = delete_options(exchange.query, read_options(request.body, request.headers.get("content-type", "")))
    call = exchange.deleting(options)
    deleted = await delete.delete(exchange.core, call, resource, info.namespace_of(resource), info.name, options)
    return await outcome_reply(exchange, delete.outcome(resource, info.name, deleted), call)


async def _delete_collection(exchange: Exchange) -> Reply:
    info, resource, request = exchange.info, exchange.resource, exchange.request
    options = list_options(exchange.query)
    deletion = delete_options(exchange.query, read_options(request.body, request.headers.get("content-type", "")))
    selected = select(resource, options.label_selector, options.field_selector)
    call = exchange.deleting(deletion)
    page = await deletecollection.delete_collection(
        exchange.core, call, resource, info.namespace_of(resource), options, selected, deletion
    )
    return await settled(page_reply(exchange, page))


VERBS: Mapping[str, Respond] = {
    "get": _get,
    "list": _list,
    "watch": _watch,
    "create": _create,
    "update": _update,
    "patch": _patch,
    "delete": _delete,
    "deletecollection": _delete_collection,
}

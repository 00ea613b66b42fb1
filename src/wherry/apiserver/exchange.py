"""One request on its way to a reply, once it is known who asks for what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from msgspec import Struct

from wherry.api import Obj
from wherry.api.resource import Resource, is_large
from wherry.apiserver.access import Demand
from wherry.apiserver.attributes import Attributes, User
from wherry.apiserver.core import Call, Core
from wherry.apiserver.decode import find_duplicates, find_yaml_duplicates, in_order_of, read_body
from wherry.apiserver.gate import Ask
from wherry.apiserver.negotiate import (
    JSON,
    YAML,
    Accepted,
    body_type,
    is_for_people,
    negotiate,
    negotiate_stream,
    prettier,
)
from wherry.apiserver.options import DeleteOptions, FieldValidation, Query, WriteOptions
from wherry.apiserver.ownership import manager_of
from wherry.apiserver.requestinfo import RequestInfo
from wherry.transport.messages import Reply, Request

_LONG = 32 * 1024
"""Of what is read by Python: YAML and protobuf. JSON is read at once, whatever its length."""
_JSON_BEGINS = (b"{", b"[", b"")
_YAML_EFFORT = 4
"""How much more work a byte of YAML is, by and large."""


class Exchange(Struct):
    """A request on a resource. `call` collects warnings for the reply."""

    core: Core
    request: Request
    info: RequestInfo
    query: Query
    user: User
    resource: Resource
    demand: Demand
    """Raises Forbidden unless the user may do something further that the request comes down to."""

    def accepted(self, *, is_list: bool = False) -> Accepted:
        """The form of the answer; raises NotAcceptable."""
        headers = self.request.headers
        found = negotiate(
            headers.get("accept", ""), is_list=is_list, has_protobuf=self._has_protobuf, has_table=self._has_table
        )
        return prettier(found) if is_for_people(headers, self.query.get("pretty")) else found

    def accepted_stream(self) -> Accepted:
        """The form of a watch's events; raises NotAcceptable."""
        return negotiate_stream(self.request.headers.get("accept", ""), has_protobuf=self._has_protobuf)

    def _has_protobuf(self) -> bool:
        from wherry.apiserver.protobuf.numbers import type_of

        sub = self.resource.subresource(self.info.subresource) if self.info.subresource else None
        kind = self.resource if sub is None or sub.kind is None else sub.kind
        return bool(type_of(kind.api_version, kind.kind))

    def _has_table(self) -> bool:
        """What can only be sent, such as a review, is no row of anything."""
        sub = self.resource.subresource(self.info.subresource) if self.info.subresource else None
        return (self.resource.verbs if sub is None else sub.verbs) != ("create",)

    async def body(self, kind: str) -> Obj:
        """The decoded body; `kind` is for the error when it cannot be decoded."""
        body, content_type = self.request.body, self.request.headers.get("content-type", "")
        if len(body) > _LONG and body_type(content_type) != JSON:
            # A megabyte takes half a second: others are served meanwhile.
            return await self.core.aside.run(lambda: read_body(body, content_type, kind))
        return read_body(body, content_type, kind)

    async def duplicates(self, options: WriteOptions, obj: Obj) -> Sequence[str]:
        """What to say of keys that stand twice in the body, unless nobody wants to know."""
        if options.field_validation is FieldValidation.IGNORE:
            return ()
        body = self.request.body
        media_type = body_type(self.request.headers.get("content-type", ""))
        if media_type == JSON:
            find = partial(find_duplicates, body, obj)
            return await self.core.aside.run(find) if is_large(len(body)) else find()
        if media_type == YAML:
            is_strict = options.field_validation is FieldValidation.STRICT
            find = partial(find_yaml_duplicates, body, is_strict)
            return await self.core.aside.run(find) if len(body) > _LONG else find()
        return ()

    def demand_verb(self, verb: str) -> None:
        """Insist that the user may also do `verb` to what the path names."""
        info = self.info
        self.demand(Attributes(self.user, verb, info.group, info.version, info.resource, "", info.namespace, info.name))

    def call(self, options: WriteOptions) -> Call:
        manager = options.field_manager or manager_of(self.request.headers.get("user-agent", ""))
        order = partial(in_order_of, self.request.body)
        body = self.request.body
        size = len(body) if body[:1] in _JSON_BEGINS else len(body) * _YAML_EFFORT
        verb, subresource = self.info.verb, self.info.subresource
        return Call(
            self.user,
            options.dry_run,
            options.field_validation,
            manager,
            verb,
            subresource,
            size=size,
            in_order=order,
        )

    def deleting(self, options: DeleteOptions) -> Call:
        """The same for deletions, which own no fields."""
        manager = manager_of(self.request.headers.get("user-agent", ""))
        return Call(self.user, options.dry_run, manager=manager, verb=self.info.verb)

    def ask(self) -> Ask:
        """What whoever stands at the gate is told."""
        info, request = self.info, self.request
        manager = self.query.get("fieldManager") or manager_of(request.headers.get("user-agent", ""))
        namespace = info.namespace_of(self.resource)
        return Ask(self.user, manager, info.verb, self.resource, info.subresource, namespace, info.name)


Answer = Reply | Awaitable[Reply]
Respond = Callable[[Exchange], Answer]
"""Answers an exchange: at once where nothing has to be waited for."""


async def settled(answer: Answer) -> Reply:
    """The reply, waited for if need be."""
    return await answer if isinstance(answer, Awaitable) else answer

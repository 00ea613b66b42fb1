"""One request on its way to a reply, once it is known who asks for what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from wherry.api import Obj
from wherry.api.resource import Resource
from wherry.apiserver import negotiate
from wherry.apiserver.access import Demand
from wherry.apiserver.attributes import Attributes, User
from wherry.apiserver.core import Call, Core
from wherry.apiserver.decode import find_duplicates, find_yaml_duplicates, read_body
from wherry.apiserver.negotiate import body_type
from wherry.apiserver.options import FieldValidation, Query, WriteOptions
from wherry.apiserver.requestinfo import RequestInfo
from wherry.transport.messages import Reply, Request

_LONG_YAML = 32 * 1024


@dataclass(slots=True)
class Exchange:
    """A request on a resource. `call` collects warnings for the reply."""

    core: Core
    request: Request
    info: RequestInfo
    query: Query
    user: User
    resource: Resource
    demand: Demand
    """Raises Forbidden unless the user may do something further that the request comes down to."""

    @property
    def accept(self) -> str:
        return self.request.headers.get("accept", "")

    async def body(self, kind: str) -> Obj:
        """The decoded body; `kind` is for the error when it cannot be decoded."""
        body, content_type = self.request.body, self.request.headers.get("content-type", "")
        if len(body) > _LONG_YAML and body_type(content_type) == negotiate.YAML:
            # A megabyte takes half a second: others are served meanwhile.
            return await asyncio.to_thread(read_body, body, content_type, kind)
        return read_body(body, content_type, kind)

    def duplicates(self, options: WriteOptions, obj: Obj) -> Sequence[str]:
        """What to say of keys that stand twice in the body, unless nobody wants to know."""
        if options.field_validation is FieldValidation.IGNORE:
            return ()
        body = self.request.body
        match body_type(self.request.headers.get("content-type", "")):
            case negotiate.JSON:
                return find_duplicates(body, obj)
            case negotiate.YAML:
                return find_yaml_duplicates(body, options.field_validation is FieldValidation.STRICT)
            case _:
                return ()

    def demand_verb(self, verb: str) -> None:
        """Insist that the user may also do `verb` to what the path names."""
        info = self.info
        self.demand(Attributes(self.user, verb, info.group, info.version, info.resource, "", info.namespace, info.name))

    def call(self, options: WriteOptions) -> Call:
        return Call(self.user, options.dry_run, options.field_validation)


Answer = Reply | Awaitable[Reply]
Respond = Callable[[Exchange], Answer]
"""Answers an exchange: at once where nothing has to be waited for."""


async def settled(answer: Answer) -> Reply:
    """The reply, waited for if need be."""
    return await answer if isinstance(answer, Awaitable) else answer

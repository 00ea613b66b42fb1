"""Subresources with handlers of their own, and kinds that are questions rather than objects.

- `Handler` answers one verb on a `Target` with an `Outcome`; it knows neither HTTP nor JSON text
- `Stream` answers with a stream or takes the connection over: log, exec, attach, portforward, proxy
- `catalog.py` is the one list of those that are built in

Subresources that merely write a part of the object (`status`, `finalize`) have no handler: `Subresource.writes` says
what they write, and the ordinary verbs do it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from msgspec import Struct

from wherry.api import Obj
from wherry.api.resource import Resource
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.exchange import Respond


class Target(Struct, frozen=True):
    """What a subresource belongs to. `name` is "" for kinds that are only ever created."""

    resource: Resource
    namespace: str
    name: str
    subresource: str


Handler: TypeAlias = Callable[[Core, Call, Target, Obj | None], Awaitable[Outcome]]
"""Answers one verb; the body is None for `get` and `list`."""

Path: TypeAlias = tuple[str, str]
"""(`deployments.apps`, `scale`); the second is "" for a kind that is not stored."""

Handlers: TypeAlias = Mapping[Path, Mapping[str, Handler]]
Streams: TypeAlias = Mapping[Path, Respond]

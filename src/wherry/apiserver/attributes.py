"""Who asks for what: the values that authentication, authorization and admission pass on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.errors import ApiError
from wherry.api.resource import Resource
from wherry.watchcache.item import Item

ANONYMOUS = "system:anonymous"
UNAUTHENTICATED = "system:unauthenticated"
AUTHENTICATED = "system:authenticated"
MASTERS = "system:masters"


class User(Struct, frozen=True):
    """An authenticated identity. `groups` already contains `system:authenticated` (or `system:unauthenticated`)."""

    name: str
    groups: tuple[str, ...] = (AUTHENTICATED,)
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.name, self.groups, self.uid))


class Attributes(Struct, frozen=True):
    """One action of one user, as authorization sees it. Either on a resource, or on a plain `path`."""

    user: User
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    field_selector: str | None = None
    """What narrows a list, watch or deletecollection; "" for nothing, None where it is not known (reviews)."""

    @property
    def is_resource(self) -> bool:
        return bool(self.resource)


class Decision(Struct, frozen=True):
    """`reason` says why, for the client and the audit log; a refusal needs none."""

    allowed: bool
    reason: str = ""


class Authorizer(Protocol):
    def authorize(self, attributes: Attributes) -> Decision: ...


Observer: TypeAlias = Callable[[Item | None, Item | None], None]
"""Hears of one change as (before, after); before is None for a new object, after for one that is gone."""


class Reader(Protocol):
    """How authorization and admission look at stored objects: from the watch cache, at once."""

    def get(self, resource: Resource, namespace: str, name: str) -> Item | None: ...

    def list(self, resource: Resource, namespace: str = "") -> Sequence[Item]: ...

    def observe(self, resource: Resource, observer: Observer) -> None:
        """Call `observer` on every change of the kind from now on, before the change's writer is answered.

        What is derived from objects (rules of a user, secrets of a node, verified tokens) is kept true by this.
        """
        ...


class Later(Exception):
    """A plug-in misses an object that somebody is about to make; it may be asked again once that is there.

    `refusal` is what to say if it does not come.
    """

    def __init__(self, resource: Resource, namespace: str, name: str, refusal: ApiError) -> None:
        super().__init__(refusal.message)
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.refusal = refusal


class Admission(Struct):
    """A write on its way in. Plug-ins change `obj` in place or raise an `ApiError`."""

    user: User
    operation: str
    """CREATE, UPDATE, DELETE or CONNECT."""
    resource: Resource
    subresource: str
    namespace: str
    name: str
    obj: Obj | None
    """The object to be written; for a subresource with a body of another kind, that body. None on DELETE."""
    old: Obj | None
    dry_run: bool
    warn: Callable[[str], None]
    """Adds a `Warning` header to the answer."""


Plugin = Callable[[Admission, Reader], None]
"""An admission plug-in: mutates or refuses. The lists are in `admission/chain.py`, mutating ones first."""

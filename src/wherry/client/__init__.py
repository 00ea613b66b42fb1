"""How parts of a cluster reach the API: one `Client`, whether in process or over HTTP.

- `Client`: verbs on `Resource`s, plain objects in and out; raises the errors of `api.errors`
- `Informer`: a read-only view of all objects of a kind that follows changes; index look-ups; handlers
- `Key`: (namespace, name)

`http.py` is the client over TLS, `reflector.py` its informers; the API server has the in-process ones
(`apiserver/inprocess.py`), which read the watch cache itself and copy nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from enum import Enum
from typing import Protocol, TypeVar

from msgspec import Struct

from wherry.api import Obj
from wherry.api.resource import Resource

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


class Key(Struct, frozen=True, order=True):
    """What names an object of a known kind; namespace is "" for cluster-scoped kinds."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class Patch(Enum):
    """The three ways to describe a change; values are the content types."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"


class WatchEvent(Struct, frozen=True):
    """`type` is ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: Obj


class Page(Struct, frozen=True):
    """One LIST answer."""

    items: list[Obj]
    resource_version: str
    continue_token: str


class Client(Protocol):
    """The API's verbs. `subresource` is a name such as `status`; objects passed in are not changed."""

    async def get(self, resource: Resource, name: str, namespace: str = "", *, subresource: str = "") -> Obj: ...

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
    ) -> Page: ...

    async def create(
        self, resource: Resource, obj: Obj, namespace: str = "", *, name: str = "", subresource: str = ""
    ) -> Obj:
        """`name` is the parent object's, for subresources such as `binding` and `eviction`."""
        ...

    async def update(self, resource: Resource, obj: Obj, *, subresource: str = "") -> Obj: ...

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Obj | Sequence[Obj],
        namespace: str = "",
        *,
        type: Patch = Patch.MERGE,
        subresource: str = "",
    ) -> Obj: ...

    async def apply(
        self, resource: Resource, obj: Obj, *, manager: str, force: bool = False, subresource: str = ""
    ) -> Obj:
        """Server-side apply: `manager` owns just what `obj` says, and nothing that it said before and no longer does.

        Creates what does not exist. Raises Conflict where others own what would change, unless it is taken by `force`.
        """
        ...

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
    ) -> Obj: ...

    async def delete_collection(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", propagation: str = ""
    ) -> None:
        """Ask for the deletion of all objects of a kind that are selected; some may stay for a while."""
        ...

    def watch(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
    ) -> AsyncIterator[WatchEvent]: ...

    def informer(self, resource: Resource, view: type[T], *, field_selector: str = "") -> Informer[T]:
        """The informer of a kind, shared by all who ask this client with the same arguments.

        `view` is the generated type of `api.types` (or any msgspec type of part of it: `Metadata` for code that
        looks at nothing else).
        """
        ...

    def forget(self, resource: Resource) -> None:
        """End the informers of a kind that is served no more, or was defined anew under another value."""
        ...

    async def resources(self) -> Sequence[Resource]:
        """Every kind the API serves now (custom ones too), one value per stored kind."""
        ...


class Handler(Protocol[T_contra]):
    """What wants to hear of changes. `old` is None when the object is new, `new` is None when it is gone."""

    def __call__(self, old: T_contra | None, new: T_contra | None) -> None: ...


class Informer(Protocol[T_co]):
    """All objects of a kind, read-only and up to date; never block on it."""

    @property
    def resource(self) -> Resource: ...

    async def wait_synced(self) -> None:
        """Return once the first full list is in."""
        ...

    def get(self, key: Key) -> T_co | None: ...

    def list(self, namespace: str = "") -> Iterable[T_co]:
        """All objects, or those of one namespace, in no promised order."""
        ...

    def add_index(self, name: str, keys: Callable[[T_co], Iterable[str]]) -> None:
        """Keep a look-up table; adding the same name again changes nothing."""
        ...

    def by_index(self, name: str, key: str) -> Iterable[T_co]: ...

    def add_handler(self, handler: Handler[T_co]) -> None:
        """Call `handler` for every object there is now and then for every change, in order, on the event loop."""
        ...

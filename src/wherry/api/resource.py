"""Everything that is true of a kind as data, in one value.

The same `Resource` feeds routing, discovery, OpenAPI, `kubectl get` columns, validation, the command line and the
tests, so each fact is written once. What differs from kind to kind is a plain function on it; the API server has no
branch for any kind. A custom resource is a `Resource` built from its definition and takes the same path.

All functions here are pure. Those that prepare or default an object change it in place (the pipeline owns its copy);
those that validate return faults and change nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from msgspec import Struct

from wherry.api import Obj
from wherry.api.field import FieldError
from wherry.api.schema import Schema

Cell = str | int | bool | None
ColumnValue = str | Callable[[Obj, float], Cell]
"""Either a dotted path into the object (`.status.phase`), or a function of the object and the time now."""


class Scope(Enum):
    """Whether objects of a kind live in a namespace."""

    NAMESPACED = "Namespaced"
    CLUSTER = "Cluster"


class Column(Struct, frozen=True):
    """One column of `kubectl get`. Priority 0 is always shown, higher only with `-o wide`."""

    name: str
    value: ColumnValue
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


class GroupVersionKind(Struct, frozen=True):
    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


class Subresource(Struct, frozen=True):
    """A path below an object. `kind` is what its body is when that is not the object itself.

    `writes` names the top-level fields (or, for status, the one) that a write through this path may change; everything
    else is kept as stored. A subresource without `writes` has a handler of its own in `apiserver/subresources`.
    """

    name: str
    verbs: tuple[str, ...] = ("get", "patch", "update")
    kind: GroupVersionKind | None = None
    writes: tuple[str, ...] = ()


STATUS = Subresource("status", writes=("status",))


class Scale(Struct, frozen=True):
    """Where a kind keeps what `autoscaling/v1 Scale` shows: dotted paths into the object."""

    replicas: str = ".spec.replicas"
    status_replicas: str = ".status.replicas"
    selector: str = ".spec.selector"


def _nothing(_: Obj) -> None:
    return None


def _not_held(_: Obj) -> bool:
    return False


def _no_faults(_: Obj) -> Sequence[FieldError]:
    return ()


def _no_update_faults(_new: Obj, _old: Obj) -> Sequence[FieldError]:
    return ()


def _keep(_new: Obj, _old: Obj) -> None:
    return None


def _no_warnings(_new: Obj, _old: Obj | None) -> Sequence[str]:
    return ()


LARGE = 128 * 1024
"""Bytes of an object that take any kind some milliseconds to judge."""


def is_large(size: int) -> bool:
    """Whether an object of so many bytes is worth a thread, when nothing more is known of its kind."""
    return size > LARGE


def large_or_first(module: str) -> Callable[[int], bool]:
    """The same of kinds whose first object brings imports with it, the last of which is this module's."""
    return lambda size: size > LARGE or module not in sys.modules


class Converter(Protocol):
    """Brings objects of a kind from one version into another by asking somebody who may take his time."""

    async def convert(self, objects: Sequence[Obj], api_version: str) -> list[Obj]:
        """The objects in another version, in their order; raises ApiError. The arguments are used up."""
        ...


class Lifetime:
    """What successive definitions of one version of a custom kind have in common, for those who go on meanwhile.

    A watch outlives the `Resource` that it began with: it shows objects as `current` says, until nothing does.
    """

    __slots__ = ("_mourners", "current")

    def __init__(self) -> None:
        self.current: Resource | None = None
        """What is served now; None before and after."""
        self._mourners: dict[Callable[[], None], None] = {}

    def on_end(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` when the version is served no more; returns what calls that off."""
        self._mourners[callback] = None
        return lambda: self._mourners.pop(callback, None)

    def end(self) -> None:
        mourners, self._mourners = self._mourners, {}
        for mourner in mourners:
            mourner()


STANDARD_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resource:
    """A kind as data. Compared by identity: there is one value for one served kind of a registry."""

    group: str
    version: str
    kind: str
    plural: str
    schema: Schema
    scope: Scope = Scope.NAMESPACED
    singular: str = ""
    list_kind: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = STANDARD_VERBS

    columns: tuple[Column, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    scale: Scale | None = None
    fields: Mapping[str, Callable[[Obj], str]] = field(default_factory=dict)
    """Selectable fields beyond `metadata.name` and `metadata.namespace`."""

    has_generation: bool = False
    """`metadata.generation` starts at 1 and counts changes of anything but metadata and status."""
    unconditional_update: bool = True
    """Whether an update without a resourceVersion overwrites what is stored (upstream: AllowUnconditionalUpdate)."""
    create_on_update: bool = False
    """Whether a PUT to a name that does not exist creates it (upstream: AllowCreateOnUpdate)."""
    validate_name: Callable[[str, bool], Sequence[str]] | None = None
    """(name, is a generateName prefix) -> faults; None is a DNS-1123 subdomain."""

    defaults: Callable[[Obj], None] = _nothing
    """Fill in what upstream's defaulting does, after the schema's own."""
    prepare_create: Callable[[Obj], None] = _nothing
    """Reset what a client may not set on create (status is already dropped when there is a status subresource)."""
    prepare_update: Callable[[Obj, Obj], None] = _keep
    """(new, old): restore what a client may not change silently (status is already kept)."""
    prepare_status_update: Callable[[Obj, Obj], None] = _keep
    """(new, old) for writes through `status`; spec is already kept as stored."""
    stamp: Callable[[Obj, Obj | None, str], None] | None = None
    """(new, old or None, now): note since when what it says holds, on whatever path it is written."""
    validate: Callable[[Obj], Sequence[FieldError]] = _no_faults
    """What holds for every new state but through `status`."""
    validate_create: Callable[[Obj], Sequence[FieldError]] = _no_faults
    """What holds only for new objects; `validate` runs as well. Called by `meta.objectmeta.validate_create`."""
    validate_update: Callable[[Obj, Obj], Sequence[FieldError]] = _no_update_faults
    """(new, old): immutability and the like; `validate(new)` has run as well."""
    validate_status_update: Callable[[Obj, Obj], Sequence[FieldError]] = _no_update_faults
    warnings: Callable[[Obj, Obj | None], Sequence[str]] = _no_warnings
    deprecation: str = ""
    """What everybody who asks for this kind, in whatever way, is warned with; "" is nothing."""

    is_laborious: Callable[[int], bool] = is_large
    """Whether judging an object of so many bytes of JSON takes so long that others should be served meanwhile."""

    grace_seconds: Callable[[Obj, int | None], int] | None = None
    """(object, requested) -> how long a deletion waits for its owner to finish; None deletes at once."""
    default_propagation: str = "Background"
    """What deletes without a propagationPolicy do: Background or Orphan."""

    ttl_seconds: float | None = None
    """How long objects are kept after they were last written (upstream: event-ttl); None is for ever."""
    keeps_status_on_create: bool = False
    """Whether a create may set the status although there is a status subresource (a kubelet registering its Node)."""
    returns_deleted: bool = False
    """Whether the answer to a completed deletion is the object that was deleted instead of a bare `Status`."""
    begin_deletion: Callable[[Obj], None] = _nothing
    """Show in the object that its deletion has begun (a namespace's phase becomes Terminating)."""
    is_held: Callable[[Obj], bool] = _not_held
    """Whether something besides `metadata.finalizers` keeps an object that is being deleted (a namespace's spec)."""

    storage: Resource | None = None
    """The version in which objects of this kind are kept when that is another one (HPA v1 is kept as v2)."""
    to_storage: Callable[[Obj], Obj] | None = None
    from_storage: Callable[[Obj], Obj] | None = None
    """Makes of what is kept what is served. Versions, prunes and defaults custom objects; may change its argument."""
    converter: Converter | None = None
    """Who changes the version before `from_storage` or after `to_storage` where that takes more than a function."""
    lifetime: Lifetime | None = None
    """What goes on when this kind is defined anew; only custom kinds are."""
    is_served: bool = True
    """False for a version that objects are kept in but that cannot be asked for."""
    is_terminating: bool = False
    """Whether the kind is on its way out: what there is can still be seen and deleted, but nothing is created."""
    deletion_finalizers: tuple[str, ...] = ()
    """Finalizers that the first request to delete an object puts on it."""
    stored: bool = True
    """False for kinds that are questions, not objects (TokenReview, SubjectAccessReview)."""

    api_version: str = field(init=False)
    is_namespaced: bool = field(init=False)
    group_resource: str = field(init=False)
    """`deployments.apps`, `pods`: how errors name the kind."""
    key_prefix: str = field(init=False)
    """First segment of the store's keys of this kind, shared by all versions of it."""
    purpose: object = field(init=False)
    """What the forms that `from_storage` makes are remembered by."""
    _by_name: Mapping[str, Subresource] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_version", f"{self.group}/{self.version}" if self.group else self.version)
        object.__setattr__(self, "is_namespaced", self.scope is Scope.NAMESPACED)
        object.__setattr__(self, "_by_name", {sub.name: sub for sub in self.subresources})
        object.__setattr__(self, "singular", self.singular or self.kind.lower())
        object.__setattr__(self, "list_kind", self.list_kind or self.kind + "List")
        object.__setattr__(self, "group_resource", f"{self.plural}.{self.group}" if self.group else self.plural)
        object.__setattr__(self, "purpose", object())
        object.__setattr__(self, "key_prefix", self.storage.key_prefix if self.storage else self.group_resource)

    def __repr__(self) -> str:
        return f"<Resource {self.api_version} {self.plural}>"

    def subresource(self, name: str) -> Subresource | None:
        return self._by_name.get(name)

    def key(self, namespace: str, name: str) -> str:
        """The store's key of one object: `pods/default/web`, `nodes/n1`."""
        return f"{self.key_prefix}/{namespace}/{name}" if self.is_namespaced else f"{self.key_prefix}/{name}"


def lookup(obj: Any, path: str) -> Any:
    """Follow a dotted path such as `.spec.replicas`; None where anything on the way is missing."""
    for step in path.lstrip(".").split("."):
        if not isinstance(obj, dict):
            return None
        obj = obj.get(step)
    return obj

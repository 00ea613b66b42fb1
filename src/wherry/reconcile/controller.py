"""What a controller is: a declaration, and a function of a key.

Three outcomes, no more: an exception means try again with back-off; `Result(requeue_after=...)` means look again then;
`Terminal` is logged and dropped. The loop alone decides about retry.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from wherry.api.features import DEFAULTS, Features
from wherry.api.resource import Resource
from wherry.client import Client, Key
from wherry.lib.clock import Clock


class Terminal(Exception):
    """Trying again would not help; say why and wait for the object to change."""


class Result(Struct, frozen=True):
    """All is as wanted; look again after `requeue_after` seconds even if nothing changes."""

    requeue_after: float | None = None


DONE = Result()


class EventSink(Protocol):
    """Records a Kubernetes Event about an object; never blocks, never fails."""

    def event(self, about: Any, type: str, reason: str, message: str, *, action: str = "") -> None:
        """`about` is a view or plain object with metadata; `type` is Normal or Warning."""
        ...


class EventSource(EventSink, Protocol):
    """A sink that speaks for several components, each under its own name."""

    def for_component(self, component: str) -> EventSink: ...


class Deps(Struct, frozen=True):
    """What a reconcile function may use. Nothing else reaches it."""

    client: Client
    clock: Clock
    events: EventSink
    random: random.Random
    settings: Mapping[str, Any] = field(default_factory=dict)
    features: Features = DEFAULTS
    state: Any = None
    """What `Controller.start` returned: expectations, caches of this controller in this control plane."""
    enqueue: Callable[[Key], None] = lambda key: None
    """Have one of this controller's keys looked at, for changes that no `Watch` can express."""
    enqueue_after: Callable[[Key, float], None] = lambda key, seconds: None
    """The same in so many seconds, for a change that wants to be looked at later only."""
    expect: Callable[[Key, float | None], None] = lambda key, seconds: None
    """Have one of this controller's keys looked at unless this is called again within so many seconds: for signs of
    life. The seconds are those of the first call for a key; None calls it off."""


class Watch(Struct, frozen=True):
    """Wake on changes of another kind: `keys` tells which of the reconciled objects are meant.

    Called with the old and the new view (either may be None) and the Deps.
    """

    resource: Resource
    view: type[Any]
    keys: Callable[[Any, Any, Deps], Iterable[Key]]
    field_selector: str = ""
    """Hear only of objects that match, as `metadata.name=kube-root-ca.crt`."""


class Controller(Struct, frozen=True):
    """A controller as a value; `controllers/catalog.py` lists them all."""

    name: str
    reconciles: Resource
    view: type[Any]
    reconcile: Callable[[Key, Deps], Awaitable[Result]]
    reads: tuple[Watch, ...] = ()
    writes: tuple[str, ...] = ()
    """What it changes, as `pods`, `deployments.apps/status`: documentation that a test holds against double owners."""
    start: Callable[[Deps], Any] | None = None
    """Makes this controller's own state and adds indexes to informers, once per control plane, before the first key."""
    workers: int = 4
    settings: Mapping[str, Any] = field(default_factory=dict)
    component: str = ""
    """Who its Events come from, where upstream's name for that is another than the controller's."""
    manager: str = ""
    """Under whose name it owns what it writes, where that is another than the rest's: upstream's API server has loops
    of its own."""
    hears_own: bool = True
    """Whether every change of a reconciled object is a reason to look at it; otherwise only what `reads` says is."""

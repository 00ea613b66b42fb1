"""WATCH: where a watch begins, decided in one moment. `watchstream.py` and `inprocess.py` follow it from there.

Without a resourceVersion (or with `0`) a watch first shows all there is as ADDED; from a resourceVersion it goes on
where that list or event was. With `sendInitialEvents` the client asks for the first explicitly, and is told by an
annotated bookmark when it has seen everything.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from wherry.api.errors import ApiError, Invalid
from wherry.api.resource import Resource
from wherry.apiserver import versions
from wherry.apiserver.core import Core
from wherry.apiserver.failures import too_old_version
from wherry.apiserver.gate import Ask
from wherry.apiserver.options import ListOptions
from wherry.apiserver.presenting import End, Presenter
from wherry.apiserver.selection import Selection
from wherry.apiserver.verbs.list import parse_version, version_fault
from wherry.store import Compacted, Revision
from wherry.watchcache.fanout import Deliver, Subscription
from wherry.watchcache.item import Item

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class _Plural(Struct, frozen=True):
    """A kind as a watch's faults name it: in the plural."""

    group: str
    plural: str
    kind: str


class Watching(Struct):
    """A watch that has begun: first `initial`, then what `subscription` delivers after `since`."""

    initial: list[Item]
    since: Revision
    subscription: Subscription
    announces_end: bool
    """Whether a bookmark tells when the initial events have been seen."""
    presenter: Presenter | None = None
    leave: Callable[[], object] | None = None
    """Calls off what would end the watch from within."""

    @property
    def is_caught_up(self) -> bool:
        """Whether nothing that the subscription delivered is still being converted."""
        return self.presenter is None or self.presenter.is_caught_up

    def close(self) -> None:
        """Nothing is delivered after this returns."""
        self.subscription.close()
        if self.leave is not None:
            self.leave()


def awaited(core: Core, resource: Resource, options: ListOptions) -> Revision | None:
    """The revision that has to come before the initial events can be given; None to begin now."""
    if fault := version_fault(options.resource_version):
        raise Invalid.of(_Plural(resource.group, resource.plural, resource.plural), "", [fault])
    asked = Revision(parse_version(options.resource_version))
    return asked if options.send_initial_events and asked > core.cache.revision else None


def _go_on(_: ApiError | None) -> None:
    return None


def begin(
    core: Core,
    resource: Resource,
    namespace: str,
    options: ListOptions,
    selection: Selection,
    deliver: Deliver,
    end: End = _go_on,
    ask: Ask | None = None,
) -> Watching:
    """Begin now; raises Expired when the events since the resourceVersion are no longer known.

    The initial items are as they are kept: `versions.ready` before they are shown. Events come as `resource` shows
    them. `end` is called when the watch cannot go on. `ask` is for the gate, where there is one.
    """
    kind = core.kind(resource)
    asked = Revision(parse_version(options.resource_version))
    wants_state = options.send_initial_events or (options.send_initial_events is None and not asked)
    initial: list[Item] = []
    since = asked
    if wants_state:
        listing = kind.list(namespace, versions.matching(resource, selection.match))
        initial, since = listing.items, listing.revision
    elif not asked:
        since = kind.revision
    match, pin, presenter = selection.match, selection.pin, None
    if resource.from_storage is not None:
        deliver = presenter = Presenter(core.tasks, core.aside, resource, match, deliver, end)
        match = pin = None  # The presenter knows what matches.
    try:
        subscription = kind.watch(namespace, selection.name, match, since, deliver, pin=pin)
    except Compacted:
        raise too_old_version(asked, kind.window.floor) from None
    leave: Callable[[], object] | None = None
    if presenter is not None:
        presenter.subscription = subscription
    if resource.lifetime is not None:
        leave = resource.lifetime.on_end(lambda: end(None))
    if ask is not None and core.gate is not None:
        leave = _both(leave, core.gate.watching(ask, end))
    announces_end = bool(options.send_initial_events and options.bookmarks)
    return Watching(initial, since, subscription, announces_end, presenter, leave)


def _both(first: Callable[[], object] | None, second: Callable[[], object]) -> Callable[[], object]:
    def leave() -> None:
        if first is not None:
            first()
        second()

    return leave


async def ready(core: Core, resource: Resource, namespace: str, selection: Selection) -> None:
    """Wait before `begin` until what is there can be asked about, where that takes a converter."""
    if resource.converter is not None and selection.match is not None:
        await versions.ready(core.aside, resource, list(core.kind(resource).items(namespace)))

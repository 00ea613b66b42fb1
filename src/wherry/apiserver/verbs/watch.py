"""WATCH: where a watch begins, decided in one moment. `watchstream.py` and `inprocess.py` follow it from there.

Without a resourceVersion (or with `0`) a watch first shows all there is as ADDED; from a resourceVersion it goes on
where that list or event was. With `sendInitialEvents` the client asks for the first explicitly, and is told by an
annotated bookmark when it has seen everything.
"""

from __future__ import annotations

from dataclasses import dataclass

from wherry.api.resource import Resource
from wherry.apiserver.core import Core
from wherry.apiserver.failures import too_old_version
from wherry.apiserver.options import ListOptions
from wherry.apiserver.selection import Selection
from wherry.apiserver.verbs.list import parse_version
from wherry.store import Compacted, Revision
from wherry.watchcache.fanout import Deliver, Subscription
from wherry.watchcache.item import Item

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(slots=True)
class Watching:
    """A watch that has begun: first `initial`, then what `subscription` delivers after `since`."""

    initial: list[Item]
    since: Revision
    subscription: Subscription
    announces_end: bool
    """Whether a bookmark tells when the initial events have been seen."""


def awaited(core: Core, options: ListOptions) -> Revision | None:
    """The revision that has to come before the initial events can be given; None to begin now."""
    asked = Revision(parse_version(options.resource_version))
    return asked if options.send_initial_events and asked > core.cache.revision else None


def begin(
    core: Core, resource: Resource, namespace: str, options: ListOptions, selection: Selection, deliver: Deliver
) -> Watching:
    """Begin now; raises Expired when the events since the resourceVersion are no longer known."""
    kind = core.kind(resource)
    asked = Revision(parse_version(options.resource_version))
    wants_state = options.send_initial_events or (options.send_initial_events is None and not asked)
    initial: list[Item] = []
    since = asked
    if wants_state:
        listing = kind.list(namespace, selection.match)
        initial, since = listing.items, listing.revision
    elif not asked:
        since = kind.revision
    try:
        subscription = kind.watch(namespace, selection.name, selection.match, since, deliver, pin=selection.pin)
    except Compacted:
        raise too_old_version(asked, kind.window.floor) from None
    return Watching(initial, since, subscription, bool(options.send_initial_events and options.bookmarks))

"""GET of a collection: pages of the watch cache's items, at the present or at an earlier revision.

resourceVersion and resourceVersionMatch follow upstream's table: unset is the most recent, `0` is any, `Exact` (or a
version together with a limit) is that very state, everything else is "not older than". A continue token holds the
revision and where to go on, so that all pages show one state, for as long as the cache can undo what happened since.
"""

from __future__ import annotations

import base64
import binascii
import posixpath

import msgspec
from msgspec import Struct

from wherry.api import Obj
from wherry.api.errors import BadRequest, Expired
from wherry.api.field import FieldError, invalid
from wherry.api.resource import Resource
from wherry.apiserver import versions
from wherry.apiserver.core import Core
from wherry.apiserver.encode import encode_any
from wherry.apiserver.failures import ContinueExpired, too_large_version
from wherry.apiserver.options import ListOptions
from wherry.apiserver.selection import Selection
from wherry.store import Compacted, Revision
from wherry.watchcache.item import Item
from wherry.watchcache.kindcache import Listing

WAIT_SECONDS = 3.0
"""How long a read waits for a revision that is still to come (on its way from another server)."""
_META_VERSION = "meta.k8s.io/v1"
_INCONSISTENT = -1
"""Stands in a token for whatever is the latest, as any negative number does."""
_SAFE_DIGITS = 19
"""So many digits are a number of 64 bits, whatever they are."""


class Page(Struct, frozen=True):
    """One answer to a list."""

    items: list[Item]
    revision: Revision
    continue_token: str
    remaining: int | None

    @property
    def metadata(self) -> Obj:
        meta: Obj = {"resourceVersion": str(self.revision)}
        if self.continue_token:
            meta["continue"] = self.continue_token
            if self.remaining is not None:
                meta["remainingItemCount"] = self.remaining
        return meta


class _Token(msgspec.Struct):
    v: str = ""
    rv: int = 0
    start: str = ""


def awaited(core: Core, options: ListOptions) -> Revision | None:
    """The revision that has to come before this list can be answered; None if it can be answered now."""
    asked = parse_version(options.resource_version)
    return Revision(asked) if asked > core.cache.revision else None


async def wait(core: Core, revision: Revision) -> None:
    """Wait a little for a revision; raises `Timeout`."""
    try:
        await core.cache.wait_revision(revision, WAIT_SECONDS)
    except TimeoutError:
        raise too_large_version(revision, core.cache.revision) from None


def page(core: Core, resource: Resource, namespace: str, options: ListOptions, selection: Selection) -> Page:
    """List now. The revision must have come (see `awaited`)."""
    kind = core.kind(resource)
    match = versions.matching(resource, selection.match)
    at, start = _where(options)
    if at is not None and at > core.cache.revision:
        raise too_large_version(at, core.cache.revision)
    if selection.name and at is None and not start and (namespace or not resource.is_namespaced):
        item = kind.get(namespace, selection.name)
        found = [item] if item is not None and (match is None or match(item)) else []
        return Page(found, core.cache.revision, "", None)
    try:
        listing = kind.list(namespace, match, at=at, start_key=start, limit=_limit(options))
    except Compacted:
        if not options.continue_token:
            raise Expired("The resourceVersion for the provided list is too old.") from None
        raise ContinueExpired(_format_token(_INCONSISTENT, start)) from None
    return _page(listing)


async def ready_page(
    core: Core, resource: Resource, namespace: str, options: ListOptions, selection: Selection
) -> Page:
    """`page` of a kind that is shown in another form than it is kept in, once all on it can be shown."""
    if selection.match is not None:
        await versions.ready(core.aside, resource, list(core.kind(resource).items(namespace)))
    while True:
        try:
            found = page(core, resource, namespace, options, selection)
        except versions.Unconverted as error:
            await versions.ready(core.aside, resource, [error.item])
            continue
        await versions.ready(core.aside, resource, found.items)
        return found


def parse_version(text: str) -> int:
    """A resourceVersion as a number; "" is 0."""
    if fault := version_fault(text):
        raise BadRequest(f"invalid resource version: {fault}")
    return int(text or 0)


def version_fault(text: str) -> FieldError | None:
    """What keeps a resourceVersion from being a number."""
    if not text or (text.isascii() and text.isdecimal() and (len(text) < _SAFE_DIGITS or _is_uint64(text))):
        return None
    why = "value out of range" if text.isascii() and text.isdecimal() else "invalid syntax"
    return invalid("resourceVersion", text, f"strconv.ParseUint: parsing {encode_any(text).decode()}: {why}")


def _is_uint64(text: str) -> bool:
    digits = text.lstrip("0")
    return len(digits) <= _SAFE_DIGITS + 1 and int(digits or 0) < 1 << 64


def _where(options: ListOptions) -> tuple[Revision | None, str]:
    """(the exact revision to list at, the key to go on after)."""
    version = parse_version(options.resource_version)
    if options.continue_token:
        if version:
            raise BadRequest("specifying resource version is not allowed when using continue")
        token = _parse_token(options.continue_token)
        at = Revision(token.rv) if token.rv > 0 else None
        return at, token.start.removesuffix("\0")
    exact = options.match == "Exact" or (not options.match and options.limit)
    return (Revision(version) if version and exact else None), ""


def _limit(options: ListOptions) -> int:
    """Who takes any state gets all of it at once, as upstream answers from its cache: informers count on that."""
    return 0 if options.resource_version == "0" else options.limit


def _page(listing: Listing) -> Page:
    if not listing.next_key:
        return Page(listing.items, listing.revision, "", None)
    start = listing.next_key
    return Page(listing.items, listing.revision, _format_token(listing.revision, start), listing.remaining)


def _format_token(revision: int, start: str) -> str:
    text = encode_any({"v": _META_VERSION, "rv": revision, "start": start + "\0"})
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _parse_token(token: str) -> _Token:
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        parsed = msgspec.json.decode(text, type=_Token)
    except (binascii.Error, ValueError) as error:
        raise _bad_token(f": {error}") from error
    if parsed.v != _META_VERSION:
        raise _bad_token(f": server does not recognize this encoded version {parsed.v}")
    if not parsed.rv:
        raise _bad_token(f": incorrect encoded start resourceVersion (version {_META_VERSION})")
    if not parsed.start:
        raise _bad_token(f": encoded start key empty (version {_META_VERSION})")
    if posixpath.normpath("/" + parsed.start.lstrip("/")) != "/" + parsed.start:
        raise _bad_token(f": {parsed.start}")
    return parsed


def _bad_token(why: str) -> BadRequest:
    return BadRequest(f"invalid continue token: continue key is not valid{why}")

"""Who wrote what, and who was refused what.

    GET /wherry/history?kind=deploy&name=web&who=my-operator&refused=true
        {"forgotten": 0, "entries": [{"revision": 57, "who": "my-operator (system:admin)", "verb": "update", ...}]}
    GET /wherry/history?table=true          the same for people, as a test's report shows it

The words are those of `Cluster.history`.
"""

from __future__ import annotations

from typing import Any

from wherry.api.errors import BadRequest
from wherry.apiserver.options import is_set, parse_query
from wherry.lib.clock import format_time
from wherry.testing.cluster.remote.doors import Paths, door, show
from wherry.testing.cluster.remote.hands import Hands
from wherry.testing.history import Entry
from wherry.transport.messages import Request, Response

_PATTERNS = ("kind", "namespace", "name", "verb", "who")
_WORDS = (*_PATTERNS, "since", "refused", "table")


def history_paths(hands: Hands) -> Paths:
    """The path of the history."""

    async def tell(request: Request) -> Response:
        query = parse_query(request.query)
        if strange := sorted(set(query) - set(_WORDS)):
            raise BadRequest(f"{', '.join(strange)}: the words are {', '.join(_WORDS)}")
        words: dict[str, Any] = {word: query.get(word, "*") for word in _PATTERNS}
        since = query.get("since", "0")
        if not since.isascii() or not since.isdigit():
            raise BadRequest(f"since is a revision, not {since!r}")
        entries = await hands.entries(refused=is_set(query, "refused"), since=int(since), **words)
        if is_set(query, "table"):
            return Response(200, f"{entries}\n".encode(), "text/plain; charset=utf-8")
        return show({"forgotten": entries.forgotten, "entries": [_shown(entry) for entry in entries]})

    return {"/wherry/history": door(GET=tell)}


def _shown(entry: Entry) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "revision": entry.revision,
        "time": format_time(entry.time),
        "who": entry.who,
        "user": entry.user,
        "manager": entry.manager,
        "controller": entry.controller,
        "verb": entry.verb,
        "kind": entry.kind,
        "resource": entry.resource,
        "namespace": entry.namespace,
        "name": entry.name,
        "change": entry.summary(),
    }
    if entry.is_refused:
        shown["refused"] = {"code": entry.code, "reason": entry.reason, "message": entry.message}
    return shown

"""The cluster at a moment, and back there.

    GET    /wherry/snapshots                            {"snapshots": [{"name": "clean", "objects": 61, ...}]}
    POST   /wherry/snapshots {"name": "clean"}          takes one; a name is found for it if none is given
    DELETE /wherry/snapshots/clean                      forgets it
    POST   /wherry/restore {"snapshot": "clean"}        the cluster is as it was then; clients list again
    POST   /wherry/restart                              the control plane is killed, and starts again on what was stored

Snapshots outlive what is done to the cluster, and end with it.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.json import Decoder

from wherry.lib.clock import format_micro_time
from wherry.testing.cluster.options import Snapshot
from wherry.testing.cluster.remote.doors import Paths, door, last_part, read, show
from wherry.testing.cluster.remote.hands import Hands
from wherry.transport.messages import Request, Response

_Name = Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,100}$")]


class _New(Struct, frozen=True, forbid_unknown_fields=True):
    name: _Name = ""


class _Back(Struct, frozen=True, forbid_unknown_fields=True):
    snapshot: str


class _Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    pass


_NEW, _BACK, _NOTHING = Decoder(_New), Decoder(_Back), Decoder(_Nothing)


class Snapshots:
    """What a test has taken of one cluster."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._taken: dict[str, Snapshot] = {}
        self._count = 0

    def paths(self) -> Paths:
        """The paths of snapshots and of what is done with them."""
        return {
            "/wherry/snapshots": door(GET=self._list, POST=self._take),
            "/wherry/snapshots/": door(GET=self._get, DELETE=self._forget),
            "/wherry/restore": door(POST=self._restore),
            "/wherry/restart": door(POST=self._restart),
        }

    async def _list(self, request: Request) -> Response:
        return show({"snapshots": [_shown(name, taken) for name, taken in self._taken.items()]})

    async def _take(self, request: Request) -> Response:
        self._count += 1
        name = read(request, _NEW).name or f"snapshot-{self._count}"
        self._taken[name] = taken = await self._hands.snapshot()
        return show(_shown(name, taken), 201)

    async def _get(self, request: Request) -> Response:
        name = last_part(request)
        return show(_shown(name, self._find(name)))

    async def _forget(self, request: Request) -> Response:
        name = last_part(request)
        shown = _shown(name, self._find(name))
        del self._taken[name]
        return show(shown)

    async def _restore(self, request: Request) -> Response:
        name = read(request, _BACK).snapshot
        snapshot = self._find(name)
        await self._hands.restore(snapshot, request)
        return show(_shown(name, snapshot))

    async def _restart(self, request: Request) -> Response:
        read(request, _NOTHING)
        await self._hands.restart(request)
        return show({})

    def _find(self, name: str) -> Snapshot:
        if name not in self._taken:
            raise LookupError(f"there is no snapshot {name!r}; there are {', '.join(self._taken) or 'none'}")
        return self._taken[name]


def _shown(name: str, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "name": name,
        "objects": len(snapshot.store.rows),
        "revision": snapshot.store.revision,
        "now": format_micro_time(snapshot.time),
    }

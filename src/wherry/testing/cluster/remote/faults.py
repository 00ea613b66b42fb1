"""What befalls requests and watches.

    GET    /wherry/faults                   {"faults": [{"id": "1", "fault": "conflict", ..., "hits": 1, "left": 0}]}
    POST   /wherry/faults {"fault": "fail", "verb": "create", "resource": "pods", "status": 503, "times": 3}
    POST   /wherry/faults {"fault": "slow", "resource": ["deploy", "sts"], "seconds": 2, "user": "my-operator"}
    DELETE /wherry/faults/1                 removes one; without its number, all
    POST   /wherry/watches {"end": "expire", "resource": "configmaps"}      {"ended": 2}

The faults are `slow`, `fail`, `conflict`, `throttle`, `loseReply` and `isolate` (`orders.py`). One that has met as many
requests as it was to is still told of, with its hits, until it is removed.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from msgspec import Struct
from msgspec.json import Decoder

from wherry.testing.cluster.remote.doors import Paths, door, last_part, read, show
from wherry.testing.cluster.remote.hands import Hands
from wherry.testing.cluster.remote.orders import ORDER, Order, place, spelled
from wherry.testing.faults import Fault, Faults
from wherry.transport.messages import Request, Response


class _How(Enum):
    DROP = "drop"
    EXPIRE = "expire"


class _End(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    end: _How
    resource: str | tuple[str, ...] = "*"
    user: str = "*"
    manager: str = "*"
    namespace: str = "*"


_END = Decoder(_End)


class FaultPaths:
    """What a test has placed over HTTP; it knows nothing of what is placed by other ways."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._placed: dict[str, tuple[Order, Fault]] = {}
        self._count = 0

    def paths(self) -> Paths:
        """The paths of faults."""
        return {
            "/wherry/faults": door(GET=self._list, POST=self._place, DELETE=self._clear),
            "/wherry/faults/": door(GET=self._get, DELETE=self._remove),
            "/wherry/watches": door(POST=self._end_watches),
        }

    async def _list(self, request: Request) -> Response:
        return show({"faults": [self._shown(number) for number in self._placed]})

    async def _place(self, request: Request) -> Response:
        order = read(request, ORDER)
        fault = place(self._hands.faults, order)
        self._count += 1
        number = str(self._count)
        self._placed[number] = (order, fault)
        return show(self._shown(number), 201)

    async def _get(self, request: Request) -> Response:
        return show(self._shown(last_part(request)))

    async def _remove(self, request: Request) -> Response:
        number = last_part(request)
        shown = self._shown(number)
        self._placed.pop(number)[1].remove()
        return show(shown)

    async def _clear(self, request: Request) -> Response:
        shown = await self._list(request)
        while self._placed:
            self._placed.popitem()[1][1].remove()
        return shown

    async def _end_watches(self, request: Request) -> Response:
        ending = read(request, _END)
        how = Faults.drop_watches if ending.end is _How.DROP else Faults.expire_watches

        async def end() -> int:
            who = {"user": ending.user, "manager": ending.manager, "namespace": ending.namespace}
            return how(self._hands.faults, ending.resource, **who)

        return show({"ended": await self._hands.act(end)})

    def _shown(self, number: str) -> dict[str, Any]:
        if number not in self._placed:
            raise LookupError(f"there is no fault {number!r}; there are {', '.join(self._placed) or 'none'}")
        order, fault = self._placed[number]
        return {"id": number, **spelled(order), "hits": fault.hits, "left": fault.left}

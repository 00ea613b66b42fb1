"""Faults as JSON says them. What is left out is as `Faults` has it by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from wherry.testing.faults import Fault, Faults

_Names: TypeAlias = str | tuple[str, ...] | UnsetType
_Word: TypeAlias = str | UnsetType
_Seconds: TypeAlias = Annotated[int, Meta(ge=0)] | UnsetType


class _Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", tag_field="fault"):
    def words(self) -> dict[str, Any]:
        """What is said."""
        said = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return {name: value for name, value in said if value is not UNSET}


class _Aimed(_Words, frozen=True, kw_only=True):
    """Which requests are meant, and how many of them; null are all."""

    verb: _Names = UNSET
    resource: _Names = UNSET
    times: Annotated[int, Meta(ge=1)] | UnsetType | None = UNSET
    user: _Word = UNSET
    manager: _Word = UNSET
    namespace: _Word = UNSET
    name: _Word = UNSET


class Slow(_Aimed, frozen=True, kw_only=True, tag="slow"):
    """Requests are held up."""

    seconds: Annotated[float, Meta(ge=0)] | UnsetType = UNSET


class Fail(_Aimed, frozen=True, kw_only=True, tag="fail"):
    """Requests are refused."""

    status: Annotated[int, Meta(ge=400, le=599)] | UnsetType = UNSET
    reason: _Word = UNSET
    message: _Word = UNSET
    retry_after: _Seconds = UNSET


class Conflict(_Aimed, frozen=True, kw_only=True, tag="conflict"):
    """Somebody else was quicker."""


class Throttle(_Aimed, frozen=True, kw_only=True, tag="throttle"):
    """The server has too much to do."""

    retry_after: _Seconds = UNSET


class LoseReply(_Aimed, frozen=True, kw_only=True, tag="loseReply"):
    """Requests are carried out, and nobody hears of it."""


class Isolate(_Words, frozen=True, kw_only=True, tag="isolate"):
    """One user is cut off."""

    user: str


Order: TypeAlias = Slow | Fail | Conflict | Throttle | LoseReply | Isolate

_MAKE: Mapping[type[_Words], Callable[..., Fault]] = {
    Slow: Faults.slow,
    Fail: Faults.fail_next,
    Conflict: Faults.conflict_next,
    Throttle: Faults.throttle_next,
    LoseReply: Faults.lose_reply,
    Isolate: Faults.isolate,
}

ORDER: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


def place(faults: Faults, order: Order) -> Fault:
    """Carry an order out. Raises ValueError or UnknownKind for names that mean nothing."""
    return _MAKE[type(order)](faults, **order.words())


def spelled(order: Order) -> dict[str, Any]:
    """The order as it was given."""
    said: dict[str, Any] = msgspec.to_builtins(order)
    return said

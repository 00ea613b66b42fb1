"""Which requests a fault is meant for, and which error a status stands for."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable

from msgspec import Struct

from wherry.api import errors
from wherry.api.errors import ApiError
from wherry.apiserver.gate import Ask
from wherry.testing.kindnames import kind_names

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")


class Match(Struct, frozen=True):
    """What a request has to be. Names may hold `*` as file names do."""

    verbs: tuple[str, ...]
    resources: tuple[str, ...]
    user: str = "*"
    manager: str = "*"
    namespace: str = "*"
    name: str = "*"

    @classmethod
    def of(cls, verb: str | Iterable[str], resource: str | Iterable[str], **who: str) -> Match:
        """Read what a test says; raises ValueError for a verb that there is not."""
        verbs, resources = _several(verb), _several(resource)
        for each in verbs:
            if each not in (*VERBS, "*"):
                raise ValueError(f"there is no verb {each!r}: they are {', '.join(VERBS)}, or * for all")
        return cls(verbs, resources, **who)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of kinds that are said in full."""
        return tuple(kind for kind in (name.partition("/")[0] for name in self.resources) if "*" not in kind)

    def fits(self, ask: Ask) -> bool:
        return (
            ("*" in self.verbs or ask.verb in self.verbs)
            and any(_is_named(name, ask) for name in self.resources)
            and _fits(self.user, ask.user.name)
            and _fits(self.manager, ask.manager)
            and _fits(self.namespace, ask.namespace)
            and _fits(self.name, ask.name)
        )


def failure(status: int, reason: str, message: str, retry_after: int | None) -> Callable[[Ask], ApiError]:
    """Makes the error for a status, or for a reason of it; raises ValueError for a reason that there is not."""
    kind = _by_reason(reason) if reason else _by_status(status)
    text = message or f"{kind.reason or status}: as a test wants it"
    details = None if retry_after is None else {"retryAfterSeconds": retry_after}
    return lambda ask: kind(text, details, code=None if reason else status)


def _kinds() -> list[type[ApiError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ApiError)]


def _by_reason(reason: str) -> type[ApiError]:
    found = {kind.reason: kind for kind in _kinds() if kind.reason}
    if reason not in found:
        raise ValueError(f"there is no reason {reason!r}: they are {', '.join(found)}")
    return found[reason]


def _by_status(status: int) -> type[ApiError]:
    """The first that stands for the code (409 is Conflict, 500 InternalError); else an error without a reason."""
    if status == errors.InternalError.code:
        return errors.InternalError
    return next((kind for kind in _kinds() if kind.code == status and kind.reason), ApiError)


def _several(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _is_named(name: str, ask: Ask) -> bool:
    """`pods` is the kind itself, `pods/status` one subresource, `pods/*` all of them, `*` everything."""
    if name == "*":
        return True
    kind, _, subresource = name.lower().partition("/")
    return _fits(subresource, ask.subresource) and any(_fits(kind, each) for each in kind_names(ask.resource))


def _fits(pattern: str, value: str) -> bool:
    return pattern in ("*", value) or fnmatch.fnmatchcase(value, pattern)

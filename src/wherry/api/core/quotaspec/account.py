"""One quota: what it allows, and what is used of it, object by object."""

from __future__ import annotations

from collections.abc import Mapping

from wherry.api import Obj
from wherry.api.core.quotaspec.amounts import NOTHING, Usage, add, minus, plus, read, shown, texts
from wherry.api.core.quotaspec.podusage import overdue_at, unsaid
from wherry.api.core.quotaspec.scopes import is_in_scope, requirements
from wherry.api.core.quotaspec.usage import Called, kinds_of, nothing, usage_of

Entry = tuple[str, str]
"""(kind, name) of an object in the quota's namespace."""


class Account:
    """Knows the objects that it was told of; `used` is always their sum."""

    __slots__ = ("_called", "_entries", "_overdue", "hard", "kinds", "name", "reserved", "scopes", "used")

    def __init__(self, name: str, spec: Obj, called: Called = nothing) -> None:
        self.name = name
        self._called = called
        self.hard = read(spec.get("hard"))
        self.scopes = requirements(spec)
        self.kinds: dict[str, list[str]] = {}
        """The names to count, by the kind of object that uses them."""
        for each in self.hard:
            for kind in kinds_of(each):
                self.kinds.setdefault(kind, []).append(each)
        self.used: Usage = {}
        self.reserved: Usage = {}
        """What writes on their way will use."""
        self._entries: dict[Entry, Usage] = {}
        self._overdue: dict[Entry, float] = {}

    def share(self, kind: str, obj: Obj, now: float) -> Usage | None:
        """What of this quota an object uses; None if the quota is not about it."""
        names = self.kinds.get(kind)
        if names is None or not all(is_in_scope(kind, obj, scope) for scope in self.scopes):
            return None
        usage = usage_of(kind, obj, now, self._called)
        return {name: usage[name] for name in names if name in usage}

    def more(self, kind: str, obj: Obj, old: Obj | None, now: float) -> Usage | None:
        """What a write adds to what is used: never less than nothing. None if the quota is not about it."""
        share = self.share(kind, obj, now)
        if share is None:
            return None
        before = (self.share(kind, old, now) if old is not None else None) or {}
        grown = {name: minus(each, before.get(name, NOTHING)) for name, each in share.items()}
        return {name: each for name, each in grown.items() if each.value > 0}

    def refusal(self, kind: str, obj: Obj, more: Usage) -> str:
        """Why something that uses so much `more` is too much, in upstream's words; "" if it is not."""
        if kind == "pods" and (fault := unsaid(self.kinds[kind], obj)):
            return f"failed quota: {self.name}: {fault}"
        used = self.expected()
        exceeded = [n for n, each in more.items() if used.get(n, NOTHING).value + each.value > self.hard[n].value]
        if not exceeded:
            return ""
        return (
            f"exceeded quota: {self.name}, requested: {shown(more, exceeded)}, "
            f"used: {shown(used, exceeded)}, limited: {shown(self.hard, exceeded)}"
        )

    def expected(self) -> Usage:
        """What is used, and what is about to be."""
        if not self.reserved:
            return self.used
        total = dict(self.used)
        add(total, self.reserved)
        return total

    def put(self, kind: str, name: str, obj: Obj, now: float) -> bool:
        """An object is there, or is different. Returns whether what is used has changed."""
        entry = (kind, name)
        share = self.share(kind, obj, now) or {}
        overdue = overdue_at(obj) if kind == "pods" else None
        if overdue is None or overdue < now:
            self._overdue.pop(entry, None)
        else:
            self._overdue[entry] = overdue
        return self._replace(entry, share)

    def drop(self, kind: str, name: str) -> bool:
        """An object is gone."""
        self._overdue.pop((kind, name), None)
        return self._replace((kind, name), {})

    def overdue(self, now: float) -> list[Entry]:
        """Pods that should be gone by now, and no longer count once they are put again."""
        return [entry for entry, at in self._overdue.items() if at < now] if self._overdue else []

    def status(self, followed: Mapping[str, bool]) -> dict[str, str]:
        """`status.used` of the names whose kind is followed."""
        names = [name for name in self.hard if any(followed.get(kind, False) for kind in kinds_of(name))]
        return texts(self.used, names)

    def _replace(self, entry: Entry, share: Usage) -> bool:
        before = self._entries.pop(entry, {})
        if share:
            self._entries[entry] = share
        if before == share:
            return False
        for name, each in before.items():
            self.used[name] = minus(self.used[name], each)
        for name, each in share.items():
            self.used[name] = plus(self.used.get(name, NOTHING), each)
        return True

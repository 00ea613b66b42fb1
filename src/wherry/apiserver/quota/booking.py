"""What one write will use, from the moment it was found to fit until it is stored or has failed."""

from __future__ import annotations

import asyncio
from typing import Any

from wherry.api import Obj
from wherry.api.core.quotaspec.account import Account, Entry
from wherry.api.core.quotaspec.amounts import Usage, minus, plus

Held = dict[str, dict[Entry, list["Booking"]]]
"""Bookings by namespace and object."""


class Booking:
    """Ends when the object it is for is heard of, or with its write, whichever is first."""

    __slots__ = ("_held", "_is_over", "_shares", "_write", "entry", "namespace", "new", "old")

    def __init__(self, held: Held, namespace: str, entry: Entry, new: Obj, old: Obj | None) -> None:
        self.namespace = namespace
        self.entry = entry
        self.new = new
        self.old = old
        self._held = held
        self._is_over = False
        self._shares: list[tuple[Account, Usage]] = []
        self._write: asyncio.Future[Any] | None = None
        held.setdefault(namespace, {}).setdefault(entry, []).append(self)

    def reserve(self, account: Account, more: Usage) -> None:
        self._shares.append((account, more))
        self._hold(account, more)

    def give(self, new: Obj, old: Obj | None) -> None:
        """See `core.Claim`: nothing is added to the object."""

    def call(self, name: str) -> None:
        """The object gets another name: the one it was to have is taken."""
        self._forget()
        self.entry = (self.entry[0], name)
        self._held.setdefault(self.namespace, {}).setdefault(self.entry, []).append(self)
        if self._is_over:  # Another object was heard of under the former name.
            self._is_over = False
            for account, more in self._shares:
                self._hold(account, more)

    def follow(self, write: asyncio.Future[Any]) -> None:
        """See `core.Claim`."""
        self._write = write

    def release(self) -> None:
        """See `core.Claim`."""
        if self._write is not None and not self._write.done():
            self._write.add_done_callback(lambda _: self.end())
        else:
            self.end()

    def end(self) -> None:
        """What was booked counts no more: it is known from the object itself, or never came to be."""
        if self._is_over:
            return
        self._is_over = True
        for account, more in self._shares:
            for name, each in more.items():
                rest = minus(account.reserved[name], each)
                if rest.value:
                    account.reserved[name] = rest
                else:
                    del account.reserved[name]
        self._forget()

    def _hold(self, account: Account, more: Usage) -> None:
        for name, each in more.items():
            present = account.reserved.get(name)
            account.reserved[name] = each if present is None else plus(present, each)

    def _forget(self) -> None:
        of_namespace = self._held.get(self.namespace, {})
        bookings = of_namespace.get(self.entry, [])
        if self in bookings:
            bookings.remove(self)
        if not bookings:
            of_namespace.pop(self.entry, None)
        if not of_namespace:
            self._held.pop(self.namespace, None)

"""All accounts of a control plane, kept true by what they are told of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from wherry.api import Obj
from wherry.api.core.quotaspec.account import Account


class Source(Protocol):
    """Where objects are seen."""

    def follow(self, kind: str) -> bool:
        """From now on tell the books of all changes of a kind; False if there is no such kind."""
        ...

    def objects(self, kind: str, namespace: str) -> Iterable[tuple[str, Obj]]:
        """Names and contents of what there is now."""
        ...

    def find(self, kind: str, namespace: str, name: str) -> Obj | None: ...

    def called(self, device_class: str) -> str:
        """See `usage.Called`; `Books.refresh` is told when that changes."""
        ...


class Books:
    """Namespaces without quotas cost a look into a dictionary."""

    __slots__ = ("_source", "followed", "namespaces", "now")

    def __init__(self, source: Source, now: Callable[[], float]) -> None:
        self._source = source
        self.now = now
        self.followed: dict[str, bool] = {}
        self.namespaces: dict[str, dict[str, Account]] = {}

    def open(self, namespace: str, name: str, spec: Obj) -> Account:
        """Begin an account (or begin it anew) with what there is."""
        account = Account(name, spec, self._source.called)
        accounts = self.namespaces.setdefault(namespace, {})
        accounts[name] = account
        if list(accounts) != (ordered := sorted(accounts)):
            self.namespaces[namespace] = {each: accounts[each] for each in ordered}
        for kind in account.kinds:
            if self.followed.get(kind, False):
                self._fill(kind, namespace, account)
            else:
                self.is_followed(kind)
        return account

    def close(self, namespace: str, name: str) -> None:
        accounts = self.namespaces.get(namespace, {})
        accounts.pop(name, None)
        if not accounts:
            self.namespaces.pop(namespace, None)

    def is_followed(self, kind: str) -> bool:
        """Follow a kind from now on; one that does not exist yet is looked for again and again."""
        if not self.followed.get(kind, False):
            self.followed[kind] = self._source.follow(kind)
            if self.followed[kind]:
                for namespace, accounts in self.namespaces.items():
                    for account in accounts.values():
                        if kind in account.kinds:
                            self._fill(kind, namespace, account)
        return self.followed[kind]

    def hear(self, kind: str, namespace: str, name: str, read: Callable[[], Obj] | None) -> list[Account]:
        """An object has changed, or is gone (`read` is None). Returns the accounts that show it."""
        accounts = self.namespaces.get(namespace)
        if accounts is None:
            return []
        concerned = [account for account in accounts.values() if kind in account.kinds]
        if not concerned:
            return []
        if read is None:
            return [account for account in concerned if account.drop(kind, name)]
        obj = read()
        return [account for account in concerned if account.put(kind, name, obj, self.now())]

    def refresh(self, kind: str) -> list[tuple[str, Account]]:
        """Something else has changed by which objects of a kind are counted. Returns the accounts, with namespaces."""
        found = [
            (namespace, account)
            for namespace, accounts in self.namespaces.items()
            for account in accounts.values()
            if kind in account.kinds and self.followed.get(kind, False)
        ]
        for namespace, account in found:
            self._fill(kind, namespace, account)
        return found

    def settle(self, namespace: str, account: Account) -> None:
        """Look again at Pods that should be gone by now."""
        for kind, name in account.overdue(self.now()):
            obj = self._source.find(kind, namespace, name)
            if obj is None:
                account.drop(kind, name)
            else:
                account.put(kind, name, obj, self.now())

    def _fill(self, kind: str, namespace: str, account: Account) -> None:
        for name, obj in self._source.objects(kind, namespace):
            account.put(kind, name, obj, self.now())

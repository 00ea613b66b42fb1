"""What is secret stays out of what is printed, and nothing else changes."""

from __future__ import annotations

from msgspec.structs import replace

from wherry.lib.discreet import Discreet


class Account(Discreet, frozen=True):
    UNSHOWN = frozenset({"password"})

    name: str
    password: str = ""
    uid: int = 0


def test_secrets_are_not_shown() -> None:
    assert repr(Account("a", "hunter2", 3)) == "Account(name='a', uid=3)"
    assert "hunter2" not in f"{[Account('a', 'hunter2')]}"
    assert Account("a", "hunter2", 3).__rich_repr__() == [("name", "a"), ("uid", 3)]


def test_secrets_count_all_the_same() -> None:
    account = Account("a", "x")
    assert account != replace(account, password="y")
    assert account == Account("a", "x")
    assert len({account, Account("a", "x"), Account("a", "y")}) == 2

"""The rule of compare-and-set, shared by every back end that carries it out itself."""

from __future__ import annotations

from typing import TypeAlias

from wherry.store import Change, KeyExists, Revision, StoreError, Write, WrongRevision

Outcome: TypeAlias = Change | StoreError


def judge(write: Write, stands_at: Revision, revision: Revision) -> Outcome:
    """What becomes of `write` when its key stands at `stands_at` (0: it does not exist) and `revision` is next."""
    if write.expected != stands_at:
        if write.expected == 0:
            return KeyExists(write.key)
        return WrongRevision(write.key)
    if write.value is None and stands_at == 0:
        return WrongRevision(write.key)
    return Change(revision, write.key, write.value, stands_at == 0)

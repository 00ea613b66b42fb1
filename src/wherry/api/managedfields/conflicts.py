"""Fields that an apply would change although others own them, and how that is told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from msgspec import Struct

from wherry.api import Obj
from wherry.api.errors import Conflict
from wherry.api.managedfields.elements import text
from wherry.api.managedfields.entries import UPDATE, Identity
from wherry.api.managedfields.sets import Fields, paths

_REASON = "FieldManagerConflict"


class FieldConflict(Struct, frozen=True):
    """One field, and one of its owners."""

    owner: Identity
    path: tuple[str, ...]


class ApplyConflicts(Exception):
    """An apply that is refused as long as it is not forced."""

    def __init__(self, conflicts: Sequence[FieldConflict]) -> None:
        super().__init__(message(conflicts))
        self.conflicts = conflicts


def of_owners(owned: Iterable[tuple[Identity, Fields]]) -> list[FieldConflict]:
    """One conflict for every field that an owner would lose."""
    return [FieldConflict(owner, path) for owner, fields in owned for path in paths(fields)]


def refusal(conflicts: Sequence[FieldConflict]) -> Conflict:
    """The answer to the client: 409 with a cause for every field."""
    causes: list[Obj] = [
        {"reason": _REASON, "message": f"conflict with {_owner(conflict.owner)}", "field": show(conflict.path)}
        for conflict in conflicts
    ]
    return Conflict(message(conflicts), {"causes": causes})


def message(conflicts: Sequence[FieldConflict]) -> str:
    """All conflicts in one text, by manager when there are several."""
    if len(conflicts) == 1:
        (only,) = conflicts
        return f"Apply failed with 1 conflict: conflict with {_owner(only.owner)}: {show(only.path)}"
    by_owner: dict[Identity, list[str]] = {}
    for conflict in conflicts:
        by_owner.setdefault(conflict.owner, []).append(show(conflict.path))
    lines = []
    for owner in sorted(by_owner, key=_sort_text):
        lines.append(f"conflicts with {_owner(owner)}:")
        lines += [f"- {path}" for path in by_owner[owner]]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)


def show(path: Iterable[str]) -> str:
    """A path as messages show it: `.spec.containers[name="web"].image`."""
    return "".join(map(text, path))


def _owner(owner: Identity) -> str:
    shown = json.dumps(owner.manager, ensure_ascii=False)
    if owner.subresource:
        shown += f" with subresource {json.dumps(owner.subresource)}"
    return f"{shown} using {owner.api_version}" if owner.operation == UPDATE else shown


def _sort_text(owner: Identity) -> str:
    """Upstream sorts managers by the JSON text of what identifies them."""
    names = {"manager": owner.manager, "operation": owner.operation}
    if owner.api_version:
        names["apiVersion"] = owner.api_version
    if owner.subresource:
        names["subresource"] = owner.subresource
    return json.dumps(names, ensure_ascii=False, separators=(",", ":"))

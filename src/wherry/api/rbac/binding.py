"""What RoleBindings and ClusterRoleBindings have in common."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, Value
from wherry.api.resource import Cell, Column


def _role(binding: Obj, _: float) -> Cell:
    role = binding.get("roleRef") or {}
    return f"{role.get('kind') or ''}/{role.get('name') or ''}"


def _subjects(kind: str) -> Value:
    def value(binding: Obj, _: float) -> Cell:
        return ", ".join(
            f"{subject.get('namespace') or ''}/{subject.get('name') or ''}"
            if kind == "ServiceAccount"
            else subject.get("name") or ""
            for subject in binding.get("subjects") or ()
            if subject.get("kind") == kind
        )

    return value


BINDING_COLUMNS = (
    NAME,
    Column("Role", _role),
    AGE,
    Column("Users", _subjects("User"), priority=1),
    Column("Groups", _subjects("Group"), priority=1),
    Column("ServiceAccounts", _subjects("ServiceAccount"), priority=1),
)

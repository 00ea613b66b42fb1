"""Columns that admission policies and their bindings share."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.meta.columns import UNSET
from wherry.api.meta.labels import format_label_selector
from wherry.api.resource import Cell


def param_kind(policy: Obj, _: float) -> Cell:
    kind = (policy.get("spec") or {}).get("paramKind")
    return f"{kind.get('apiVersion') or ''}/{kind.get('kind') or ''}" if kind else UNSET


def param_reference(binding: Obj, _: float) -> Cell:
    """Which parameters a binding uses; `*/` because the binding does not say whether they are cluster-scoped."""
    reference = (binding.get("spec") or {}).get("paramRef")
    if not reference:
        return UNSET
    if name := reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{name}"
    return format_label_selector(reference["selector"]) if reference.get("selector") is not None else UNSET

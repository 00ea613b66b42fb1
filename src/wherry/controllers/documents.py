"""Views to plain objects, and the patch that brings a status up to date. Pure."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.patch import merge
from wherry.api.types.decoding import to_obj


def plain(view: Any) -> Obj:
    """The JSON object a view stands for, without what is unset."""
    document: Obj = {} if view is None else to_obj(view)
    return document


def status_patch(old: Obj, new: Obj, resource_version: str = "") -> Obj | None:
    """The patch of `status` from `old` to `new`, None when nothing differs.

    A view does not tell a required number that is 0 from one that was never written, so a 0 that is new is written
    along with other changes but is not one itself. With a resource version the patch fails with Conflict when
    somebody else wrote meanwhile.
    """
    diff = merge.diff(old, new)
    if all(value == 0 and value is not False and name not in old for name, value in diff.items()):
        return None
    patch: Obj = {"status": diff}
    if resource_version:
        patch["metadata"] = {"resourceVersion": resource_version}
    return patch

"""JSON merge patch (RFC 7386)."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj


def apply(obj: Obj, patch: Obj) -> Obj:
    """Merge `patch` into `obj`, which is changed and returned."""
    for key, value in patch.items():
        if value is None:
            obj.pop(key, None)
        elif type(value) is dict:
            old = obj.get(key)
            obj[key] = apply(old if type(old) is dict else {}, value)
        else:
            obj[key] = value if type(value) is not list else _without_nulls(value)
    return obj


def _without_nulls(value: Any) -> Any:
    """A copy of a list in whose objects no field is null; a null item stays, as upstream has it."""
    if type(value) is dict:
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if type(value) is list else value


def diff(old: Obj, new: Obj) -> Obj:
    """The merge patch that makes `new` of `old`; {} when they are equal. Shares its values with `new`.

    A field whose value is null cannot be told from one that is missing, so objects with nulls are out of scope.
    """
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old:
            patch[key] = value
        elif type(value) is dict and type(old[key]) is dict:
            inner = diff(old[key], value)
            if inner:
                patch[key] = inner
        elif value != old[key] or type(value) is not type(old[key]):
            patch[key] = value
    return patch

"""Where a custom kind keeps what `autoscaling/v1 Scale` shows, and whether it can be shown."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError, invalid
from wherry.api.patch.strategic import go_format
from wherry.api.resource import Scale

_MOST = 2**31 - 1


def scale_of(given: Obj | None) -> Scale | None:
    """What `subresources.scale` of a version says."""
    if given is None:
        return None
    return Scale(given["specReplicasPath"], given["statusReplicasPath"], given.get("labelSelectorPath") or "")


def scale_faults(scale: Scale, obj: Obj) -> list[FieldError]:
    """What is wrong with the numbers and the selector of a whole object."""
    return _replica_faults(obj, scale.replicas) + status_scale_faults(scale, obj)


def status_scale_faults(scale: Scale, obj: Obj) -> list[FieldError]:
    """What a write through `status` can make wrong."""
    faults = _replica_faults(obj, scale.status_replicas)
    if scale.selector:
        try:
            _find(obj, scale.selector, str, "string")
        except _WrongType as error:
            faults.append(invalid(scale.selector, "", str(error)))
    return faults


def _replica_faults(obj: Obj, path: str) -> list[FieldError]:
    try:
        replicas = _find(obj, path, int, "int64")
    except _WrongType as error:
        return [invalid(path, 0, str(error))]
    if replicas is None or 0 <= replicas <= _MOST:
        return []
    why = "should be a non-negative integer" if replicas < 0 else f"should be less than or equal to {_MOST}"
    return [invalid(path, replicas, why)]


class _WrongType(ValueError):
    def __init__(self, steps: list[str], value: Any, wanted: str) -> None:
        shown = f"{go_format(value)} is of the type {_GO_TYPES.get(type(value), '<nil>')}, expected {wanted}"
        super().__init__(f".{'.'.join(steps)} accessor error: {shown}")


_GO_TYPES = {
    dict: "map[string]interface {}",
    list: "[]interface {}",
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
}


def _find(obj: Any, path: str, wanted: type, name: str) -> Any:
    steps = path.removeprefix(".").split(".")
    for index, step in enumerate(steps):
        if obj is None:
            return None
        if type(obj) is not dict:
            raise _WrongType(steps[: index + 1], obj, "map[string]interface{}")
        if step not in obj:
            return None
        obj = obj[step]
    if type(obj) is not wanted:
        raise _WrongType(steps, obj, name)
    return obj

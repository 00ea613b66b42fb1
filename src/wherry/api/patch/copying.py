"""Copies of plain JSON, several times faster than `copy.deepcopy`."""

from __future__ import annotations

from typing import Any


def clone(value: Any) -> Any:
    """A copy that shares nothing that could change."""
    if type(value) is dict:
        return {key: clone(item) if type(item) in _NESTING else item for key, item in value.items()}
    if type(value) is list:
        return [clone(item) if type(item) in _NESTING else item for item in value]
    return value


_NESTING = frozenset({dict, list})

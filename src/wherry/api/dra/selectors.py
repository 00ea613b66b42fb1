"""Selectors of devices, each an expression: `device.driver == "gpu.example.com" && …`."""

from __future__ import annotations

from typing import Any

from wherry.api.dra.rules import validate_list
from wherry.api.field import FieldError, required, too_long

_MAX_SELECTORS = 32
_MAX_LENGTH = 10 * 1024


def validate_selectors(selectors: list[dict[str, Any]] | None, path: str) -> list[FieldError]:
    """Each has an expression that can be compiled and does not cost too much."""
    return validate_list(selectors, _MAX_SELECTORS, _validate_selector, path)


def _validate_selector(selector: dict[str, Any], path: str) -> list[FieldError]:
    if selector.get("cel") is None:
        return [required(path + ".cel")]
    text, path = selector["cel"].get("expression") or "", path + ".cel.expression"
    if len(text.encode()) > _MAX_LENGTH:
        return [too_long(path, _MAX_LENGTH)]
    from wherry.api.dra.expressions import validate_expression  # the language comes with the first expression

    return validate_expression(text, path)

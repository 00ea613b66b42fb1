"""Expressions of admission: whether they can be compiled, and to what.

What does it, `declarations.py`, is imported with the first expression, since the language of expressions is.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from msgspec import Struct

from wherry.api.field import FieldError, invalid


class Result(Enum):
    """What an expression may have to give."""

    BOOL = auto()
    STRING = auto()
    NULL = auto()
    APPLY_CONFIGURATION = auto()
    JSON_PATCH = auto()


class Terms(Struct):
    """What expressions of one policy or webhook may use."""

    has_params: bool = False
    has_authorizer: bool = True
    can_patch: bool = False
    variables: dict[str, Any] | None = None
    """Name -> type, as far as they have been compiled, in turn. None: there is no such thing as variables."""


def validate_expression(
    text: str, terms: Terms, results: tuple[Result, ...], path: str, *, has_authorizer: bool | None = None
) -> list[FieldError]:
    """Whether `text` compiles to one of these."""
    from wherry.api.admissionregistration.declarations import compile_type

    _, why = compile_type(text, terms, results, has_authorizer=has_authorizer)
    return [invalid(path, text, why)] if why else []


def validate_variable(name: str, text: str, terms: Terms, path: str) -> list[FieldError]:
    """Whether `text` compiles to anything; later expressions may use it by its name."""
    from wherry.api.admissionregistration.declarations import compile_type

    found, why = compile_type(text, terms)
    if terms.variables is not None:
        terms.variables[name] = found
    return [invalid(path, text, why)] if why else []

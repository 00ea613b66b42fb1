"""One thing wrong with an object: where, of what sort, and in Kubernetes' words.

Validation never raises and never stops at the first fault; it returns a list of `FieldError`, which becomes the
`details.causes` of an `Invalid` status. Wording and cause types follow `k8s.io/apimachinery/pkg/util/validation/field`,
because tools show the one and match on the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import Enum
from typing import Any

from msgspec import Struct

from wherry.lib.gofloats import format_float


class ErrorType(Enum):
    """Cause types: `value` is the machine-readable reason, `label` begins the message."""

    NOT_FOUND = "FieldValueNotFound"
    REQUIRED = "FieldValueRequired"
    DUPLICATE = "FieldValueDuplicate"
    INVALID = "FieldValueInvalid"
    NOT_SUPPORTED = "FieldValueNotSupported"
    FORBIDDEN = "FieldValueForbidden"
    TOO_LONG = "FieldValueTooLong"
    TOO_MANY = "FieldValueTooMany"
    INTERNAL = "InternalError"
    TYPE_INVALID = "FieldValueTypeInvalid"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    ErrorType.NOT_FOUND: "Not found",
    ErrorType.REQUIRED: "Required value",
    ErrorType.DUPLICATE: "Duplicate value",
    ErrorType.INVALID: "Invalid value",
    ErrorType.NOT_SUPPORTED: "Unsupported value",
    ErrorType.FORBIDDEN: "Forbidden",
    ErrorType.TOO_LONG: "Too long",
    ErrorType.TOO_MANY: "Too many",
    ErrorType.INTERNAL: "Internal error",
    ErrorType.TYPE_INVALID: "Invalid value",
}

_WITHOUT_VALUE = frozenset(
    {ErrorType.REQUIRED, ErrorType.FORBIDDEN, ErrorType.TOO_LONG, ErrorType.INTERNAL, ErrorType.TOO_MANY}
)


class _Omitted(Enum):
    OMITTED = "omitted"


OMITTED = _Omitted.OMITTED
"""Stands for a value that the message does not show."""


class FieldError(Struct, frozen=True):
    """A fault at `path` (such as `spec.containers[0].name`)."""

    type: ErrorType
    path: str
    detail: str = ""
    value: Any = None

    @property
    def body(self) -> str:
        """The message without its path, as it stands in a cause."""
        text = self.type.label
        if self.type not in _WITHOUT_VALUE and self.value is not OMITTED:
            text += ": " + _format_value(self.value)
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.path}: {self.body}"


def required(path: str, detail: str = "") -> FieldError:
    return FieldError(ErrorType.REQUIRED, path, detail)


def invalid(path: str, value: Any, detail: str) -> FieldError:
    return FieldError(ErrorType.INVALID, path, detail, value)


def type_invalid(path: str, value: Any, detail: str) -> FieldError:
    return FieldError(ErrorType.TYPE_INVALID, path, detail, value)


def not_supported(path: str, value: Any, supported: Iterable[str]) -> FieldError:
    """The value is not among the `supported` ones, which are named in their order (sets by the alphabet)."""
    ordered = sorted(supported) if isinstance(supported, (set, frozenset)) else supported
    names = ", ".join(json.dumps(name) for name in ordered)
    return FieldError(ErrorType.NOT_SUPPORTED, path, f"supported values: {names}" if names else "", value)


def duplicate(path: str, value: Any) -> FieldError:
    return FieldError(ErrorType.DUPLICATE, path, "", value)


def forbidden(path: str, detail: str) -> FieldError:
    return FieldError(ErrorType.FORBIDDEN, path, detail)


def not_found(path: str, value: Any) -> FieldError:
    return FieldError(ErrorType.NOT_FOUND, path, "", value)


def too_long(path: str, limit: int, unit: str = "byte") -> FieldError:
    why = f"may not be more than {limit} {unit}{'' if limit == 1 else 's'}" if limit >= 0 else "value is too long"
    return FieldError(ErrorType.TOO_LONG, path, why)


def too_many(path: str, count: int, limit: int) -> FieldError:
    return FieldError(ErrorType.TOO_MANY, path, f"{count}: must have at most {limit} item{'' if limit == 1 else 's'}")


def _format_value(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format_float(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

"""What a checking function found, before it is known where in the object that was.

Paths cost time, and almost every object is fine. So a function that finds a problem knows only its own place; each
function on the way back up adds the step that it had taken.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from wherry.api.field import ErrorType, FieldError, required
from wherry.api.schema import DecodeError


class Sort(Enum):
    """What is wrong."""

    UNKNOWN = "unknown"
    REQUIRED = "required"
    WRONG_TYPE = "wrong type"
    WRONG_VALUE = "wrong value"


class Problem:
    """One finding. `steps` lead to it from the inside out: `.name`, `[0]`, `[key]`."""

    __slots__ = ("fields", "owner", "sort", "steps", "text", "type", "value")

    def __init__(self, sort: Sort, value: Any = None, *, type: str = "", text: str = "") -> None:
        self.sort = sort
        self.value = value
        self.type = type
        """The Go type that was wanted."""
        self.text = text
        """The decoder's whole message, where it does not name the field."""
        self.steps: list[str] = []
        self.fields: list[str] = []
        self.owner = ""
        """The Go struct that has the field."""

    def enter(self, owner: str, field: str) -> None:
        """Note that the problem is in `field` of the Go struct `owner`."""
        self.steps.append("." + field)
        self.fields.append(field)
        if not self.owner:
            self.owner = owner

    def enter_key(self, key: str) -> None:
        """Note that the problem is in the value of a map's key; upstream's decoder and validation differ in form."""
        self.steps.append(f".{key}" if self.sort is Sort.UNKNOWN else f"[{key}]")

    @property
    def path(self) -> str:
        return "".join(reversed(self.steps)).removeprefix(".")

    def fault(self) -> FieldError:
        if self.sort is Sort.REQUIRED:
            return required(self.path)
        if self.text:
            return DecodeError(ErrorType.TYPE_INVALID, self.path, self.text, self.value)
        converter_detail = _conversion_message(self.value, self.type)
        return DecodeError(ErrorType.TYPE_INVALID, self.path, self._unmarshal_message(), self.value, converter_detail)

    def _unmarshal_message(self) -> str:
        target = f"Go struct field {self.owner}.{'.'.join(reversed(self.fields))}" if self.owner else "Go value"
        return f"json: cannot unmarshal {json_type(self.value, self.type)} into {target} of type {self.type}"


EMPTY = [Problem(Sort.UNKNOWN)]
"""Not a problem but a remark, told apart by identity: an empty list or map, which Go leaves out when it writes."""


def wrong_type(value: Any, type: str) -> list[Problem]:
    """`value` is not of the JSON type that the Go type `type` is read from."""
    return [Problem(Sort.WRONG_TYPE, value, type=type)]


def wrong_value(value: Any, text: str) -> list[Problem]:
    """The type's own parser refused `value`, in words that do not name the field."""
    return [Problem(Sort.WRONG_VALUE, value, text=text)]


def json_type(value: Any, wanted: str = "") -> str:
    """How Go's decoder names a JSON value; a number that merely does not fit is quoted."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return f"number {value}" if wanted.startswith("int") else "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    return "object" if isinstance(value, dict) else "null"


def _conversion_message(value: Any, wanted: str) -> str:
    """Why Go can not assign a decoded JSON value to a variable of the Go type `wanted`.

    Nothing for integers that are too large: Go would cut them off silently, which is nothing to follow.
    """
    source = _GO_KINDS[type(value)]
    if source == "int64" and wanted.startswith("int"):
        return ""
    if wanted.startswith("[]"):
        return f"cannot restore slice from {source}"
    if wanted.startswith("map["):
        return f"cannot restore map from {source}"
    if "." in wanted:
        return f"cannot restore struct from: {source}"
    if (source, wanted) == ("int64", "string") or (source == "float64" and wanted.startswith("int")):
        return f"cannot convert {source} to {wanted}"  # Go itself would: to the character of that number
    return f"unrecognized type: {wanted}"


_GO_KINDS = {dict: "map", list: "slice", str: "string", bool: "bool", int: "int64", float: "float64"}

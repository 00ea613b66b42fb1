"""The smaller parts of a version: subresources, printer columns, selectable fields."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api import Obj
from wherry.api.apiextensions.options import MOST_SELECTABLE
from wherry.api.apiextensions.versions import Part
from wherry.api.field import FieldError, duplicate, invalid, required, too_many
from wherry.api.structural.fieldpath import FieldPathError, Found, find_field
from wherry.api.structural.shape import Shape, parse

_TYPES = ("boolean", "date", "integer", "number", "string")
_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_SCALE = (
    ("specReplicasPath", (".spec.",), "should be a json path under .spec"),
    ("statusReplicasPath", (".status.",), "should be a json path under .status"),
    ("labelSelectorPath", (".spec.", ".status."), "should be a json path under either .spec or .status"),
)


def subresource_faults(part: Part) -> Iterator[FieldError]:
    """Where scale finds its numbers."""
    scale = part.value.get("scale")
    if scale is None:
        return
    for name, roots, why in _SCALE:
        text, path = scale.get(name) or "", f"{part.path}.scale.{name}"
        if not text:
            if name != "labelSelectorPath":
                yield required(path)
        elif faults := list(_simple_path_faults(text, path)):
            yield from faults
        elif not text.startswith(roots):
            yield invalid(path, text, why)


def column_faults(part: Part) -> Iterator[FieldError]:
    """Of printer columns."""
    for index, column in enumerate(part.value):
        path = f"{part.path}[{index}]"
        if not column.get("name"):
            yield required(f"{path}.name")
        type_, format_, text = (column.get(name) or "" for name in ("type", "format", "jsonPath"))
        if not type_:
            yield required(f"{path}.type", f"must be one of {','.join(_TYPES)}")
        elif type_ not in _TYPES:
            yield invalid(f"{path}.type", type_, f"must be one of {','.join(_TYPES)}")
        if format_ and format_ not in _FORMATS:
            yield invalid(f"{path}.format", format_, f"must be one of {','.join(_FORMATS)}")
        if not text:
            yield required(f"{path}.JSONPath")
        else:
            yield from _simple_path_faults(text, f"{path}.JSONPath")


def _simple_path_faults(text: str, path: str) -> Iterator[FieldError]:
    if not text.startswith("."):
        yield invalid(path, text, "must be a simple json path starting with .")


def selectable_faults(part: Part, schema: Obj | None, *, allows_many: bool) -> Iterator[FieldError]:
    """Selectable fields are scalars that the schema knows, outside of metadata."""
    if schema is None:
        yield invalid(part.path, "", "may only be set when `version.schema.openAPIV3Schema` is not included")
        return
    shape, seen = parse(schema), set()
    for index, field in enumerate(part.value):
        text, path = field.get("jsonPath") or "", f"{part.path}[{index}].jsonPath"
        if not text:
            yield required(path)
            continue
        try:
            found = find_field(shape, text, allows_brackets=False)
        except FieldPathError as error:
            yield invalid(path, text, f"is an invalid path: {error}")
            continue
        yield from _selectable_faults(found, text, path)
        if found.path in seen:
            yield duplicate(path, text)
        seen.add(found.path)
    if len(seen) > MOST_SELECTABLE and not allows_many:
        yield too_many(part.path, len(seen), MOST_SELECTABLE)


def _selectable_faults(found: Found, text: str, path: str) -> Iterator[FieldError]:
    if found.first == "metadata":
        yield invalid(path, text, "must not point to fields in metadata")
    if not _is_selectable(found.shape):
        allowed = "Enum string fields and strings with formats are allowed."
        yield invalid(path, text, f"must point to a field of type string, boolean or integer. {allowed}")


def _is_selectable(shape: Shape) -> bool:
    return shape.type in ("string", "boolean", "integer")

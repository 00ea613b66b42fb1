"""Objects as the rows of a table, which is what `kubectl get` prints.

The columns are data of the kind. A row carries the object's metadata (or all of it, or nothing, by `includeObject`), so
that `-o name`, `--show-labels` and sorting work without another request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.errors import BadRequest
from wherry.api.field import invalid
from wherry.api.meta.columns import DEFAULT_COLUMNS
from wherry.api.resource import Column, Resource, lookup

_INCLUDES = ("", "Metadata", "None", "Object")


def partial(obj: Obj, version: str = "v1") -> Obj:
    """An object's metadata as an object of its own."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": obj.get("metadata") or {},
    }


def table(
    resource: Resource,
    objects: Sequence[Obj],
    metadata: Obj,
    now: float,
    version: str,
    include: str,
    header: bool = True,
) -> Obj:
    """A Table of objects, with the metadata of their list."""
    columns = resource.columns or DEFAULT_COLUMNS
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": metadata,
        "columnDefinitions": [_definition(column) for column in columns] if header else None,
        "rows": [_row(columns, obj, now, version, include) for obj in objects],
    }


def rows(resource: Resource, now: float, version: str, include: str) -> Callable[[Obj], Obj]:
    """What makes a row of an object."""
    columns = resource.columns or DEFAULT_COLUMNS
    return lambda obj: _row(columns, obj, now, version, include)


def check_include(include: str) -> str:
    if include not in _INCLUDES:
        fault = invalid("includeObject", include, "must be 'Metadata', 'Object', 'None', or empty")
        raise BadRequest(f"Unable to convert to Table as requested: {fault}")
    return include


def _definition(column: Column) -> Obj:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def _row(columns: Sequence[Column], obj: Obj, now: float, version: str, include: str) -> Obj:
    row: Obj = {"cells": [_cell(column, obj, now) for column in columns]}
    if include != "None":
        row["object"] = obj if include == "Object" else partial(obj, version)
    return row


def _cell(column: Column, obj: Obj, now: float) -> Any:
    value = column.value
    return lookup(obj, value) if isinstance(value, str) else value(obj, now)

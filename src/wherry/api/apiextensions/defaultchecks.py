"""Defaults are valid themselves: by the schema they stand in, without unknown fields, and as parts of resources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from msgspec import Struct
from msgspec.structs import replace as relocated

from wherry.api import Obj
from wherry.api.errors import aggregate
from wherry.api.field import FieldError, invalid
from wherry.api.patch.copying import clone
from wherry.api.structural.embedded import validate_resource, validate_resources
from wherry.api.structural.judging import find_judge
from wherry.api.structural.pruning import prune_resource, prune_value
from wherry.api.structural.report import report
from wherry.api.structural.shape import Shape, parse

UNKNOWN = "must not have unknown fields"


def default_faults(schema: Obj, path: str, *, allows_unpruned: bool) -> list[FieldError]:
    """The faults of all defaults of a structural schema."""
    root = replace(parse(schema), embedded=True)
    return list(_faults(_Place(root, path, root, ()), allows_unpruned))


def has_unpruned_defaults(schema: Obj) -> bool:
    """Whether some default has fields that its schema does not know."""
    return any(fault.detail == UNKNOWN for fault in default_faults(schema, "", allows_unpruned=False))


class _Place(Struct, frozen=True):
    """One place of the schema, and how it lies in the resource around it."""

    shape: Shape
    path: str
    resource: Shape
    steps: tuple[str | None, ...]
    """From the resource to here; None is an item of a list."""

    @property
    def is_in_meta(self) -> bool:
        return bool(self.steps) and self.steps[0] in ("apiVersion", "kind", "metadata")

    def step(self, shape: Shape, path: str, step: str | None) -> _Place:
        if shape.embedded:
            return _Place(shape, path, shape, ())
        return _Place(shape, path, self.resource, (*self.steps, step))

    def surround(self, value: object) -> Obj:
        """A resource that has the value here and nothing else."""
        for step in reversed(self.steps[1:]):
            value = [value] if step is None else {step: value}
        return {"apiVersion": "validation/v1", "kind": "Validation", str(self.steps[0]): value}


def _faults(place: _Place, allows_unpruned: bool) -> Iterator[FieldError]:
    shape, path = place.shape, place.path
    if shape.default is not None:
        check = _meta_default_faults(place) if place.is_in_meta else _plain_default_faults(place, allows_unpruned)
        yield from check
    if shape.items is not None:
        yield from _faults(place.step(shape.items, f"{path}.items", None), allows_unpruned)
    for name, inner in shape.properties.items():
        yield from _faults(place.step(inner, f"{path}.properties[{name}]", name), allows_unpruned)


def _plain_default_faults(place: _Place, allows_unpruned: bool) -> list[FieldError]:
    shape, path = place.shape, f"{place.path}.default"
    faults: list[FieldError] = []
    default = clone(shape.default)
    misread, unknown = prune_value(shape, default)
    if unknown and not allows_unpruned:
        faults.append(invalid(path, shape.default, UNKNOWN))
    if misread:
        return [*faults, *(relocated(fault, path=f"{path}.{fault.path}") for fault in misread[:1])]
    return faults + (validate_resources(shape, default, path) or _value_faults(place))


def _meta_default_faults(place: _Place) -> list[FieldError]:
    shape, path = place.shape, f"{place.path}.default"
    resource = place.surround(clone(shape.default))
    misread, _ = prune_resource(resource)
    if misread:
        return [invalid(path, shape.default, f"must result in valid metadata: {misread[0]}")]
    if faults := validate_resource(resource, ""):
        return [invalid(path, shape.default, f"must result in valid metadata: {aggregate(faults)}")]
    return _value_faults(place)


def _value_faults(place: _Place) -> list[FieldError]:
    """Of the schema and of rules: for a default that was there before, and for one that comes anew."""
    shape, path = place.shape, f"{place.path}.default"
    if faults := report(shape, shape.default, path):
        return faults
    judge = find_judge(shape, is_resource=shape is place.resource)
    if judge is None:
        return []
    return judge.faults(shape.default, shape.default, path=path) or judge.faults(shape.default, None, path=path)

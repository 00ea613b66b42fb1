"""Taking an object in: what its schema does not know goes, nulls go where there may be none, embedded metadata is read.

One walk does all three, over the fields that an object has. What is dropped is told, so that clients can be warned.
Some of it surprises, and is upstream's all the same: below `additionalProperties: true` objects lose everything;
below `x-kubernetes-preserve-unknown-fields` the fields that are known are still pruned, but items of lists are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wherry.api.field import FieldError, invalid
from wherry.api.schema import DecodeError
from wherry.api.schema.compiler import struct_check
from wherry.api.schema.problems import EMPTY, Problem, Sort
from wherry.api.structural.shape import Shape

Prune = Callable[[Any], list[Problem] | None]
"""Prunes an object or list in place and tells what it dropped or could not read."""

Pruner = Callable[[Any], tuple[list[FieldError], list[str]]]
"""Prunes a whole object; see `wherry.api.schema.Schema.prune`."""

OBJECT_META = "meta.v1.ObjectMeta"
_META = frozenset({"apiVersion", "kind", "metadata"})


def pruner(shape: Shape) -> Pruner:
    """The function that prunes the objects of a kind."""
    content = _object(shape, is_root=True)

    def prune(obj: Any) -> tuple[list[FieldError], list[str]]:
        problems = _metadata(obj)
        found = content(obj)
        if not problems and not found:
            return [], []
        faults: list[FieldError] = [_fault(problem) for problem in (*problems, *(found or ())) if _is_fault(problem)]
        unknown = [problem.path for problem in problems if not _is_fault(problem)]
        inside = [problem for problem in found or () if not _is_fault(problem)]
        unknown += sorted(problem.path for problem in inside if not problem.owner)
        return faults, unknown + sorted(problem.path for problem in inside if problem.owner)  # of embedded metadata

    return prune


def prune_value(shape: Shape, value: Any) -> tuple[list[FieldError], list[str]]:
    """Prune what stands at a place: (faults of embedded metadata, paths of what the shape does not know)."""
    found = _object(shape)(value) if type(value) in (dict, list) else None
    return _sorted_out(found or [])


def prune_resource(value: Any) -> tuple[list[FieldError], list[str]]:
    """Prune what makes an embedded resource one, and nothing else of it."""
    return _sorted_out(_embedded(value))


def _sorted_out(problems: list[Problem]) -> tuple[list[FieldError], list[str]]:
    faults = [invalid(problem.path, problem.value, problem.text) for problem in problems if _is_fault(problem)]
    return faults, [problem.path for problem in problems if not _is_fault(problem) and not problem.owner]


def _is_fault(problem: Problem) -> bool:
    return problem.sort is not Sort.UNKNOWN


def _fault(problem: Problem) -> FieldError:
    fault = problem.fault()
    assert isinstance(fault, DecodeError)
    return fault


def _metadata(owner: Any) -> list[Problem]:
    """Read the metadata of the object `owner` as what it is, and prune it."""
    if "metadata" not in owner:
        return []
    found = struct_check(OBJECT_META, False)(owner, "metadata", owner["metadata"])
    if not found or found is EMPTY:
        return []
    for problem in found:
        problem.steps.append(".metadata")
    return found


def _object(shape: Shape, *, is_root: bool = False) -> Prune:
    """The function for whatever stands at a place; it is only called with objects and lists."""
    if shape.is_leaf and not is_root:
        return _pass if shape.preserves_unknown else _wipe
    rules = _Rules(shape, keeps_meta=is_root or shape.embedded)
    prune_fields, prune_items = _fields_pruner(rules), _items_pruner(shape)
    if not shape.embedded or is_root:
        return lambda value: prune_items(value) if type(value) is list else prune_fields(value)

    def prune(value: Any) -> list[Problem] | None:
        if type(value) is list:
            return prune_items(value)
        problems = prune_fields(value)
        found = _embedded(value)
        return found if problems is None else problems + found

    return prune


class _Rules(dict[str, Prune | None]):
    """The functions for what stands under the keys of an object; each is made when first asked for.

    Keys that the shape does not know are not remembered: they have `rest`, or None.
    """

    __slots__ = ("keeps_meta", "rest", "shape")

    def __init__(self, shape: Shape, *, keeps_meta: bool) -> None:
        super().__init__()
        self.shape = shape
        self.keeps_meta = keeps_meta
        self.rest = _lazy(shape.additional) if isinstance(shape.additional, Shape) else None
        if shape.additional is not None and self.rest is None:
            self.rest = _wipe

    def __missing__(self, key: str) -> Prune | None:
        if self.keeps_meta and key in _META:
            rule: Prune = _keep
        elif (inner := self.shape.properties.get(key)) is not None:
            rule = _object(inner)
        else:
            return self.rest
        self[key] = rule
        return rule

    def drops_null(self, key: str) -> bool:
        shape = self.shape.child(key)
        return shape is not None and not shape.nullable and shape.default is None


def _fields_pruner(rules: _Rules) -> Prune:
    keeps_unknown = rules.shape.preserves_unknown

    def prune(value: Any) -> list[Problem] | None:
        problems: list[Problem] | None = None
        dropped: list[str] = []
        for key, content in value.items():
            rule = rules[key]
            if rule is None:
                if not keeps_unknown:
                    dropped.append(key)
                    problems = _stepped([Problem(Sort.UNKNOWN)], problems, "." + key)
            elif content is None:
                if rule is not _keep and rules.drops_null(key):
                    dropped.append(key)
            else:
                kind = type(content)
                if (kind is dict or kind is list) and (found := rule(content)):
                    problems = _stepped(found, problems, "." + key)
        for key in dropped:
            del value[key]
        return problems

    return prune


def _items_pruner(shape: Shape) -> Prune:
    rule = _item_rule(shape)

    def prune(value: Any) -> list[Problem] | None:
        problems: list[Problem] | None = None
        for index, content in enumerate(value):
            kind = type(content)
            if (kind is dict or kind is list) and (found := rule(content)):
                problems = _stepped(found, problems, f"[{index}]")
        return problems

    return prune


def _item_rule(shape: Shape) -> Prune:
    if shape.items is None:
        return _keep if shape.preserves_unknown else _wipe
    if shape.preserves_unknown and not shape.items.preserves_unknown:
        # Items of a list that preserves unknown fields do so too, though they do not say it.
        return _lazy(replace(shape.items, preserves_unknown=True))
    return _lazy(shape.items)


def _lazy(shape: Shape) -> Prune:
    made: list[Prune] = []

    def prune(value: Any) -> list[Problem] | None:
        if not made:
            made.append(_object(shape))
        return made[0](value)

    return prune


def _keep(_: Any) -> list[Problem] | None:
    return None


def _pass(_: Any) -> list[Problem] | None:
    """All is let through, but unlike what every object has, it may be dropped as a null."""
    return None


def _wipe(value: Any) -> list[Problem] | None:
    """Nothing is known here, so no object keeps a field."""
    problems: list[Problem] | None = None
    if type(value) is dict:
        for key in value:
            problems = _stepped([Problem(Sort.UNKNOWN)], problems, "." + key)
        value.clear()
        return problems
    for index, content in enumerate(value):
        if type(content) in (dict, list) and (found := _wipe(content)):
            problems = _stepped(found, problems, f"[{index}]")
    return problems


def _embedded(value: dict[str, Any]) -> list[Problem]:
    """Read what makes an embedded object one. Its faults are told with their place, unlike those of the root."""
    problems: list[Problem] = []
    for key in ("apiVersion", "kind"):
        if key in value and type(value[key]) is not str:
            problems.append(_misread(value[key], "must be a string", key))
    original = value.get("metadata")
    for problem in _metadata(value):
        if problem.sort is Sort.UNKNOWN:
            problems.append(problem)
        else:
            problems.append(_misread(original, problem.fault().detail, "metadata"))
            break
    return problems


class _Misread(Problem):
    """A fault of embedded metadata, in the words of validation though it is found while decoding."""

    __slots__ = ()

    def fault(self) -> FieldError:
        inner = super().fault()
        assert isinstance(inner, DecodeError)
        return DecodeError(inner.type, inner.path, str(invalid(inner.path, inner.value, inner.detail)), inner.value)


def _misread(value: Any, why: str, key: str) -> Problem:
    problem = _Misread(Sort.WRONG_VALUE, value, text=why)
    problem.steps.append("." + key)
    return problem


def _stepped(found: list[Problem], problems: list[Problem] | None, step: str) -> list[Problem]:
    """`problems` with those that were found one step further in; both lists are used up."""
    for problem in found:
        problem.steps.append(step)
    if problems is None:
        return found
    problems += found
    return problems

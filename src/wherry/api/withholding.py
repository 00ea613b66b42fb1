"""Keeping out of what is written the features that are off.

While a gate is off, upstream drops the fields of its feature from what is written, or refuses the values, unless the
object had some of them before: what was stored while the gate was on is kept, and can be changed.

`withholding` makes of the table in `gated.py` what a kind's writes are passed through, and None for the many kinds that
have no such field. Nearly every write has nothing to withhold, and pays only for a look: functions that are put
together once for a type and ask for the members that something may be behind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from msgspec import Struct

from wherry.api import Obj
from wherry.api.features import Features, Gate
from wherry.api.field import FieldError
from wherry.api.gated import TABLE, Gated
from wherry.api.resource import Resource
from wherry.api.schema.shapes import base_type, kind_struct, struct


class _Step(Struct, frozen=True):
    """What a member of an object may hold: a gated value, or such values further down, alone or in a list or map."""

    gated: Gated | None
    depth: str
    """One sign for each list (`[`) and map (`{`) that the parts below stand in."""
    below: Mapping[str, _Step]


_Tree: TypeAlias = Mapping[str, _Step]
_Probe: TypeAlias = Callable[[Any], bool]


class _Found(Struct, frozen=True):
    """A value before which a gate stands."""

    gated: Gated
    holder: Obj
    value: Any
    path: str


class Withholding:
    """What the gates that are off keep out of the objects of one kind."""

    __slots__ = ("_probe", "_tree")

    def __init__(self, tree: _Tree) -> None:
        self._tree = tree
        self._probe = _probe(tree)

    def drop(self, new: Obj, old: Obj | None) -> list[FieldError]:
        """Take out of `new` what `old` does not use already; returns the faults of what is refused instead.

        Members that the two share, as they do what a status is written beside, have nothing new in them.
        """
        if not self._probe(new if old is None else {name: new[name] for name in new if new[name] is not old.get(name)}):
            return []
        before = () if old is None else _find(old, self._tree)
        used = {each.gated.gate for each in before if each.gated.uses(each.value)}
        found = [each for each in _find(new, self._tree) if each.gated.gate not in used]
        return [fault for each in found if (fault := _withhold(each)) is not None]


def _probe(tree: _Tree) -> _Probe:
    """Whether there is anything to withhold in an object: nearly always not, so this is what writes pay for."""
    members = tuple((name, _probe_member(step)) for name, step in tree.items())

    def probe(obj: Any) -> bool:
        for name, look in members:  # noqa: SIM110 - a generator takes longer than all this
            if name in obj and (value := obj[name]) is not None and look(value):
                return True
        return False

    return probe


def _probe_member(step: _Step) -> _Probe:
    probes = [] if step.gated is None else [step.gated.concerns]
    if step.below:
        below = _probe(step.below)
        for sign in reversed(step.depth):
            below = _probe_each(below, sign)
        probes.append(below)
    return probes[0] if len(probes) == 1 else lambda value: any(probe(value) for probe in probes)


def _probe_each(probe: _Probe, sign: str) -> _Probe:
    def probe_each(values: Any) -> bool:
        for value in values if sign == "[" else values.values():  # noqa: SIM110
            if probe(value):
                return True
        return False

    return probe_each


def _find(obj: Obj, tree: _Tree, path: str = "") -> Iterator[_Found]:
    """Every value of a gated field, whether it needs the gate or not."""
    for name, value in obj.items():
        step = tree.get(name)
        if step is None or value is None:
            continue
        where = f"{path}.{name}" if path else name
        if step.gated is not None:
            yield _Found(step.gated, obj, value, where)
        if step.below:
            yield from _find_below(value, step.depth, step.below, where)


def _find_below(value: Any, depth: str, tree: _Tree, path: str) -> Iterator[_Found]:
    if not depth:
        yield from _find(value, tree, path)
    elif depth[0] == "[":
        for index, each in enumerate(value):
            yield from _find_below(each, depth[1:], tree, f"{path}[{index}]")
    else:
        for key, each in value.items():
            yield from _find_below(each, depth[1:], tree, f"{path}[{key}]")


def _withhold(found: _Found) -> FieldError | None:
    gated, value = found.gated, found.value
    if not gated.concerns(value):
        return None
    if gated.judge is not None:
        return gated.judge(value, found.path)
    found.holder.pop(gated.field, None)  # Whatever made the object may have put one part into it twice.
    return None


class Withheld(dict[Resource, Withholding | None]):
    """What the writes of every kind of one control plane pass through, found when a kind is first written."""

    def __init__(self, features: Features) -> None:
        super().__init__()
        self._features = features

    def __missing__(self, resource: Resource) -> Withholding | None:
        found = self[resource] = withholding(resource.api_version, resource.kind, self._features)
        return found


def withholding(api_version: str, kind: str, features: Features) -> Withholding | None:
    """What a kind's writes pass through; None where nothing is kept out."""
    try:
        root = kind_struct(api_version, kind)
    except LookupError:
        return None
    return _withholding(root.name, features.without())


@lru_cache(maxsize=1024)
def _withholding(type: str, off: frozenset[Gate]) -> Withholding | None:
    tree = _grow(type, {(one.type, one.field): one for one in TABLE if one.gate in off}, ())
    return Withholding(tree) if tree else None


def _grow(type: str, gated: Mapping[tuple[str, str], Gated], above: Collection[str]) -> _Tree:
    """The members of a type in which something gated may be. Types that hold themselves are not followed twice."""
    tree: dict[str, _Step] = {}
    for name, field in struct(type).fields.items():
        inner = base_type(field.type)
        below = _grow(inner, gated, (*above, type)) if inner and inner not in (*above, type) else {}
        own = gated.get((type, name))
        if own is not None or below:
            depth = field.type[: len(field.type) - len(field.type.lstrip("[{"))]
            tree[name] = _Step(own, depth, below)
    return tree

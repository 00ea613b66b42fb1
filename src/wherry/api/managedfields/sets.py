"""Sets of places in an object, as the tries of dicts that `fieldsV1` is made of.

A place is a path of steps (`elements.py`). A dict stands for what is below a place: step -> dict. The place itself is a
member of the set when its dict is empty or has the member `"."`; so `{"f:a": {}, "f:b": {".": {}, "f:c": {}}}` is the
set of `.a`, `.b` and `.b.c`. The root is never a member, and an empty root is the empty set. Steps stand in the order
in which they are written; whoever makes a dict sees to that with `level`.

Sets are values: no function here changes its arguments, results share whatever they can with them, and all leaves are
one dict. Writers therefore pay for what they change and not for what an object has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

from wherry.api.managedfields.elements import BadElement, canonical, sort_key

Fields: TypeAlias = "dict[str, Fields]"
"""A set, or what is below one of its places."""

EMPTY: Fields = {}
LEAF: Fields = EMPTY
"""A member with nothing below it. Never change it."""
SELF: Fields = {".": LEAF}
_MOST_DEPTH = 200


def of(paths: Iterable[tuple[str, ...]]) -> Fields:
    """The set of some paths."""
    fields = EMPTY
    for path in paths:
        below = LEAF
        for step in reversed(path):
            below = {step: below}
        fields = union(fields, below)
    return fields


def has(fields: Fields, path: Iterable[str]) -> bool:
    """Whether a path is a member."""
    below: Fields | None = fields
    for step in path:
        below = below.get(step) if below else None
        if below is None:
            return False
    return below is not fields and (not below or "." in below)


def is_member(below: Fields | None) -> bool:
    """Whether the place with this below it is itself in the set."""
    return below is not None and (not below or "." in below)


def union(left: Fields, right: Fields) -> Fields:
    """What is in one or the other."""
    if not left or left is right:
        return right
    return _union(left, right) if right else left


def union_of(many: Sequence[Fields]) -> Fields:
    """What is in any of them; by halves, so that what is there already is not copied for each."""
    if len(many) <= 1:
        return many[0] if many else EMPTY
    middle = len(many) // 2
    return union(union_of(many[:middle]), union_of(many[middle:]))


def _union(left: Fields, right: Fields) -> Fields:
    """The same below one place; neither is empty."""
    merged: Fields | None = None
    for step, theirs in right.items():
        ours = left.get(step)
        if ours is theirs:
            continue
        below = theirs if ours is None else _union(ours or SELF, theirs or SELF) if ours or theirs else LEAF
        if below is not ours:
            if merged is None:
                merged = dict(left)
            merged[step] = below
    if merged is None:
        return left
    return merged if len(merged) == len(left) else level(merged)


def difference(left: Fields, right: Fields) -> Fields:
    """What is in the first and not in the second."""
    return (_difference(left, right) or EMPTY) if left and right else left


def _difference(left: Fields, right: Fields) -> Fields | None:
    """The same below one place; None when nothing is left, not even the place."""
    if not left:
        return None if is_member(right) else left
    rest: Fields | None = None
    for step, theirs in (right or SELF).items():
        ours = left.get(step)
        if ours is None:
            continue
        below = None if step == "." else _difference(ours, theirs)
        if below is not ours:
            if rest is None:
                rest = dict(left)
            if below is None:
                del rest[step]
            else:
                rest[step] = below
    return left if rest is None else _normal(rest)


def without_all(left: Fields, right: Fields) -> Fields:
    """What is in the first and neither in the second nor below a member of it."""
    return (_without_all(left, right) or EMPTY) if left and right else left


def _without_all(left: Fields, right: Fields) -> Fields | None:
    if not right or "." in right:
        return None
    rest: Fields | None = None
    for step, theirs in right.items():
        ours = left.get(step)
        if ours is None:
            continue
        below = _without_all(ours, theirs)
        if below is not ours:
            if rest is None:
                rest = dict(left)
            if below is None:
                del rest[step]
            else:
                rest[step] = below
    return left if rest is None else _normal(rest)


def intersection(left: Fields, right: Fields) -> Fields:
    """What is in both."""
    return (_intersection(left, right) or EMPTY) if left and right else EMPTY


def _intersection(left: Fields, right: Fields) -> Fields | None:
    if not left:
        return LEAF if is_member(right) else None
    if not right:
        return LEAF if "." in left else None
    shared: Fields = {}
    few, many = (left, right) if len(left) <= len(right) else (right, left)
    for step, theirs in few.items():
        ours = many.get(step)
        if ours is None:
            continue
        below = LEAF if step == "." else _intersection(ours, theirs)
        if below is not None:
            shared[step] = below
    return _normal(shared)


def _normal(below: Fields) -> Fields | None:
    """A place of which only itself is left is a leaf; one with nothing left is gone."""
    if not below:
        return None
    return LEAF if len(below) == 1 and "." in below else below


def level(below: Fields) -> Fields:
    """What is right below a place, in the order in which it is written."""
    if len(below) < 2:
        return below
    steps = tuple(below)
    order = _order(steps) if len(steps) <= _FEW else _sorted(steps)
    return below if order == steps else {step: below[step] for step in order}


_FEW = 32
"""So many steps are remembered with their order: objects of a kind have the same ones again and again."""


def _sorted(steps: tuple[str, ...]) -> tuple[str, ...]:
    order = sorted(steps)
    if order[-1][0] != "f":
        order.sort(key=sort_key)
    return tuple(order)


_order = lru_cache(1024)(_sorted)


def paths(fields: Fields) -> Iterator[tuple[str, ...]]:
    """All members: at each place those right below it, then those further down, in the order of steps."""
    if fields:
        yield from _paths(fields, ())


def _paths(below: Fields, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    steps = [step for step in below if step != "."]
    for step in steps:
        if is_member(below[step]):
            yield (*path, step)
    for step in steps:
        if below[step]:
            yield from _paths(below[step], (*path, step))


def decode(value: object) -> Fields:
    """The set that a `fieldsV1` from outside stands for; raises `BadElement`.

    Steps of a sort that is not known are dropped with all that is below them.
    """
    if value is None:
        return EMPTY
    return _decode(value, 0) or EMPTY


def _decode(value: object, depth: int) -> Fields:
    if value is None:
        return LEAF
    if type(value) is not dict:
        raise BadElement("a set of fields is an object of objects")
    if depth > _MOST_DEPTH:
        raise BadElement("exceeded max depth")
    below: Fields = {}
    is_self = False
    for key, inner in value.items():
        if key == ".":
            is_self = True
            continue
        step = canonical(key)
        if step is None:
            continue
        found = _decode(inner, depth + 1)
        below[step] = union(below[step] or SELF, found or SELF) if step in below else found
    if is_self and below and depth:
        below["."] = LEAF
    return level(below)

"""What changed between two states of an object, as sets of places: added, modified, removed.

A place that comes or goes counts with everything below it, itself included; an atomic value counts as a whole. Equal
parts are passed over by a comparison that Python does in C, so that the cost is that of what differs.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import msgspec

from wherry.api.managedfields.elements import item_element
from wherry.api.managedfields.sets import EMPTY, LEAF, Fields, level, union
from wherry.api.schema.nodes import DEDUCED, Node, Sort


class Comparison(NamedTuple):
    """Three disjoint sets."""

    added: Fields
    modified: Fields
    removed: Fields

    @property
    def written(self) -> Fields:
        """What the new state has that the old one had not, or had differently."""
        return union(self.modified, self.added)


def compare(node: Node, old: Any, new: Any) -> Comparison:
    """How `new` differs from `old`, both objects of the kind that `node` is the root of; raises `BadElement`."""
    added, modified, removed = _differ(node, old, new)
    return Comparison(added or EMPTY, modified or EMPTY, removed or EMPTY)


def made(node: Node, new: dict[str, Any], filled: Container[str]) -> Fields:
    """What is written when an object is made; raises `BadElement`.

    That is what `compare` has as written where the old object has nothing but the members that are `filled`, and has
    these empty: in one go, since nothing can be removed and little modified.
    """
    child = node.child
    fields: Fields = {}
    for name in sorted(new):
        value = new[name]
        if type(value) not in _CONTAINERS:
            fields["f:" + name] = LEAF
            continue
        place = child(name) or DEDUCED
        if place.is_always or name in filled:
            added, modified, _ = _filled(place, value)
            below = added if modified is None else modified if added is None else union(modified, added)
        else:
            below = whole(place, value)
        if below is not None:
            fields["f:" + name] = below
    return fields


def whole(node: Node, value: Any) -> Fields:
    """What is below a place that comes or goes: everything; the place itself is in it. Raises `BadElement`."""
    kind = type(value)
    if kind is dict:
        if not value or node.is_atomic or node.sort not in _MAPS:
            return LEAF
        return _whole_map(node, value)
    if kind is list and value and (node.keys or node.is_set):
        return _whole_list(node, value)
    return LEAF


def _whole_map(node: Node, value: dict[str, Any]) -> Fields:
    if len(value) <= _FEW and _CONTAINERS.isdisjoint(map(type, value.values())):
        return _flat(tuple(value))
    child = node.child
    below: Fields = {".": LEAF}
    for name in sorted(value):
        member = value[name]
        # Most members are scalars, whatever their node says.
        below["f:" + name] = whole(child(name) or DEDUCED, member) if type(member) in _CONTAINERS else LEAF
    return below


@lru_cache(4096)
def _flat(names: tuple[str, ...]) -> Fields:
    """What is below a map of scalars. There are few sorts of such maps, and they are all over an object."""
    return {".": LEAF, **{f"f:{name}": LEAF for name in sorted(names)}}


@lru_cache(4096)
def _flat_below(names: tuple[str, ...]) -> Fields:
    """The same without the map itself."""
    return {f"f:{name}": LEAF for name in sorted(names)}


def _whole_list(node: Node, items: list[Any]) -> Fields:
    item_node = node.item or DEDUCED
    below: Fields = {".": LEAF}
    repeated = set()
    for item in items:
        step = item_element(node, item)
        if step in below:
            repeated.add(step)
        else:
            below[step] = whole(item_node, item)
    for step in repeated:
        below[step] = LEAF
    return level(below)


_Sets: TypeAlias = "tuple[Fields | None, Fields | None, Fields | None]"
"""Added, modified and removed below one place; None where the place is not in the set and nothing below it is."""

_MAPS = (Sort.MAP, Sort.DEDUCED)
_CONTAINERS = frozenset({dict, list})
_FEW = 16

_SAME: _Sets = (None, None, None)
_MODIFIED: _Sets = (None, LEAF, None)
_NONE: list[Any] = []
_EMPTY: dict[type, Any] = {dict: {}, list: _NONE}


def _differ(node: Node, old: Any, new: Any) -> _Sets:
    """The same for a place that stays; the values are known to differ (or are the roots)."""
    if type(new) is dict and type(old) is dict:
        if node.sort in _MAPS and not node.is_atomic and (old or new):
            return _differ_maps(node, old, new)
        return _MODIFIED if old != new else _SAME
    if type(new) is list and type(old) is list:
        if (node.keys or node.is_set) and (old or new):
            return _differ_lists(node, old, new)
        return _MODIFIED if old != new else _SAME
    return _differ_sorts(node, old, new)


def _differ_sorts(node: Node, old: Any, new: Any) -> _Sets:
    """Values of two sorts: the parts of a granular one come or go; the place itself changes unless one was nothing."""
    added = whole(node, new)
    removed = whole(node, old)
    is_leaf = (not added and new is not None) or (not removed and old is not None)
    return (_below(added), LEAF if is_leaf or not (added or removed) else None, _below(removed))


def _below(fields: Fields) -> Fields | None:
    return {step: inner for step, inner in fields.items() if step != "."} or None


def _differ_maps(node: Node, old: dict[str, Any], new: dict[str, Any]) -> _Sets:
    added: Fields = {}
    modified: Fields = {}
    removed: Fields = {}
    child = node.child
    for name, value in new.items():
        if name in old:
            before = old[name]
            if before != value:
                if type(value) in _CONTAINERS or type(before) in _CONTAINERS:
                    _put("f:" + name, _differ(child(name) or DEDUCED, before, value), added, modified, removed)
                else:
                    modified["f:" + name] = LEAF
        else:
            place = child(name) or DEDUCED
            if place.is_always and type(value) in _EMPTY:
                _put("f:" + name, _filled(place, value), added, modified, removed)
            else:
                added["f:" + name] = whole(place, value)
    for name, before in old.items():
        if name not in new:
            place = child(name) or DEDUCED
            if place.is_always and type(before) in _EMPTY:
                _put("f:" + name, _differ(place, before, _EMPTY[type(before)]), added, modified, removed)
            else:
                removed["f:" + name] = whole(place, before)
    return _levels(added, modified, removed)


def _filled(node: Node, value: Any) -> _Sets:
    """How a place that is always there changes when it is filled.

    Siblings bring the same content (Pods of a ReplicaSet), and its text is made in a twentieth of the time.
    """
    if type(value) is not dict:
        return _differ(node, _NONE, value)
    if _CONTAINERS.isdisjoint(map(type, value.values())):
        if len(value) > _FEW or node.is_atomic or node.sort not in _MAPS:
            return _differ(node, _EMPTY[dict], value)
        return (_flat_below(tuple(value)) if value else None, None, None)
    content = (node, _encode(value))
    sets = _known.get(content)
    if sets is None:
        sets = _differ(node, _EMPTY[dict], value)
        if len(content[1]) <= _LONGEST:
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[content] = sets
    return sets


_encode = msgspec.json.Encoder().encode
_known: dict[tuple[Node, bytes], _Sets] = {}
"""What was found for contents that have come lately: at most half a megabyte of texts, and a few of sets."""
_MOST_KNOWN = 128
_LONGEST = 4096


def _differ_lists(node: Node, old: list[Any], new: list[Any]) -> _Sets:
    added: Fields = {}
    modified: Fields = {}
    removed: Fields = {}
    item_node = node.item or DEDUCED
    before, after = index(node, old), index(node, new)
    for step in {**before, **after}:
        olds, news = before.get(step, _NONE), after.get(step, _NONE)
        if len(olds) <= 1 and len(news) <= 1:
            if not olds:
                added[step] = whole(item_node, news[0])
            elif not news:
                removed[step] = whole(item_node, olds[0])
            elif olds[0] != news[0]:
                _put(step, _differ(item_node, olds[0], news[0]), added, modified, removed)
        elif len(olds) > 1 and len(news) > 1:
            if olds != news:
                modified[step] = LEAF
        elif len(olds) > 1:  # Repeated items count as one atomic value; what is left is new.
            removed[step] = LEAF
            if news:
                added[step] = whole(item_node, news[0])
        else:
            added[step] = LEAF
            if olds:
                removed[step] = whole(item_node, olds[0])
    return _levels(added, modified, removed)


def _levels(added: Fields, modified: Fields, removed: Fields) -> _Sets:
    return (
        level(added) if added else None,
        level(modified) if modified else None,
        level(removed) if removed else None,
    )


def index(node: Node, items: Iterable[Any]) -> dict[str, list[Any]]:
    """The items of a list by their steps; several have the same when the list repeats itself. Raises `BadElement`."""
    table: dict[str, list[Any]] = {}
    for item in items:
        table.setdefault(item_element(node, item), []).append(item)
    return table


def _put(step: str, sets: _Sets, added: Fields, modified: Fields, removed: Fields) -> None:
    if sets[0] is not None:
        added[step] = sets[0]
    if sets[1] is not None:
        modified[step] = sets[1]
    if sets[2] is not None:
        removed[step] = sets[2]

"""Kubernetes' strategic merge patch: a merge patch that knows which lists merge, and by which key.

The schema gives each list or map a strategy: `merge` (by key, or as a set of scalars), `replace`, and `retainKeys`.
Directives inside a patch, each taken out before the rest is merged:

- `$patch: delete | replace` in a map (it becomes empty, or is replaced), or in an item of a keyed list
- `$deleteFromPrimitiveList/<list>`: scalars to take out of a list
- `$setElementOrder/<list>`: the order that the client saw; items that it did not know keep their place among the others
- `$retainKeys`: the only fields of a map that survive

Order of a merged list: `$setElementOrder` before the order in the patch, before the order that was there.
"""

from __future__ import annotations

import json
from typing import Any

from wherry.api import Obj
from wherry.api.patch.copying import clone
from wherry.api.patch.ordering import merge_orders
from wherry.api.schema import Schema

DIRECTIVE = "$patch"
RETAIN_KEYS = "$retainKeys"
SET_ORDER = "$setElementOrder"
DELETE_FROM = "$deleteFromPrimitiveList"

Path = tuple[str, ...]


class BadFormat(Exception):
    """A directive is malformed: upstream answers 400."""


class Unmergeable(Exception):
    """The patch is well formed but asks for what cannot be: upstream answers 422 and keeps the reason to itself."""


class Failed(Exception):
    """The patch is wrong in a way that upstream does not expect: it answers 500 with this message."""


def apply(obj: Obj, patch: Obj, schema: Schema) -> Obj:
    """Merge `patch` into `obj`, which is used up; raises BadFormat, Unmergeable or Failed."""
    return _merge_map(obj, patch, (), schema)


def _merge_map(old: Obj, patch: Obj, path: Path, schema: Schema) -> Obj:
    if DIRECTIVE in patch:
        return _directed_map(patch)
    if RETAIN_KEYS in patch:
        _retain_keys(old, patch)
    done = _merge_ordered_lists(old, patch, path, schema)
    for key, value in patch.items():
        if key[:1] == "$" and _is_directive(key):
            if key.startswith(DELETE_FROM):
                _delete_scalars(old, _list_of(key, "primitive"), value)
        elif key in done:
            continue
        elif value is None:
            old.pop(key, None)
        elif type(value) in _NESTING:
            _merge_field(old, key, value, (*path, key), schema)
        else:
            old[key] = value
    return old


def _merge_field(old: Obj, key: str, value: Any, path: Path, schema: Schema) -> None:
    kind, current = type(value), old.get(key)
    if type(current) is kind is dict and not _replaces(path, schema):
        old[key] = _merge_map(current, value, path, schema)
    elif type(current) is kind is list:
        old[key] = _merge_list(current, value, path, schema)
    else:
        _set(old, key, value)


def _set(old: Obj, key: str, value: Any) -> None:
    kept, keep = _without_directives(value)
    if keep:
        old[key] = kept
    else:
        old.pop(key, None)


def _directed_map(patch: Obj) -> Obj:
    directive = patch[DIRECTIVE]
    if directive == "replace":
        return {key: clone(value) for key, value in patch.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    raise Failed(f"unknown patch type: {directive} in map: {go_format(patch)}")


def _retain_keys(old: Obj, patch: Obj) -> None:
    keys = patch[RETAIN_KEYS]
    if not isinstance(keys, list):
        raise BadFormat("invalid patch format of retainKeys")
    for key, value in patch.items():
        if value is not None and key not in keys and not key.startswith((SET_ORDER, DELETE_FROM, RETAIN_KEYS)):
            raise BadFormat("invalid patch format of retainKeys")
    for key in [key for key in old if key not in keys]:
        del old[key]


# ---------------------------------------------------------------- lists


def _merge_list(old: list[Any], patch: list[Any], path: Path, schema: Schema) -> list[Any]:
    strategy, merge_key = _strategy(path, schema)
    if "merge" not in strategy:
        replaced: list[Any] = _without_directives(patch)[0]
        return replaced
    if not old and not patch:
        return old
    kind = _item_type(old, patch)
    if kind is not dict:
        merged = _distinct([*old, *patch])
        return merge_orders(merged, patch, old, "")
    if not merge_key:
        raise Failed(f"cannot merge lists without merge key for {'.'.join(path)}")
    before = list(old)
    merged = _merge_items(old, patch, merge_key, path, schema)
    return merge_orders(merged, patch, before, merge_key)


def _merge_items(old: list[Any], patch: list[Any], merge_key: str, path: Path, schema: Schema) -> list[Any]:
    plain, replace = [], False
    for item in patch:
        directive = item.get(DIRECTIVE)
        if directive is None:
            plain.append(item)
        elif directive == "delete":
            wanted = _key_of(item, merge_key)
            old = [other for other in old if other.get(merge_key) != wanted]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise Failed("merging lists cannot yet be specified in the patch")
        else:
            raise Failed(f"unknown patch type: {directive} in map: {go_format(item)}")
    if replace:
        replaced: list[Any] = _without_directives(plain)[0]
        return replaced
    places = {_hashable(item.get(merge_key)): index for index, item in reversed(list(enumerate(old)))}
    for item in plain:
        wanted = _hashable(_key_of(item, merge_key))
        index = places.get(wanted)
        if index is None:
            places[wanted] = len(old)
            old.append(_without_directives(item)[0])
        else:
            old[index] = _merge_map(old[index], item, path, schema)
    return old


def _merge_ordered_lists(old: Obj, patch: Obj, path: Path, schema: Schema) -> set[str]:
    """Merge the lists that have a `$setElementOrder`; returns their names."""
    done: set[str] = set()
    for key, order in patch.items():
        if key[:1] != "$" or not key.startswith(SET_ORDER):
            continue
        name = _list_of(key, "setElementOrder")
        current, change = old.get(name), patch.get(name)
        for value, is_there in ((order, True), (current, name in old), (change, name in patch)):
            if is_there and not isinstance(value, list):
                raise Failed(f"expected a []interface {{}}, but received a {_go_type(value)}")
        _, merge_key = _strategy((*path, name), schema)
        if change is not None:
            _check_order(change, order, merge_key)
        before = list(current or ())
        if current is None and change is None:
            continue
        if current is None:
            merged, _ = _without_directives(change)
        elif change is None:
            merged = current
        else:
            merged = _merge_list(current, change, (*path, name), schema)
        old[name] = merge_orders(merged, order, before, merge_key)
        done.add(name)
    return done


def _check_order(change: list[Any], order: list[Any], merge_key: str) -> None:
    """The items of a patch stand in the order that the patch itself prescribes."""
    if not order:
        return
    wanted = iter([_identity(item, merge_key) for item in order])
    items = [item for item in change if not (isinstance(item, dict) and DIRECTIVE in item)]
    if not all(_identity(item, merge_key) in wanted for item in items):
        raise Failed(
            f"The order in patch list:\n{go_format(change)}\n doesn't match {SET_ORDER} list:\n{go_format(order)}\n"
        )


def _delete_scalars(old: Obj, name: str, removals: Any) -> None:
    current = old.get(name)
    if removals is None:
        old.pop(name, None)
    elif isinstance(removals, list) and isinstance(current, list):
        old[name] = [item for item in current if item not in removals]


def _list_of(directive: str, sort: str) -> str:
    """The name of the list that a directive speaks of."""
    _, slash, name = directive.partition("/")
    if not slash:
        raise BadFormat(f"invalid patch format of {sort} list")
    return name


def _strategy(path: Path, schema: Schema) -> tuple[str, str]:
    strategies, merge_key = schema.merge_strategy(path)
    return strategies, merge_key


def _replaces(path: Path, schema: Schema) -> bool:
    return "replace" in _strategy(path, schema)[0].split(",")


def _item_type(old: list[Any], patch: list[Any]) -> type:
    """What the items of both lists are; they all have to be of one type."""
    first, *others = (type(item) for item in (*old, *patch))
    if first is list:
        raise Unmergeable("lists of lists are not supported")
    if any(other is not first for other in others):
        raise Failed(f"list element types are not identical: {go_format([old, patch])}")
    return first


def _go_type(value: Any) -> str:
    names = {dict: "map[string]interface {}", str: "string", bool: "bool", int: "int64", float: "float64"}
    return names.get(type(value), "%!s(<nil>)")


def _distinct(items: list[Any]) -> list[Any]:
    seen: list[Any] = []
    for item in items:
        if not any(item == other and type(item) is type(other) for other in seen):
            seen.append(item)
    return seen


def _key_of(item: Obj, merge_key: str) -> Any:
    if merge_key not in item:
        raise Failed(f"map: {go_format(item)} does not contain declared merge key: {merge_key}")
    return item[merge_key]


def _identity(item: Any, merge_key: str) -> Any:
    return _hashable(item.get(merge_key)) if merge_key and isinstance(item, dict) else item


def _hashable(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def go_format(value: Any) -> str:
    """As Go's `%v` prints JSON."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_format(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(go_format, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else str(value)


def _without_directives(value: Any) -> tuple[Any, bool]:
    """(a copy without directives and null fields, whether to keep it): what a patch adds where nothing was."""
    if type(value) is dict:
        if DIRECTIVE in value:
            return None, False
        result = {}
        for key, item in value.items():
            if type(item) in _NESTING:
                if key[:1] == "$" and _is_directive(key):
                    continue
                kept, keep = _without_directives(item)
                if keep:
                    result[key] = kept
            elif item is not None and not (key[:1] == "$" and _is_directive(key)):
                result[key] = item
        return result, True
    if type(value) is list:
        return [kept for kept, keep in map(_without_directives, value) if keep], True
    return value, True


_NESTING = frozenset({dict, list})


def _is_directive(key: str) -> bool:
    return key == RETAIN_KEYS or key.startswith((SET_ORDER, DELETE_FROM))

"""Equality of JSON whose type says more than its text: what `values.equals` cannot know.

Within an object, texts may be times, lists may be sets, and a null may stand for nothing. The left value's type
decides, as in Kubernetes, whose objects compare themselves with whatever stands on the right:

- lists with an `identity` hold the same if each item of the right one equals the left one's item of that identity;
- a declared field that the right object lacks, or has as null, makes objects differ, even if the left one is null;
- a field that is not declared counts only if both have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from wherry.cel.conversions import Converter, converter
from wherry.cel.operations import list_key
from wherry.cel.types import DOUBLE, UINT, ListType, MapType, ObjectType, OptionalType, Type
from wherry.cel.values import Optional, equals

Compare = Callable[[Any, Any], bool]
Known = dict[tuple[int, int], bool]
"""What was found out about two containers: a rule can make lists that have one list many times."""
_Within = Callable[[Any, Any, Known], bool]


def comparer(type_: Type) -> Compare | None:
    """What compares a value of a type with another value; None where `equals` does."""
    found = _find(type_, is_json=False, around=())
    return None if found is None else lambda left, right: found(left, right, {})


def _find(type_: Type, *, is_json: bool, around: tuple[Type, ...]) -> _Within | None:
    """`is_json`: within an object, whose content has not been converted."""
    match type_:
        case ListType():
            item = _find(type_.item, is_json=is_json, around=around)
            if type_.identity is not None:
                return partial(_equal_sets, item or _plainly, type_.identity)
            return None if item is None else partial(_equal_lists, item)
        case MapType():
            value = _find(type_.value, is_json=is_json, around=around)
            return None if value is None else partial(_equal_maps, value)
        case OptionalType():
            inner = _find(type_.inner, is_json=is_json, around=around)
            return None if inner is None else partial(_equal_optionals, inner)
        case ObjectType():
            return _find_object(type_, around)
    convert = converter(type_) if is_json and type_ not in (DOUBLE, UINT) else None
    return None if convert is None else partial(_equal_converted, convert)


def _find_object(type_: ObjectType, around: tuple[Type, ...]) -> _Within | None:
    if any(type_ is other for other in around):
        return None  # an object within one of its own type is compared as JSON
    fields, is_special = {}, False
    for name in type_.field_names():
        field = type_.find_field(name)
        assert field is not None
        found = _find(field.type, is_json=True, around=(*around, type_))
        is_special = is_special or field.is_nullable or found is not None
        fields[field.json_name or name] = found or _plainly
    return partial(_equal_objects, fields) if is_special else None


def _plainly(left: Any, right: Any, known: Known) -> bool:
    return equals(left, right)


def _equal_converted(convert: Converter, left: Any, right: Any, known: Known) -> bool:
    return equals(convert(left), convert(right))


def _equal_optionals(inner: _Within, left: Any, right: Any, known: Known) -> bool:
    if type(left) is Optional and type(right) is Optional and left.has_value and right.has_value:
        return inner(left.value, right.value, known)
    return equals(left, right)


def _equal_lists(item: _Within, left: Any, right: Any, known: Known) -> bool:
    if type(left) is not list or type(right) is not list:
        return equals(left, right)
    pair = id(left), id(right)
    if pair not in known:
        known[pair] = len(left) == len(right) and all(
            item(one, other, known) for one, other in zip(left, right, strict=True)
        )
    return known[pair]


def _equal_maps(value: _Within, left: Any, right: Any, known: Known) -> bool:
    if type(left) is not dict or type(right) is not dict:
        return equals(left, right)
    pair = id(left), id(right)
    if pair not in known:
        known[pair] = len(left) == len(right) and all(
            key in right and value(content, right[key], known) for key, content in left.items()
        )
    return known[pair]


def _equal_sets(item: _Within, identity: tuple[str, ...], left: Any, right: Any, known: Known) -> bool:
    if type(left) is not list or type(right) is not list:
        return equals(left, right)
    if len(left) != len(right):
        return False
    items = {list_key(one, identity): one for one in left}
    for other in right:
        key = list_key(other, identity)
        if key not in items or (identity and not item(items[key], other, known)):
            return False
    return True


def _equal_objects(fields: Mapping[str, _Within], left: Any, right: Any, known: Known) -> bool:
    if type(left) is not dict or type(right) is not dict:
        return equals(left, right)
    if len(left) != len(right):
        return False
    for key, content in left.items():
        compare = fields.get(key)
        if compare is None:
            if key in right and not equals(content, right[key]):
                return False
            continue
        other = right.get(key)
        if other is None or not compare(content, other, known):
            return False
    return True

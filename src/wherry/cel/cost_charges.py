"""What calls cost when they are made, from their arguments and results: cel-go's and Kubernetes' accounting.

An `Environment` takes `CHARGES`. A call that is not in the table costs 1. A change of any number decides which objects
a cluster accepts: they are upstream's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from wherry.cel.cost_calls import ITEMS, LIST, PATTERN, TRAVERSAL
from wherry.cel.functions import Charge
from wherry.cel.library.addresses import CIDR, IP
from wherry.cel.library.formats import Format
from wherry.cel.values import Opaque, Optional

_SIZED = frozenset((str, bytes, list, dict))


def size_of(value: Any) -> int:
    """Characters, bytes, items or entries; 1 of what has no size."""
    kind = type(value)
    if kind in _SIZED:
        return len(value)
    if kind is Optional:
        return size_of(value.value) if value.has_value else 1
    if isinstance(value, IP):
        return value.bits // 8
    return math.ceil(value.length / 8) if isinstance(value, CIDR) else 1


def _traversal(size: float) -> int:
    return math.ceil(size * TRAVERSAL)


def _whole_traversal(value: Any) -> int:
    """Going through a value and everything in it."""
    kind = type(value)
    if kind is list:
        return len(value) if _SIZED.isdisjoint(map(type, value)) else sum(map(_whole_traversal, value))
    if kind is dict:
        return sum(_whole_traversal(key) + _whole_traversal(item) for key, item in value.items())
    if kind is str:
        return int((len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))) * TRAVERSAL)
    return int(len(value) * TRAVERSAL) if kind is bytes else 1


# Standard functions


def _traverse_first(first: Any, *rest: Any) -> int:
    return _traversal(size_of(first))


def _traverse_second(first: Any, second: Any, *rest: Any) -> int:
    return _traversal(size_of(second))


def _in_list(item: Any, items: Any, found: bool) -> int:
    return size_of(items)


def _compare(left: Any, right: Any, result: bool) -> int:
    return _traversal(min(size_of(left), size_of(right)))


def _equals(left: Any, right: Any, result: bool) -> int:
    return 1 if isinstance(left, Opaque) else _compare(left, right, result)


def _concatenate(left: Any, right: Any, result: Any) -> int:
    return _traversal(size_of(left) + size_of(right))


def _match(text: str, pattern: str, *rest: Any) -> int:
    """A state machine over a text, which even an empty one must be given to."""
    return _traversal(1.0 + len(text)) * math.ceil(len(pattern) * PATTERN)


def _contains(text: str, part: str, result: bool) -> int:
    return _traversal(len(text)) * _traversal(len(part))


_RELATIONS = ("less", "less_equals", "greater", "greater_equals")

_STANDARD: dict[str, Charge] = {
    **dict.fromkeys(("string_to_bytes", "bytes_to_string", "strings_quote"), _traverse_first),
    **dict.fromkeys(("starts_with_string", "ends_with_string"), _traverse_second),
    "string_format": _traverse_first,
    "in_list": _in_list,
    "equals": _equals,
    "not_equals": _compare,
    **{f"{relation}_{item}": _compare for relation in _RELATIONS for item in ("string", "bytes")},
    "add_string": _concatenate,
    "add_bytes": _concatenate,
    "matches_string": _match,
    "contains_string": _contains,
}


# cel-go's lists and sets


def _new_list(size: int, factor: float = 1.0) -> int:
    return int(size * factor) + 1 + LIST


def _output(*args: Any) -> int:
    return _new_list(size_of(args[-1]))


def _flatten(items: list[Any], *rest: Any) -> int:
    return _new_list(len(items), float(rest[0]) if len(rest) == 2 else 1.0)


def _self_compare(items: list[Any]) -> int:
    is_text = bool(items) and type(items[0]) in (str, bytes)
    return _new_list(len(items) ** 2, 2.0 + TRAVERSAL if is_text else 2.0)


def _compare_first(items: list[Any], *rest: Any) -> int:
    return _self_compare(items)


def _compare_keys(items: list[Any], keys: list[Any], result: Any) -> int:
    return _self_compare(keys)


def _sets(factor: int) -> Charge:
    return lambda left, right, result: 1 + len(left) * len(right) * factor


_EXTENSIONS: dict[str, Charge] = {
    **dict.fromkeys(("list_slice", "lists_range", "list_reverse"), _output),
    **dict.fromkeys(("list_flatten", "list_flatten_int"), _flatten),
    "list_distinct": _compare_first,
    **{f"list_{item}_sort": _compare_first for item in ITEMS},
    **{f"list_{item}_sortByAssociatedKeys": _compare_keys for item in ITEMS},
    "list_sets_contains_list": _sets(1),
    "list_sets_intersects_list": _sets(1),
    "list_sets_equivalent_list": _sets(2),
}


# Kubernetes' libraries, and its opinion of cel-go's strings


def _search(first: Any, *rest: Any) -> int:
    return _whole_traversal(first)


def _traverse_twice(first: Any, *rest: Any) -> int:
    return _traversal(size_of(first) * 2)


def _join(*args: Any) -> int:
    return _traversal(size_of(args[-1]) * 2)


def _contains_ip(network: CIDR, other: Any, result: bool) -> int:
    cost = _traversal(size_of(network) * 2)
    return cost + _traversal(size_of(other)) if type(other) is str else cost


def _contains_cidr(network: CIDR, other: Any, result: bool) -> int:
    cost = _traversal(size_of(network) * 2) + _traversal(size_of(network)) + 1
    return cost + _traversal(size_of(other)) if type(other) is str else cost


def _validate(format: Format, text: str, result: Any) -> int:
    return _traversal(1.0 + len(text)) * math.ceil(format.pattern_size * PATTERN)


_LISTS = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")

_KUBERNETES: dict[str, Charge] = {
    **{f"list_{item}_is_sorted_bool": _search for item in _LISTS},
    **{f"list_{item}_{verb}_{item}": _search for item in _LISTS for verb in ("sum", "min", "max")},
    **dict.fromkeys(
        (
            "list_a_index_of_int",
            "list_a_last_index_of_int",
            "string_index_of_string",
            "string_index_of_string_int",
            "string_last_index_of_string",
            "string_last_index_of_string_int",
        ),
        _search,
    ),
    **dict.fromkeys(
        (
            *("string_to_url", "string_lower_ascii", "string_upper_ascii", "string_trim"),
            *("string_substring_int", "string_substring_int_int"),
            *("string_to_cidr", "string_to_ip", "is_ip", "is_cidr"),
            *("string_to_quantity", "is_quantity_string"),
            *("string_to_semver", "string_bool_to_semver", "is_semver_string", "is_semver_string_bool"),
        ),
        _traverse_first,
    ),
    **dict.fromkeys(
        (
            *("string_replace_string_string", "string_replace_string_string_int"),
            *("string_split_string", "string_split_string_int", "ip_is_canonical"),
        ),
        _traverse_twice,
    ),
    **dict.fromkeys(("list_join", "list_join_string"), _join),
    **dict.fromkeys(("string_find_string", "string_find_all_string", "string_find_all_string_int"), _match),
    **dict.fromkeys(("cidr_contains_ip_string", "cidr_contains_ip_ip"), _contains_ip),
    **dict.fromkeys(("cidr_contains_cidr_string", "cidr_contains_cidr"), _contains_cidr),
    "format-validate": _validate,
}

CHARGES: Mapping[str, Charge] = {**_STANDARD, **_EXTENSIONS, **_KUBERNETES}

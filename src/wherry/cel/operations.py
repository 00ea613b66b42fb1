"""What operators do with values whose types were not known when the rule was compiled, with all their messages.

Compiled rules use Python's own operations where types and values leave no doubt. Whenever such a rule raises anything,
it is evaluated once more in terms of these.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

from wherry.cel.errors import NO_OVERLOAD, CostExceededError
from wherry.cel.values import (
    INT_MAX,
    INT_MIN,
    NONE,
    Duration,
    Optional,
    Timestamp,
    TypeValue,
    Uint,
    checked_int,
    checked_uint,
    equals,
    fail,
    from_key,
    to_key,
)


def bool_of(value: Any) -> bool:
    """A value that has to be a bool."""
    return value if value is True or value is False else fail(NO_OVERLOAD)


# Arithmetic


def divide_int(left: int, right: int) -> int:
    """Rounds towards zero."""
    if right == 0:
        fail("division by zero")
    quotient = abs(left) // abs(right)
    return checked_int(quotient if (left < 0) == (right < 0) else -quotient)


def modulo_int(left: int, right: int) -> int:
    """Has the sign of the left one."""
    if right == 0:
        fail("modulus by zero")
    if left == INT_MIN and right == -1:
        fail("integer overflow")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def divide_uint(left: int, right: int) -> Uint:
    return Uint(left // right) if right else fail("division by zero")


def modulo_uint(left: int, right: int) -> Uint:
    return Uint(left % right) if right else fail("modulus by zero")


def subtract_uint(left: int, right: int) -> Uint:
    return checked_uint(int(left) - int(right))


def divide_double(left: float, right: float) -> float:
    """By zero it is infinite, or not a number."""
    if right != 0:
        return left / right
    if left == 0 or left != left:
        return float("nan")
    return float("inf") if (left > 0) == (str(float(right))[0] != "-") else float("-inf")


MOST_ITEMS = 4_000_000
"""What a list can grow to by `+`: more than any request holds. cel-go joins lists for nothing, without copying."""


def join(left: list[Any], right: list[Any]) -> list[Any]:
    """`left + right`."""
    if len(left) + len(right) > MOST_ITEMS:
        raise CostExceededError
    return left + right


# Order

_NUMBERS = frozenset((int, Uint, float))


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1, for values that overloads of `<` take."""
    if left != left or right != right:
        fail("NaN values cannot be ordered")
    if type(left) is float or type(right) is float:
        left, right = float(left), float(right)
    return int(left > right) - int(left < right)


def less(left: Any, right: Any) -> bool:
    return compare(left, right) < 0


def less_equals(left: Any, right: Any) -> bool:
    return compare(left, right) <= 0


def greater(left: Any, right: Any) -> bool:
    return compare(left, right) > 0


def greater_equals(left: Any, right: Any) -> bool:
    return compare(left, right) >= 0


# Lists and maps


def contains(value: Any, container: Any) -> bool:
    """`value in container`."""
    if type(container) is list:
        return any(equals(value, item) for item in container)
    if type(container) is dict:
        return _find(container, value) is not _MISSING
    return fail(NO_OVERLOAD)


def contains_alike(value: Any, container: Any, alike: Callable[[Any, Any], bool]) -> bool:
    """`value in container`, for items that tell themselves what equals them."""
    if type(container) is not list:
        return fail(NO_OVERLOAD)
    return any(alike(item, value) for item in container)


_MISSING = object()


def _find(container: dict[Any, Any], key: Any) -> Any:
    key = to_key(key)
    try:
        return container.get(key, _MISSING)
    except TypeError:
        return _MISSING


def get_field(operand: Any, name: str) -> Any:
    """`operand.name`."""
    value = operand.get(name, _MISSING) if type(operand) is dict else _MISSING
    return fail(f"no such key: {name}") if value is _MISSING else value


def has_field(operand: Any, name: str) -> bool:
    """`has(operand.name)`."""
    return type(operand) is dict and name in operand


def get_index(operand: Any, index: Any) -> Any:
    """`operand[index]`."""
    if type(operand) is Optional:
        return opt_index(operand, index)
    value = _find_index(operand, index)
    if value is not _MISSING:
        return value
    if type(operand) is list:
        return fail(f"index out of bounds: {_format(index)}")
    return fail(f"no such key: {_format(index)}")


def _find_index(operand: Any, index: Any) -> Any:
    if type(operand) is list:
        position = _list_index(index)
        return operand[position] if 0 <= position < len(operand) else _MISSING
    if type(operand) is dict:
        return _find(operand, index)
    return operand[to_key(index)] if isinstance(operand, dict) else _MISSING  # of a kind that has something for any key


def _list_index(index: Any) -> int:
    if type(index) is int or type(index) is Uint:
        return index
    if type(index) is float:
        if index.is_integer() and INT_MIN <= index <= INT_MAX:
            return int(index)
        return fail(f"unsupported index value {_format(index)} in list")
    return fail(f"unsupported index type '{type_of(index).name}' in list")


def list_item(items: list[Any], index: int) -> Any:
    """`items[index]`, which does not count from the end."""
    return items[index] if index >= 0 else fail(f"index out of bounds: {index}")


def _format(value: Any) -> str:
    from wherry.cel.conversions import bool_to_string, double_to_string

    if type(value) is bool:
        return bool_to_string(value)
    if type(value) is float:
        return double_to_string(value)
    return int.__repr__(value) if isinstance(value, int) else str(value)


def iterate(container: Any) -> Iterable[Any]:
    """The items of a list, the keys of a map."""
    if type(container) is list:
        return container
    if type(container) is dict:
        return map(from_key, container)
    return fail(NO_OVERLOAD)


def iterate_pairs(container: Any) -> Iterator[tuple[Any, Any]]:
    """Indices and items of a list, keys and values of a map."""
    if type(container) is list:
        yield from enumerate(container)
    elif type(container) is dict:
        for key, value in container.items():
            yield from_key(key), value
    else:
        fail(NO_OVERLOAD)


def make_list(items: Iterable[tuple[Any, bool]]) -> list[Any]:
    """A list of which some items (True) are optional."""
    made = []
    for value, is_optional in items:
        if not is_optional:
            made.append(value)
        elif type(value) is not Optional:
            fail(f"cannot initialize optional list element from non-optional value {_format(value)}")
        elif value.has_value:
            made.append(value.value)
    return made


def make_map(entries: Iterable[tuple[Any, Any, bool]]) -> dict[Any, Any]:
    """A map of which some entries (True) are optional."""
    made: dict[Any, Any] = {}
    for key, value, is_optional in entries:
        if type(key) not in _KEY_TYPES:
            fail("unsupported key type")
        if to_key(key) in made:
            fail(f"Failed with repeated key: {_format(key)}")
        if not is_optional:
            made[to_key(key)] = value
        elif type(value) is not Optional:
            fail(f"cannot initialize optional entry '{_format(key)}' from non-optional value {_format(value)}")
        elif value.has_value:
            made[to_key(key)] = value.value
    return made


_KEY_TYPES = frozenset((int, Uint, bool, str))


def insert(target: dict[Any, Any], key: Any, value: Any) -> dict[Any, Any]:
    """Add an entry to a map that is being made."""
    key_ = to_key(key)
    if key_ in target:
        fail(f"insert failed: key {_format(key)} already exists")
    target[key_] = value
    return target


def insert_all(target: dict[Any, Any], entries: dict[Any, Any]) -> dict[Any, Any]:
    """Add entries to a map that is being made."""
    for key, value in entries.items():
        insert(target, from_key(key), value)
    return target


# Optionals


def optional_of(value: Any) -> Optional:
    """A value that has to be an optional."""
    return value if type(value) is Optional else fail(NO_OVERLOAD)


def opt_field(operand: Any, name: str) -> Any:
    """`operand.?name`, and `operand.name` of an optional."""
    if type(operand) is Optional:
        if not operand.has_value:
            return NONE
        operand = operand.value
    value = operand.get(name, _MISSING) if type(operand) is dict else _MISSING
    return NONE if value is _MISSING else Optional(value)


def opt_has_field(operand: Any, name: str) -> bool:
    """`has(operand.name)` of an optional."""
    if type(operand) is Optional:
        return operand.has_value and has_field(operand.value, name)
    return has_field(operand, name)


def opt_index(operand: Any, index: Any) -> Any:
    """`operand[?index]`, and `operand[index]` of an optional."""
    if type(operand) is Optional:
        if not operand.has_value:
            return NONE
        operand = operand.value
    value = _find_index(operand, index)
    return NONE if value is _MISSING else Optional(value)


def convert_optional(value: Any, convert: Any) -> Any:
    """The CEL value of a JSON value within an optional."""
    if type(value) is Optional and value.has_value and value.value is not None:
        return Optional(convert(value.value))
    return value


# Lists that are sets, or maps by some fields of their items


def list_key(item: Any, identity: tuple[str, ...]) -> Any:
    """What identifies an item."""
    if identity and type(item) is dict:
        return tuple(hashable(item.get(name)) for name in identity)
    return hashable(item)


def hashable(value: Any) -> Hashable:
    """What stands for a value in a Python set: equal for values that CEL calls equal, and only for them.

    So a list of n values is searched for m others in n + m steps and not in n * m.
    """
    kind = type(value)
    if kind is list:
        return ("list", *map(hashable, value))
    if kind is dict:
        return ("map", frozenset((key, hashable(item)) for key, item in value.items()))
    if kind is Optional:
        return ("optional", hashable(value.value)) if value.has_value else ("optional",)
    if kind is float and value != value:
        return object()  # NaN is equal to nothing
    key: Hashable = to_key(value)
    return key


def join_lists(left: list[Any], right: list[Any], identity: tuple[str, ...]) -> list[Any]:
    """The left list's items, replaced by the right list's of the same identity, then the others of those."""
    joined = {list_key(item, identity): item for item in left}
    joined.update((list_key(item, identity), item) for item in right)
    return list(joined.values())


# Types

_TYPE_NAMES = {
    type(None): "null_type",
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    Timestamp: "google.protobuf.Timestamp",
    Duration: "google.protobuf.Duration",
    Optional: "optional_type",
    TypeValue: "type",
}
_TYPES = {python: TypeValue(name) for python, name in _TYPE_NAMES.items()}


def type_of(value: Any) -> TypeValue:
    """`type(value)`, of what is not an object."""
    found = _TYPES.get(type(value))
    return found if found is not None else TypeValue(str(value.cel_type))

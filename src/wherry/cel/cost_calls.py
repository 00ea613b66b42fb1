"""What calls cost at most and at least, and how large their results are: estimates by function and by overload.

A table is asked first by overload (cel-go's extensions bring such entries), then by name (Kubernetes' estimator, which
knows no overloads), then by overload again (cel-go's standard functions). What is in none of them costs 1. A change of
any number decides which rules a cluster accepts: they are upstream's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from wherry.cel.ast import Expr, Literal
from wherry.cel.cost_range import NOTHING, ONE, UNBOUNDED, UNKNOWN, Range, add, exactly
from wherry.cel.types import BYTES, STRING, OpaqueType, Type

TRAVERSAL = 0.1
"""Of one character, when a text is gone through."""
PATTERN = 0.25
"""Of one character of a regular expression: they are taken to be about four to a state."""
LIST, MAP, OBJECT = 10, 30, 40
"""Of making an empty one."""

_LONGEST_FORMAT_PATTERN = 128
_LONGEST_FORMAT = 64
_ADDRESS = Range(4, 16)
"""Bytes of an IP address."""


class Argument(Protocol):
    """A receiver or an argument of a call."""

    @property
    def expr(self) -> Expr: ...
    @property
    def type(self) -> Type: ...
    @property
    def size(self) -> Range | None:
        """None if nothing is known."""
        ...

    @property
    def item_size(self) -> Range | None:
        """Of a list's items."""
        ...


class Estimate(Struct, frozen=True):
    """Of a call alone, without its arguments."""

    cost: Range
    size: Range | None = None
    """Of the result."""


class CallView(Struct, frozen=True):
    """A call as its estimate sees it."""

    function: str
    overload: str
    target: Argument | None
    args: tuple[Argument, ...]

    @property
    def receiver(self) -> Range:
        """The receiver's size."""
        return _size(self.target) if self.target is not None else UNKNOWN

    def arg(self, index: int) -> Range:
        """An argument's size."""
        return _size(self.args[index])


def _size(argument: Argument) -> Range:
    return UNKNOWN if argument.size is None else argument.size


Estimator = Callable[[CallView], Estimate | None]
"""None: this is not a call that I know."""


def estimate_call(call: CallView) -> Estimate:
    """The first estimate that there is."""
    for found in (_BY_OVERLOAD.get(call.overload), _BY_NAME.get(call.function), _STANDARD.get(call.overload)):
        if found is not None and (estimate := found(call)) is not None:
            return estimate
    return Estimate(ONE)


# cel-go's lists and sets


def _as_unsigned(argument: Argument, default: int) -> int:
    """The value of an integer literal, 0 if it is negative."""
    expr = argument.expr
    if isinstance(expr, Literal) and type(expr.value) is int:
        return max(expr.value, 0)
    return default


def _new_list(size: Range, factor: float = 1.0) -> Estimate:
    return Estimate(size.scaled(factor) + exactly(LIST + 1), size)


def _slice(call: CallView) -> Estimate:
    start, end = _as_unsigned(call.args[0], 0), _as_unsigned(call.args[1], call.receiver.most)
    return _new_list(exactly((end - start) % 2**64))


def _range(call: CallView) -> Estimate:
    return _new_list(exactly(_as_unsigned(call.args[0], UNBOUNDED)))


def _reverse(call: CallView) -> Estimate:
    return _new_list(call.receiver)


def _flatten(call: CallView) -> Estimate:
    return _new_list(call.receiver, float(_as_unsigned(call.args[0], UNBOUNDED)) if call.args else 1.0)


def _self_compare(size: Range, factor: float = 2.0) -> Estimate:
    return _new_list(size.times(size), factor)


def _distinct(call: CallView) -> Estimate:
    return _self_compare(call.receiver)


def _sort(call: CallView) -> Estimate:
    is_text = call.overload.startswith(("list_string", "list_bytes"))
    keys = call.arg(0) if call.args else call.receiver
    return _self_compare(keys, 2.0 + TRAVERSAL if is_text else 2.0)


def _sets(factor: float) -> Estimator:
    return lambda call: Estimate(call.arg(0).times(call.arg(1)).scaled(factor) + ONE)


ITEMS = ("int", "uint", "double", "bool", "google.protobuf.Duration", "google.protobuf.Timestamp", "string", "bytes")

_BY_OVERLOAD: dict[str, Estimator] = {
    "list_slice": _slice,
    "list_flatten": _flatten,
    "list_flatten_int": _flatten,
    "lists_range": _range,
    "list_reverse": _reverse,
    "list_distinct": _distinct,
    **{f"list_{item}_sort": _sort for item in ITEMS},
    **{f"list_{item}_sortByAssociatedKeys": _sort for item in ITEMS},
    "list_sets_contains_list": _sets(1),
    "list_sets_intersects_list": _sets(1),
    "list_sets_equivalent_list": _sets(2),
}


# Kubernetes' libraries, and its opinion of cel-go's strings


def _one(call: CallView) -> Estimate:
    return Estimate(ONE)


def _search_list(call: CallView) -> Estimate | None:
    """One comparison per item, more for those that are texts; of a string, a traversal."""
    if call.target is None:
        return None
    parameters = call.target.type.parameters
    if not parameters:
        return Estimate(call.receiver.scaled(TRAVERSAL))
    each = ONE
    if parameters[0] in (STRING, BYTES):
        each += (call.target.item_size or UNKNOWN).scaled(TRAVERSAL)
    return Estimate(call.receiver.times(each))


def _parse(call: CallView) -> Estimate | None:
    return Estimate(call.arg(0).scaled(TRAVERSAL)) if call.args else None


def _url(call: CallView) -> Estimate | None:
    return Estimate(call.arg(0).scaled(TRAVERSAL), call.arg(0)) if call.args else None


def _ip(call: CallView) -> Estimate | None:
    return Estimate(ONE) if call.overload == "cidr_ip" else _parse(call)


def _is_canonical(call: CallView) -> Estimate | None:
    return Estimate(call.arg(0).scaled(2 * TRAVERSAL)) if call.args else None


def _transform(call: CallView) -> Estimate | None:
    if call.target is None:
        return None
    return Estimate(call.receiver.scaled(TRAVERSAL), call.receiver)


def _replace(call: CallView) -> Estimate | None:
    if call.target is None or len(call.args) < 2:
        return None
    text, old, new = call.receiver, call.arg(0), call.arg(1)
    most = _replaced(text.most, old.least, new.most, keeps=new.most <= old.least)
    least = _replaced(text.least, old.most, new.least, keeps=old.most <= new.least)
    counts, retained = Range(least[0], most[0]), Range(least[1], most[1])
    return Estimate(text.scaled(2 * TRAVERSAL), counts.times(new) + retained)


def _replaced(text: int, old: int, new: int, *, keeps: bool) -> tuple[int, int]:
    """How often, and how much stays: the empty text is replaced around every character."""
    if old == 0:
        return add(text, 1), text
    if keeps:
        return 0, text
    return min(math.ceil(float(text) / float(old)), UNBOUNDED), 0


def _split(call: CallView) -> Estimate | None:
    if call.target is None:
        return None
    most = call.receiver.most
    if len(call.args) > 1:
        limit = call.args[1].expr
        if isinstance(limit, Literal) and type(limit.value) is int:
            most = limit.value % 2**64
    return Estimate(call.receiver.scaled(2 * TRAVERSAL), Range(0, most))


def _join(call: CallView) -> Estimate | None:
    if call.target is None:
        return None
    items = call.receiver
    size = items.times(call.target.item_size or UNKNOWN) if call.target.type.parameters else NOTHING
    if call.args:
        size += call.arg(0).times(Range(max(items.least - 1, 0), max(items.most - 1, 0)))
    return Estimate(size.scaled(TRAVERSAL), size)


def _find(call: CallView) -> Estimate | None:
    if call.target is None or not call.args:
        return None
    return Estimate(_matching(call), Range(0, call.receiver.most))


def _matching(call: CallView) -> Range:
    """A state machine over a text; one more than its length, since an empty text must be matched too."""
    return (call.receiver + ONE).scaled(TRAVERSAL).times(call.arg(0).scaled(PATTERN))


def _contains_ip(call: CallView) -> Estimate | None:
    if not call.args:
        return None
    cost = (_ADDRESS + _ADDRESS).scaled(TRAVERSAL)
    if call.overload == "cidr_contains_ip_string":
        cost += call.arg(0).scaled(TRAVERSAL)
    return Estimate(cost)


def _contains_cidr(call: CallView) -> Estimate | None:
    if not call.args:
        return None
    cost = (_ADDRESS + _ADDRESS).scaled(TRAVERSAL) + _ADDRESS.scaled(TRAVERSAL) + ONE
    if call.overload == "cidr_contains_cidr_string":
        cost += call.arg(0).scaled(TRAVERSAL)
    return Estimate(cost)


def _validate(call: CallView) -> Estimate | None:
    if not call.args:
        return None
    return Estimate(call.arg(0).scaled(TRAVERSAL).scaled(_LONGEST_FORMAT_PATTERN * PATTERN))


def _equals_opaque(call: CallView) -> Estimate | None:
    """Values of Kubernetes' own types; all others are compared as cel-go does."""
    left, right = call.args[0].type, call.args[1].type
    if left != right or not isinstance(left, OpaqueType):
        return None
    if left.name == "kubernetes.NamedFormat":
        return Estimate(Range(1, _LONGEST_FORMAT).scaled(TRAVERSAL))
    if left.name == "kubernetes.URL":
        size = call.args[1].size
        return Estimate(Range(1, 1 if size is None else size.most).scaled(TRAVERSAL))
    return Estimate(ONE) if left.name in _CHEAP_TYPES else None


_CHEAP_TYPES = ("net.IP", "net.CIDR", "kubernetes.Quantity", "kubernetes.Semver")

_CHEAP = (
    *("masked", "prefixLength", "family", "isUnspecified", "isLoopback", "isLinkLocalMulticast"),
    *("isLinkLocalUnicast", "isGlobalUnicast", "format.named", "sign", "asInteger", "isInteger", "asApproximateFloat"),
    *("isGreaterThan", "isLessThan", "compareTo", "add", "sub", "major", "minor", "patch"),
    *("getScheme", "getHostname", "getHost", "getPort", "getEscapedPath", "getQuery"),
)

_BY_NAME: dict[str, Estimator] = {
    **dict.fromkeys(_CHEAP, _one),
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), _search_list),
    **dict.fromkeys(("cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"), _parse),
    **dict.fromkeys(("lowerAscii", "upperAscii", "substring", "trim"), _transform),
    **dict.fromkeys(("find", "findAll"), _find),
    "url": _url,
    "ip": _ip,
    "ip.isCanonical": _is_canonical,
    "replace": _replace,
    "split": _split,
    "join": _join,
    "containsIP": _contains_ip,
    "containsCIDR": _contains_cidr,
    "validate": _validate,
    "_==_": _equals_opaque,
}


# cel-go's standard functions


def _format(call: CallView) -> Estimate:
    return Estimate(call.receiver.scaled(TRAVERSAL))


def _to_bytes(call: CallView) -> Estimate:
    size = call.arg(0)
    return Estimate(size.scaled(TRAVERSAL), Range(size.least, size.most * 4 % 2**64))


def _to_string(call: CallView) -> Estimate:
    size = call.arg(0)
    return Estimate(size.scaled(TRAVERSAL), Range(size.least // 4, size.most))


def _quote(call: CallView) -> Estimate:
    size = call.arg(0)
    return Estimate(size.scaled(TRAVERSAL), Range(size.least + 2, (size.most * 2 + 2) % 2**64))


def _traverse_argument(call: CallView) -> Estimate:
    return Estimate(call.arg(0).scaled(TRAVERSAL))


def _in_list(call: CallView) -> Estimate:
    return Estimate(call.arg(1).scaled(1))


def _matches(call: CallView) -> Estimate:
    return Estimate(_matching(call))


def _contains(call: CallView) -> Estimate:
    return Estimate(call.receiver.scaled(TRAVERSAL).times(call.arg(0).scaled(TRAVERSAL)))


def _add_lists(call: CallView) -> Estimate:
    return Estimate(ONE, call.arg(0) + call.arg(1))


def _add_texts(call: CallView) -> Estimate:
    size = call.arg(0) + call.arg(1)
    return Estimate(size.scaled(TRAVERSAL), size)


def _compare(call: CallView) -> Estimate:
    """As far as the shorter one goes."""
    most = min(call.arg(0).most, call.arg(1).most)
    return Estimate(Range(1 if most else 0, most).scaled(TRAVERSAL))


_RELATIONS = ("less", "less_equals", "greater", "greater_equals")

_STANDARD: dict[str, Estimator] = {
    "string_format": _format,
    "string_to_bytes": _to_bytes,
    "bytes_to_string": _to_string,
    "strings_quote": _quote,
    "starts_with_string": _traverse_argument,
    "ends_with_string": _traverse_argument,
    "in_list": _in_list,
    "matches_string": _matches,
    "contains_string": _contains,
    "add_list": _add_lists,
    "add_string": _add_texts,
    "add_bytes": _add_texts,
    "equals": _compare,
    "not_equals": _compare,
    **{f"{relation}_{item}": _compare for relation in _RELATIONS for item in ("string", "bytes")},
}

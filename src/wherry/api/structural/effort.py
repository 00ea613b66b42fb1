"""How much work a schema makes of an object: whether others are to be served meanwhile, and what is too much.

Most schemas look at each value once, so that the size of an object says how long it takes. Three things make more of
it: alternatives (`anyOf` and the like), each of which looks at the value and all below it; enumerations of other things
than text, which are compared one by one; and rules. The measures here are upper bounds that take no time to find.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from wherry.api import Obj
from wherry.api.field import OMITTED, FieldError, invalid
from wherry.api.resource import is_large
from wherry.api.structural.judging import Judge
from wherry.api.structural.report import NOWHERE
from wherry.api.structural.shape import Rule, Shape

MOST_LOOKS = 10_000_000
"""How often the alternatives of a schema may look at the values of one object: some seconds' work."""
SOON_LOOKS = 20_000
"""What of these takes some milliseconds."""
SOON_TEXT = 16 * 1024
"""Characters of rules that can be compiled in some ten milliseconds."""
SOON_COST = 200_000
"""What rules may cost at most, in their own units, to be asked in some ten milliseconds."""
_BYTES_PER_VALUE = 8
"""What a value and its name take, by and large."""


class Effort(Struct, frozen=True):
    """What a schema asks."""

    looks: int
    """How often one value may be looked at by alternatives, on the worst way down from the root."""
    text: int
    """How many characters of rules there are, and some more for each rule."""
    judge: Judge | None

    @staticmethod
    def of(shape: Shape, judge: Judge | None) -> Effort:
        return Effort(_looks(shape), _text_of_rules(shape), judge)

    def is_long(self, size: int) -> bool:
        """Whether judging an object of so many bytes takes more than some milliseconds."""
        if is_large(size) or self.looks * size > SOON_LOOKS * _BYTES_PER_VALUE:
            return True
        return self.judge is not None and (self.text > SOON_TEXT or self.judge.most_cost(size) > SOON_COST)

    def fault(self, obj: Obj) -> FieldError | None:
        """Why an object is too large to be judged by these alternatives."""
        if not self.looks:
            return None
        most = MOST_LOOKS // self.looks
        if (count := _count_values(obj, most)) <= most:
            return None
        why = f"has more than {count - 1} values, which is too many for a schema with {self.looks} alternatives"
        return invalid(NOWHERE, OMITTED, why)


def _count_values(value: Any, most: int) -> int:
    """How many values an object has; counted no further than `most` and one more."""
    count, rest = 0, [value]
    while rest:
        value = rest.pop()
        if (count := count + 1) > most:
            break
        if type(value) is dict:
            rest += value.values()
        elif type(value) is list:
            rest += value
    return count


def _looks(shape: Shape) -> int:
    found = shape.forms.get("looks")
    if found is None:
        below = max(map(_looks, _spine(shape)), default=0)
        found = shape.forms["looks"] = below + sum(map(_all_looks, _alternatives(shape))) + _listed(shape)
    return int(found)


def _text_of_rules(shape: Shape) -> int:
    if not shape.has_rules:
        return 0
    return sum(map(_text, shape.rules)) + sum(map(_text_of_rules, _spine(shape)))


def _text(rule: Rule) -> int:
    return len(rule.rule) + len(rule.message_expression) + 64


def _all_looks(shape: Shape) -> int:
    """All that an alternative asks, of the value or of what is below."""
    inner = (*_spine(shape), *_alternatives(shape))
    return 1 + _listed(shape) + len(shape.required) // 100 + sum(map(_all_looks, inner))


def _listed(shape: Shape) -> int:
    return 0 if all(type(each) is str for each in shape.enum) else len(shape.enum)


def _spine(shape: Shape) -> Iterator[Shape]:
    yield from shape.properties.values()
    if shape.items is not None:
        yield shape.items
    if isinstance(shape.additional, Shape):
        yield shape.additional


def _alternatives(shape: Shape) -> Iterator[Shape]:
    yield from shape.any_of
    yield from shape.all_of
    yield from shape.one_of
    if shape.negated is not None:
        yield shape.negated

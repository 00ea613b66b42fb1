"""Writing calls: operators in Python's own terms where types allow it, functions directly or by `dispatch.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wherry.cel import operations, operators
from wherry.cel.ast import Call, Expr, Literal, Select
from wherry.cel.checked import Resolution
from wherry.cel.comparing import comparer
from wherry.cel.dispatch import Dispatch
from wherry.cel.expressions import ExpressionWriter, constants_of
from wherry.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    ListType,
    MapType,
    OptionalType,
    Type,
    TypeParam,
    is_dyn,
)
from wherry.cel.values import equals

_SCALARS = frozenset((STRING, INT, UINT, BYTES, DOUBLE, BOOL, TIMESTAMP, DURATION))
"""Two of one type are equal if Python says so."""
_ITEMS = frozenset((STRING, INT, UINT, BYTES, TIMESTAMP, DURATION))
"""The same for lists of them."""
_HASHABLE = frozenset((STRING, INT, UINT))
_UNMISTAKABLE = frozenset((STRING, BYTES, TIMESTAMP, DURATION))
"""Whatever such a value is compared with, Python says the right thing."""


class CallWriter(ExpressionWriter):
    """The same, with calls."""

    def call(self, expr: Call) -> str:
        resolution = self.checked.calls[expr.id]
        special = _SPECIAL.get(resolution.function)
        if special is not None:
            return str(special(self, expr, resolution))
        if resolution.overloads and resolution.overloads[0].id in _LAZY:
            return self.lazy(resolution)
        return self.charged(resolution, lambda codes: self.plain_call(resolution, codes))

    def charged(self, resolution: Resolution, write: Callable[[list[str]], str], *, is_free: bool = False) -> str:
        """A call with its arguments and, if metered, its cost."""
        writer = self.writer
        codes = self.operands(resolution.args)
        if is_free or not writer.is_metered:
            return write(codes)
        charge = next((self.charges[each.id] for each in resolution.overloads if each.id in self.charges), None)
        if charge is None:
            writer.charge(1)
            return write(codes)
        names = [writer.temporary(code) for code in codes]
        result = writer.temporary(write(names))
        writer.charge_value(f"{writer.constant(charge)}({', '.join((*names, result))})")
        return result

    def plain_call(self, resolution: Resolution, codes: list[str]) -> str:
        overload = resolution.overloads[0]
        if self.is_exact or not self.is_static(resolution):
            function: Any = Dispatch(resolution.function, resolution.overloads)
        elif overload.inline:
            return overload.inline.format(*codes, t=self.writer.fresh())
        else:
            function = overload.implementation
        return f"{self.writer.constant(function)}({', '.join(codes)})"

    def is_static(self, resolution: Resolution) -> bool:
        """The overload is known now."""
        return len(resolution.overloads) == 1 and not any(
            is_dyn(self.type_of(arg)) and not (is_dyn(wanted) or isinstance(wanted, TypeParam))
            for arg, wanted in zip(resolution.args, resolution.overloads[0].args, strict=True)
        )

    def lazy(self, resolution: Resolution) -> str:
        """`a.or(b)`, `a.orValue(b)`: b is evaluated only if a has no value."""
        first, second = resolution.args
        result = self.writer.fresh()
        code = self.value(first)
        self.writer.emit(f"{result} = {code}")
        if self.is_exact or is_dyn(self.type_of(first)):
            self.writer.emit(f"{self.writer.helper(operations.optional_of)}({result})")
        header = f"if not {result}.has_value:"
        if resolution.function == "orValue":
            with self.writer.block(f"if {result}.has_value:"):
                self.writer.emit(f"{result} = {result}.value")
            header = "else:"
        with self.writer.block(header):
            self.writer.emit(f"{result} = {self.value(second)}")
        return result

    def logic(self, expr: Call, resolution: Resolution) -> str:
        terms = _flattened(expr, resolution.function)
        if self.is_exact:
            return self.exact_logic(terms, resolution.function)
        writer = self.writer
        word = " and " if resolution.function == operators.AND else " or "
        result = ""
        codes: list[str] = []

        def spill() -> None:
            nonlocal result
            if codes and not result:
                result = writer.fresh()
                writer.emit(f"{result} = {word.join(codes)}")
            elif codes:
                writer.emit(f"if {_going_on(result, resolution.function)}: {result} = {word.join(codes)}")
            codes.clear()

        for term in terms:
            lines, code = self.separately(term)
            if lines and (codes or result):
                spill()
                with writer.block(f"if {_going_on(result, resolution.function)}:"):
                    for line in lines:
                        writer.emit(line)
                    writer.emit(f"{result} = {code}")
                continue
            for line in lines:
                writer.emit(line)
            codes.append(code)
            if sum(map(len, codes)) > 200:
                spill()
        if not result:
            return f"({word.join(codes)})"
        spill()
        return result

    def separately(self, expr: Expr) -> tuple[list[str], str]:
        """The statements and the expression for a bool, not emitted yet."""
        return self.writer.apart(lambda: self.truth(expr))

    def exact_logic(self, terms: list[Expr], function: str) -> str:
        """Terms in order; an error counts only if no term decides."""
        writer = self.writer
        is_and = function == operators.AND
        result, error = writer.fresh(), writer.fresh("e")
        writer.emit(f"{result} = {is_and}; {error} = None")
        for term in terms:
            with writer.block(f"if {_going_on(result, function)}:"):
                with writer.block("try:"):
                    code = self.truth(term)
                    writer.emit(f"{result} = {code}")
                with writer.block("except Exception as e:"):
                    writer.emit(f"{error} = absorb(e, {error})")
        writer.emit(f"if {_going_on(result, function)} and {error} is not None: raise {error}")
        return result

    def conditional(self, expr: Call, resolution: Resolution) -> str:
        condition, first, second = resolution.args
        writer = self.writer
        test = self.truth(condition)
        first_lines, first_code = writer.apart(lambda: self.branch(first))
        second_lines, second_code = writer.apart(lambda: self.branch(second))
        if not first_lines and not second_lines:
            return f"({first_code} if {test} else {second_code})"
        result = writer.fresh()
        for header, lines, code in ((f"if {test}:", first_lines, first_code), ("else:", second_lines, second_code)):
            with writer.block(header):
                for line in lines:
                    writer.emit(line)
                writer.emit(f"{result} = {code}")
        return result

    def branch(self, expr: Expr) -> str:
        """Of a conditional, or an index: what upstream resolves as a part of the whole, and so charges less for."""
        if self.is_path(expr):
            self.writer.charge(-1)
        return self.value(expr)

    def is_path(self, expr: Expr) -> bool:
        """A variable, or a way through its fields and items."""
        while isinstance(expr, Select | Call) and expr.id not in self.checked.names:
            if isinstance(expr, Select):
                expr = expr.operand
            elif expr.function == operators.INDEX:
                expr = expr.args[0]
            else:
                return False
        name = self.checked.names.get(expr.id)
        return name is not None and not name.is_constant

    def negation(self, expr: Call, resolution: Resolution) -> str:
        self.writer.charge(1)
        return f"(not {self.truth(resolution.args[0])})"

    def not_strictly_false(self, expr: Call, resolution: Resolution) -> str:
        self.writer.charge(1)
        return self.value(resolution.args[0])

    def equality(self, expr: Call, resolution: Resolution) -> str:
        is_equal = resolution.function == operators.EQUALS
        left, right = (self.full_type(arg) for arg in resolution.args)

        def write(codes: list[str]) -> str:
            code = self.equal(codes[0], codes[1], left, right)
            if code is None:
                return f"({codes[0]} {'==' if is_equal else '!='} {codes[1]})"
            return code if is_equal else f"(not {code})"

        return self.charged(resolution, write)

    def equal(self, left: str, right: str, left_type: Type, right_type: Type) -> str | None:
        """Whether two values are equal; None: Python's `==` says so."""
        if left_type == NULL or right_type == NULL:
            return None
        if not self.is_exact and (left_type in _UNMISTAKABLE or right_type in _UNMISTAKABLE):
            return None
        if not self.is_exact and left_type == right_type and left_type in _SCALARS:
            return None
        compare = comparer(left_type)
        if compare is not None:
            return f"{self.writer.constant(compare)}({left}, {right})"
        is_same_list = left_type == right_type and isinstance(left_type, ListType)
        if is_same_list and not self.is_exact and left_type.parameters[0] in _ITEMS:
            return None
        return f"{self.writer.helper(equals)}({left}, {right})"

    def contains(self, expr: Call, resolution: Resolution) -> str:
        item, container = resolution.args
        item_type, container_type = self.type_of(item), self.type_of(container)

        def write(codes: list[str]) -> str:
            values = None if self.is_exact else constants_of(container)
            if values and (item_type in _HASHABLE or item_type == DYN) and all(type(value) is str for value in values):
                return f"({codes[0]} in {self.writer.constant(frozenset(values))})"
            if not self.is_exact and item_type in _HASHABLE:
                if isinstance(container_type, ListType) and container_type.item == item_type:
                    if values is not None:
                        return f"({codes[0]} in {self.writer.constant(frozenset(values))})"
                    return f"({codes[0]} in {codes[1]})"
                if isinstance(container_type, MapType) and container_type.key == item_type:
                    return f"({codes[0]} in {codes[1]})"
            compare = comparer(container_type.item) if isinstance(container_type, ListType) else None
            if compare is not None:
                contains = self.writer.helper(operations.contains_alike)
                return f"{contains}({codes[0]}, {codes[1]}, {self.writer.constant(compare)})"
            return f"{self.writer.helper(operations.contains)}({codes[0]}, {codes[1]})"

        is_free = self.constants is not None and expr.id in self.constants.searches
        return self.charged(resolution, write, is_free=is_free)

    def index(self, expr: Call, resolution: Resolution) -> str:
        container, index = resolution.args
        type_, index_type = self.type_of(container), self.type_of(index)
        if self.is_path(index):
            self.writer.charge(-1)

        def write(codes: list[str]) -> str:
            if isinstance(type_, OptionalType):
                return f"{self.writer.helper(operations.opt_index)}({codes[0]}, {codes[1]})"
            if not self.is_exact and isinstance(type_, MapType) and index_type in _HASHABLE:
                return f"{codes[0]}[{codes[1]}]"
            if not self.is_exact and isinstance(type_, ListType) and index_type == INT:
                if codes[1].isdigit():
                    return f"{codes[0]}[{codes[1]}]"
                return f"{self.writer.helper(operations.list_item)}({codes[0]}, {codes[1]})"
            return f"{self.writer.helper(operations.get_index)}({codes[0]}, {codes[1]})"

        return self.charged(resolution, write)

    def optional_index(self, expr: Call, resolution: Resolution) -> str:
        function = self.writer.helper(operations.opt_index)
        if self.is_path(resolution.args[1]):
            self.writer.charge(-1)
        codes = self.operands(resolution.args)
        return self.if_present(f"{function}({codes[0]}, {codes[1]})")

    def if_present(self, code: str) -> str:
        """An optional that costs only if it has a value."""
        if not self.writer.is_metered:
            return code
        name = self.writer.temporary(code)
        self.writer.charge_value(f"{name}.has_value")
        return name

    def optional_select(self, expr: Call, resolution: Resolution) -> str:
        operand, name = resolution.args
        assert isinstance(name, Literal)
        return self.if_present(self.optional_field(self.value(operand), self.type_of(operand), name.value))

    def add(self, expr: Call, resolution: Resolution) -> str:
        left = self.full_type(resolution.args[0])
        identity = left.identity if isinstance(left, ListType) else None
        if identity is None:
            return self.charged(resolution, lambda codes: self.plain_call(resolution, codes))
        function = self.writer.helper(operations.join_lists)
        return self.charged(resolution, lambda codes: f"{function}({codes[0]}, {codes[1]}, {identity!r})")


def _flattened(expr: Expr, function: str) -> list[Expr]:
    """The terms of `a && (b && c)`, in order."""
    terms: list[Expr] = []
    rest = [expr]
    while rest:
        node = rest.pop()
        if isinstance(node, Call) and node.function == function:
            rest += reversed(node.args)
        else:
            terms.append(node)
    return terms


def _going_on(result: str, function: str) -> str:
    """Nothing is decided yet."""
    return result if function == operators.AND else f"not {result}"


_LAZY = frozenset(("optional_or_optional", "optional_orValue_value"))

_SPECIAL: Mapping[str, Callable[[CallWriter, Call, Resolution], str]] = {
    operators.AND: CallWriter.logic,
    operators.OR: CallWriter.logic,
    operators.NOT: CallWriter.negation,
    operators.NOT_STRICTLY_FALSE: CallWriter.not_strictly_false,
    operators.CONDITIONAL: CallWriter.conditional,
    operators.EQUALS: CallWriter.equality,
    operators.NOT_EQUALS: CallWriter.equality,
    operators.IN: CallWriter.contains,
    operators.INDEX: CallWriter.index,
    operators.OPT_INDEX: CallWriter.optional_index,
    operators.OPT_SELECT: CallWriter.optional_select,
    operators.ADD: CallWriter.add,
}

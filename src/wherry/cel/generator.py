"""A checked tree as Python source, which becomes a function.

The function exists in two flavours. The *plain* one trusts the types: a field is `d["name"]`, `&&` is `and`, a loop is
a `for`. Its values are right whenever it raises nothing. If it raises anything at all, the *exact* one is asked, which
goes through `operations.py` and `dispatch.py`, knows every message, and lets `&&`, `||`, `all` and `exists` absorb
errors as CEL wants it: `error || true` is true. Expressions have no effects, so evaluating twice changes nothing.

Either can be *metered*: it counts down what its operations cost and stops below zero. Functions take the variables
(`v`) and the rest of the budget (`c`, a list of one number).

Operands are expressions as long as they can be; what needs statements (loops, and whatever has them within) goes into
the current block before, and its value into a temporary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wherry.cel import operations, operators
from wherry.cel.ast import Call, Comprehension, Expr, Ident, ListExpr, Literal, MapExpr, Select, StructExpr
from wherry.cel.checker import Checked, Resolution
from wherry.cel.comparing import comparer
from wherry.cel.conversions import converter, nullable
from wherry.cel.dispatch import Dispatch
from wherry.cel.errors import CostExceededError, EvaluationError
from wherry.cel.folding import Constants
from wherry.cel.functions import Charge
from wherry.cel.loops import write_comprehension
from wherry.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    ListType,
    MapType,
    ObjectType,
    OptionalType,
    Type,
    TypeParam,
    is_dyn,
)
from wherry.cel.values import NONE, Optional, Uint, equals, fail, to_key
from wherry.cel.writer import Writer

Function = Callable[[Mapping[str, Any], list[int]], Any]

_SCALARS = frozenset((STRING, INT, UINT, BYTES, DOUBLE, BOOL, TIMESTAMP, DURATION))
"""Two of one type are equal if Python says so."""
_ITEMS = frozenset((STRING, INT, UINT, BYTES, TIMESTAMP, DURATION))
"""The same for lists of them."""
_HASHABLE = frozenset((STRING, INT, UINT))
_BOOLS = {True: True, False: False}


def generate(
    checked: Checked, *, is_exact: bool, is_metered: bool, charges: Mapping[str, Charge], is_folding: bool = True
) -> Function:
    """The function of a tree."""
    generator = _Generator(checked, is_exact=is_exact, is_metered=is_metered, charges=charges, is_folding=is_folding)
    writer = generator.writer
    writer.function("rule", (), lambda: generator.main(checked.expr))
    namespace = writer.namespace
    namespace.update(fail=fail, absorb=absorb, exceed=exceed)
    exec(compile(writer.source, "<rule>", "exec"), namespace)  # noqa: S102 - the source is ours, and names are numbered
    function: Function = namespace.pop("rule")
    return function


def absorb(error: Exception, before: EvaluationError | None) -> EvaluationError:
    """The error to remember: the first one. A budget that is used up is not forgotten."""
    if isinstance(error, CostExceededError):
        raise error
    return before or operations.evaluation_error(error)


def exceed() -> None:
    raise CostExceededError


def find_variable(variables: Mapping[str, Any], name: str) -> Any:
    """The value of a variable."""
    try:
        return variables[name]
    except KeyError:
        return fail(f"no such attribute(s): {name}")


def present(value: Any, name: str) -> Any:
    """The value of a nullable field."""
    return fail(f"no such key: {name}") if value is None else value


def without_null(value: Optional) -> Optional:
    """The same of an optional one."""
    return NONE if value.has_value and value.value is None else value


class _Generator:
    """One walk over a tree. `value` returns an expression for a node, and emits what has to be done before."""

    def __init__(
        self, checked: Checked, *, is_exact: bool, is_metered: bool, charges: Mapping[str, Charge], is_folding: bool
    ) -> None:
        self.checked = checked
        self.is_exact = is_exact
        self.charges = charges
        self.constants = Constants(checked) if is_folding else None
        self.writer = Writer(("v", "c"), is_metered=is_metered)
        self.scope: dict[str, str] = {}
        """Python's names of the variables of loops."""
        self.globals: dict[str, str] = {}
        """Python's names of the variables, where they are loaded beforehand."""

    def main(self, expr: Expr) -> str:
        if not self.is_exact:
            for name in sorted({name.name for name in self.checked.names.values() if name.is_variable}):
                self.globals[name] = loaded = self.writer.fresh("g")
                self.writer.emit(f"{loaded} = {self.load(name)}")
        return self.value(expr)

    def load(self, name: str) -> str:
        type_ = next(found.type for found in self.checked.names.values() if found.name == name and found.is_variable)
        if self.is_exact:
            return self.converted(f"{self.writer.helper(find_variable)}(v, {name!r})", type_)
        return self.converted(f"v[{name!r}]", type_)

    def type_of(self, expr: Expr) -> Type:
        return self.checked.types[expr.id]

    def full_type(self, expr: Expr) -> Type:
        """The type of a node; of a sum of lists also how they are sets, as the first of them is."""
        type_ = self.type_of(expr)
        if isinstance(expr, Call) and expr.function == operators.ADD and isinstance(type_, ListType):
            first = self.full_type(expr.args[0])
            return first if isinstance(first, ListType) and first.identity is not None else type_
        return type_

    def bound(self, name: str, code: str, then: Callable[[], str]) -> str:
        """What is written while a name of the text means a Python variable."""
        if not name:
            return then()
        outer = self.scope
        self.scope = {**outer, name: code}
        result = then()
        self.scope = outer
        return result

    def value(self, expr: Expr) -> str:
        """An expression for the value of a node."""
        if self.writer.is_deep and not isinstance(expr, Literal | Ident):
            variables = tuple(sorted({*self.scope.values(), *self.globals.values()}))
            return self.writer.outlined(variables, lambda: self.shallow(expr))
        return self.shallow(expr)

    def is_folded(self, expr: Expr) -> bool:
        """A constant, whose value costs nothing."""
        return self.constants is not None and expr.id in self.constants.values

    def shallow(self, expr: Expr) -> str:
        if self.constants is not None and expr.id in self.constants.values:
            return self.writer.constant(self.constants.values[expr.id])
        return self.writer.shortened(_WRITERS[type(expr)](self, expr))

    def truth(self, expr: Expr) -> str:
        """An expression for the value of a node that has to be a bool."""
        code = self.value(expr)
        if self.is_exact or self.type_of(expr) != BOOL:
            return f"{self.writer.helper(operations.bool_of)}({code})"
        if isinstance(expr, Select | Ident) and not (isinstance(expr, Select) and expr.is_test):
            # Data may be null where the type says bool.
            return f"{self.writer.constant(_BOOLS)}[{code}]"
        return code

    def operands(self, exprs: Sequence[Expr]) -> list[str]:
        """Expressions for some nodes, evaluated in this order even if the later ones need statements."""
        writer = self.writer
        codes: list[str] = []
        for expr in exprs:
            mark = writer.mark
            code = self.value(expr)
            if writer.mark > mark:
                for index, before in enumerate(codes):
                    if not before.isidentifier():
                        codes[index] = writer.fresh()
                        writer.insert(mark, f"{codes[index]} = {before}")
                        mark += 1
            codes.append(code)
        return codes

    def converted(self, code: str, type_: Type) -> str:
        """A value of a type from JSON."""
        convert = converter(type_)
        if convert is None:
            return code
        if self.is_exact:
            return f"{self.writer.constant(nullable(convert))}({code})"
        return f"float({code})" if type_ == DOUBLE else f"{self.writer.constant(convert)}({code})"

    # Names and fields

    def literal(self, expr: Literal) -> str:
        value = expr.value
        if isinstance(value, Uint):
            return self.writer.constant(value)
        if isinstance(value, str | bytes) and len(value) > 60:
            return self.writer.constant(value)
        return f"({value!r})" if isinstance(value, int | float) and value < 0 else repr(value)

    def ident(self, expr: Ident | Select) -> str:
        name = self.checked.names[expr.id]
        if name.is_constant:
            return self.writer.constant(name.value)
        self.writer.charge(1)
        if name.is_local:
            return self.scope[name.name]
        return self.globals.get(name.name) or self.load(name.name)

    def select(self, expr: Select) -> str:
        if expr.id in self.checked.names:
            return self.ident(expr)
        operand = self.value(expr.operand)
        if not expr.is_test:
            self.writer.charge(1)
        return self.field(operand, self.type_of(expr.operand), expr.field, is_test=expr.is_test)

    def field(self, operand: str, type_: Type, name: str, *, is_test: bool = False) -> str:
        """`operand.name`, or whether there is one."""
        helper = self.writer.helper
        if isinstance(type_, OptionalType):
            if is_test:
                if _is_nullable(type_.inner, name):
                    return f"{self.optional_field(operand, type_, name)}.has_value"
                return f"{helper(operations.opt_has_field)}({operand}, {_json_name(type_.inner, name)!r})"
            return self.optional_field(operand, type_, name)
        key, is_nullable = _json_name(type_, name), _is_nullable(type_, name)
        if is_test and is_nullable:
            return f"({operand}.get({key!r}) is not None)"
        if is_test:
            if self.is_exact or not isinstance(type_, MapType | ObjectType):
                return f"{helper(operations.has_field)}({operand}, {key!r})"
            return f"({key!r} in {operand})"
        if self.is_exact:
            code = f"{helper(operations.get_field)}({operand}, {key!r})"
        elif isinstance(type_, MapType | ObjectType) or operand.isidentifier():
            code = f"{operand}[{key!r}]"
        else:
            code = f"{helper(operations.get_field)}({operand}, {key!r})"
        if is_nullable:
            code = f"{helper(present)}({code}, {name!r})"
        return self.converted(code, _field_type(type_, name))

    def optional_field(self, operand: str, type_: Type, name: str) -> str:
        """`operand.?name`."""
        inner = type_.inner if isinstance(type_, OptionalType) else type_
        code = f"{self.writer.helper(operations.opt_field)}({operand}, {_json_name(inner, name)!r})"
        if _is_nullable(inner, name):
            code = f"{self.writer.helper(without_null)}({code})"
        convert = converter(_field_type(inner, name))
        if convert is None:
            return code
        return f"{self.writer.helper(operations.convert_optional)}({code}, {self.writer.constant(convert)})"

    # Calls

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
            if not self.is_exact and item_type in _HASHABLE:
                if isinstance(container_type, ListType) and container_type.item == item_type:
                    values = _constants(container)
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

    # Lists, maps, objects

    def list(self, expr: ListExpr) -> str:
        self.writer.charge(10)
        values = _constants(expr)
        if values is not None and len(values) > 4:
            return self.writer.constant(values)
        codes = self.operands(expr.items)
        if not expr.optionals:
            return f"[{', '.join(codes)}]"
        pairs = (f"({code}, {index in expr.optionals})" for index, code in enumerate(codes))
        return f"{self.writer.helper(operations.make_list)}(({', '.join(pairs)},))"

    def map(self, expr: MapExpr) -> str:
        self.writer.charge(30)
        codes = self.operands([part for entry in expr.entries for part in (entry.key, entry.value)])
        pairs = list(zip(codes[::2], codes[1::2], strict=True))
        keys = [entry.key.value for entry in expr.entries if isinstance(entry.key, Literal)]
        is_plain = all(type(key) is str for key in keys) and len(set(keys)) == len(expr.entries)
        if is_plain and not any(entry.is_optional for entry in expr.entries):
            return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        triples = (
            f"({key}, {value}, {entry.is_optional})" for (key, value), entry in zip(pairs, expr.entries, strict=True)
        )
        return f"{self.writer.helper(operations.make_map)}(({', '.join(triples)},))"

    def struct(self, expr: StructExpr) -> str:
        self.writer.charge(40)
        type_ = self.checked.structs[expr.id]
        codes = self.operands([item.value for item in expr.fields])
        triples = "".join(
            f"({_json_name(type_, item.name)!r}, {code}, {item.is_optional}), "
            for item, code in zip(expr.fields, codes, strict=True)
        )
        return f"{self.writer.helper(operations.make_map)}(({triples}))"


def _json_name(type_: Type, name: str) -> str:
    found = type_.find_field(name) if isinstance(type_, ObjectType) else None
    return (found.json_name or name) if found is not None else name


def _is_nullable(type_: Type, name: str) -> bool:
    found = type_.find_field(name) if isinstance(type_, ObjectType) else None
    return found is not None and found.is_nullable


def _field_type(type_: Type, name: str) -> Type:
    """What a field's JSON has to become; of a map, it has been converted as a whole."""
    found = type_.find_field(name) if isinstance(type_, ObjectType) else None
    return found.type if found is not None else NULL


def _constants(expr: Expr) -> list[Any] | None:
    """The items of a list that is written out."""
    if not isinstance(expr, ListExpr) or expr.optionals:
        return None
    values = [item.value for item in expr.items if isinstance(item, Literal)]
    return values if len(values) == len(expr.items) else None


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

_SPECIAL: Mapping[str, Callable[[_Generator, Call, Resolution], str]] = {
    operators.AND: _Generator.logic,
    operators.OR: _Generator.logic,
    operators.NOT: _Generator.negation,
    operators.NOT_STRICTLY_FALSE: _Generator.not_strictly_false,
    operators.CONDITIONAL: _Generator.conditional,
    operators.EQUALS: _Generator.equality,
    operators.NOT_EQUALS: _Generator.equality,
    operators.IN: _Generator.contains,
    operators.INDEX: _Generator.index,
    operators.OPT_INDEX: _Generator.optional_index,
    operators.OPT_SELECT: _Generator.optional_select,
    operators.ADD: _Generator.add,
}

_WRITERS: Mapping[type[Expr], Callable[[_Generator, Any], str]] = {
    Literal: _Generator.literal,
    Ident: _Generator.ident,
    Select: _Generator.select,
    Call: _Generator.call,
    ListExpr: _Generator.list,
    MapExpr: _Generator.map,
    StructExpr: _Generator.struct,
    Comprehension: write_comprehension,
}
_ = to_key

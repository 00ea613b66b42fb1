"""Writing what needs no call: constants, names, fields, lists, maps and objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wherry.cel import operations, operators
from wherry.cel.ast import Call, Comprehension, Expr, Ident, ListExpr, Literal, MapExpr, Select, StructExpr
from wherry.cel.checked import Checked
from wherry.cel.conversions import converter, nullable
from wherry.cel.folding import Constants
from wherry.cel.functions import Charge
from wherry.cel.loops import write_comprehension
from wherry.cel.types import BOOL, DOUBLE, NULL, ListType, MapType, ObjectType, OptionalType, Type
from wherry.cel.values import NONE, Optional, Uint, fail
from wherry.cel.writer import Writer

_BOOLS = {True: True, False: False}


class ExpressionWriter:
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
        elif isinstance(type_, MapType | ObjectType) or _can_be_subscripted(operand):
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

    def call(self, expr: Call) -> str:
        """An expression for a call: of a subclass."""
        raise NotImplementedError

    # Lists, maps, objects

    def list(self, expr: ListExpr) -> str:
        self.writer.charge(10)
        values = constants_of(expr)
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


def _can_be_subscripted(code: str) -> bool:
    """A name, or a subscript of one: no literal, of which Python says before it runs that it has no items."""
    return code.isidentifier() or (code[0].isalpha() and code[-1] == "]")


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


def constants_of(expr: Expr) -> list[Any] | None:
    """The items of a list that is written out."""
    if not isinstance(expr, ListExpr) or expr.optionals:
        return None
    values = [item.value for item in expr.items if isinstance(item, Literal)]
    return values if len(values) == len(expr.items) else None


_WRITERS: Mapping[type[Expr], Callable[[ExpressionWriter, Any], str]] = {
    Literal: ExpressionWriter.literal,
    Ident: ExpressionWriter.ident,
    Select: ExpressionWriter.select,
    Call: lambda writer, expr: writer.call(expr),
    ListExpr: ExpressionWriter.list,
    MapExpr: ExpressionWriter.map,
    StructExpr: ExpressionWriter.struct,
    Comprehension: write_comprehension,
}

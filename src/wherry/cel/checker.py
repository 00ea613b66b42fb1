"""The types of a tree's nodes, and which overloads its calls mean.

Types are inferred from the leaves up. An empty list has items of a fresh type parameter, which later uses bind; what is
not bound in the end is dyn. A call matches every overload whose arguments fit: with dyn among the arguments that may be
several, of which the value chooses one at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wherry.cel import operators
from wherry.cel.ast import (
    Call,
    Comprehension,
    Expr,
    Ident,
    ListExpr,
    Literal,
    MapExpr,
    Select,
    StructExpr,
)
from wherry.cel.checked import Checked, Declarations, Name, Resolution
from wherry.cel.errors import MAX_ISSUES, CompileError, Issue
from wherry.cel.functions import Overload
from wherry.cel.tokenstream import locate
from wherry.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    ERROR,
    INT,
    NULL,
    STRING,
    UINT,
    ListType,
    MapType,
    ObjectType,
    OptionalType,
    PrimitiveType,
    Type,
    TypeParam,
    TypeType,
    is_dyn,
)
from wherry.cel.unify import Bindings, fits, most_general, substitute
from wherry.cel.values import Uint


def check(expr: Expr, text: str, declarations: Declarations) -> Checked:
    """Infer all types. Raises CompileError."""
    checker = _Checker(expr, text, declarations)
    checker.check(expr)
    if checker.issues:
        checker.issues.sort(key=lambda issue: (issue.line, issue.column))
        raise CompileError(checker.issues, text, checker.omitted)
    types = checker.checked.types
    for id_, type_ in types.items():
        if type(type_) is not PrimitiveType:
            types[id_] = substitute(checker.bindings, type_, to_dyn=True)
    return checker.checked


_LITERALS: Mapping[type, Type] = {
    type(None): NULL,
    bool: BOOL,
    int: INT,
    Uint: UINT,
    float: DOUBLE,
    str: STRING,
    bytes: BYTES,
}


class _Checker:
    """One walk over a tree."""

    def __init__(self, expr: Expr, text: str, declarations: Declarations) -> None:
        self.text = text
        self.declarations = declarations
        self.checked = Checked(expr)
        self.issues: list[Issue] = []
        self.omitted = 0
        self.bindings: Bindings = {}
        self.locals: dict[str, Type] = {}
        self.fresh = 0

    def report(self, expr: Any, message: str) -> None:
        if len(self.issues) < MAX_ISSUES:
            self.issues.append(Issue(message, *locate(self.text, expr.position)))
        else:
            self.omitted += 1

    def undeclared(self, expr: Expr, name: str) -> Type:
        self.report(expr, f"undeclared reference to '{name}' (in container '{self.declarations.container}')")
        return ERROR

    def check(self, expr: Expr) -> Type:
        """The type of a node, noted as well."""
        type_: Type = _CHECKS[type(expr)](self, expr)
        self.checked.types[expr.id] = type_
        return type_

    # Names

    def literal(self, expr: Literal) -> Type:
        return _LITERALS[type(expr.value)]

    def ident(self, expr: Ident) -> Type:
        name = self.find(expr.name)
        if name is None:
            return self.undeclared(expr, expr.name)
        self.checked.names[expr.id] = name
        return name.type

    def find(self, name: str) -> Name | None:
        local = self.locals.get(name)
        return Name(name, local, is_local=True) if local is not None else self.find_global(name)

    def find_global(self, name: str) -> Name | None:
        for candidate in self.declarations.candidates(name):
            if found := self.declarations.find_name(candidate):
                return found
        return None

    def select(self, expr: Select) -> Type:
        if not expr.is_test and (qualified := _qualified(expr)):
            first = qualified.partition(".")[0]
            if first not in self.locals and (name := self.find_global(qualified)):
                self.checked.names[expr.id] = name
                return name.type
        type_ = self.field(expr, expr.operand, expr.field)
        return BOOL if expr.is_test else type_

    def field(self, expr: Expr, operand: Expr, name: str, *, is_optional: bool = False) -> Type:
        operand_type = substitute(self.bindings, self.check(operand))
        target = operand_type.inner if isinstance(operand_type, OptionalType) else operand_type
        result: Type = DYN
        if isinstance(target, MapType):
            result = substitute(self.bindings, target.value)
        elif isinstance(target, ObjectType):
            found = target.find_field(name)
            if found is None:
                self.report(expr, f"undefined field '{name}'")
            result = ERROR if found is None else found.type
        elif isinstance(target, TypeParam):
            self.fits(DYN, target)
        elif not is_dyn(target) and target != ERROR:
            self.report(expr, f"type '{target}' does not support field selection")
        return OptionalType(result) if is_optional or target is not operand_type else result

    # Calls

    def call(self, expr: Call) -> Type:
        if expr.function == operators.OPT_SELECT:
            return self.optional_select(expr)
        arg_types = [self.check(arg) for arg in expr.args]
        if expr.target is None:
            found = self.find_function(expr.function)
            if found is None:
                return self.undeclared(expr, expr.function)
            return self.resolve(expr, found, expr.args, arg_types, is_member=False)
        if prefix := _qualified(expr.target):
            found = self.find_function(f"{prefix}.{expr.function}")
            if found is not None:
                return self.resolve(expr, found, expr.args, arg_types, is_member=False)
        target_type = self.check(expr.target)
        found = self.find_function(expr.function)
        if found is None:
            return self.undeclared(expr, expr.function)
        return self.resolve(expr, found, (expr.target, *expr.args), [target_type, *arg_types], is_member=True)

    def optional_select(self, expr: Call) -> Type:
        operand, name = expr.args
        assert isinstance(name, Literal)
        self.check(name)
        type_ = self.field(expr, operand, str(name.value), is_optional=True)
        self.checked.calls[expr.id] = Resolution(expr.function, (), expr.args)
        return type_

    def find_function(self, name: str) -> tuple[str, tuple[Overload, ...]] | None:
        for candidate in self.declarations.candidates(name):
            overloads = self.declarations.find_function(candidate)
            if overloads is not None:
                return candidate, overloads
        return None

    def resolve(
        self,
        expr: Call,
        found: tuple[str, tuple[Overload, ...]],
        args: tuple[Expr, ...],
        types: list[Type],
        *,
        is_member: bool,
    ) -> Type:
        name, overloads = found
        if name in (operators.AND, operators.OR):
            return self.logic(expr, name, overloads, types)
        matching = []
        result: Type | None = None
        for overload in overloads:
            if overload.is_member is not is_member or len(overload.args) != len(types):
                continue
            wanted, given = self.instantiate(overload)
            bindings = fits(self.bindings, types, wanted)
            if bindings is None:
                continue
            self.bindings = bindings
            matching.append(overload)
            given = substitute(bindings, given)
            if result is None:
                result = given
            elif not is_dyn(result) and given != result:
                result = DYN
        if result is None:
            self.no_overload(expr, name, types, is_member=is_member)
            return ERROR
        self.checked.calls[expr.id] = Resolution(name, tuple(matching), args)
        return result

    def logic(self, expr: Call, name: str, overloads: tuple[Overload, ...], types: list[Type]) -> Type:
        """`&&` and `||` say which of their terms is no bool."""
        result: Type = BOOL
        for arg, type_ in zip(expr.args, types, strict=True):
            if not self.fits(type_, BOOL):
                self.report(arg, f"expected type 'bool' but found '{type_}'")
                result = ERROR
        self.checked.calls[expr.id] = Resolution(name, overloads, expr.args)
        return result

    def instantiate(self, overload: Overload) -> tuple[tuple[Type, ...], Type]:
        """An overload's arguments and result with type parameters of its own."""
        if not overload.params:
            return overload.args, overload.result
        fresh: Bindings = {name: self.fresh_param() for name in overload.params}
        return tuple(substitute(fresh, arg) for arg in overload.args), substitute(fresh, overload.result)

    def fresh_param(self) -> Type:
        param = TypeParam(f"_var{self.fresh}")
        self.fresh += 1
        return param

    def no_overload(self, expr: Call, name: str, types: list[Type], *, is_member: bool) -> None:
        shown = [str(substitute(self.bindings, type_, to_dyn=True)) for type_ in types]
        signature = f"{shown[0]}.({', '.join(shown[1:])})" if is_member else f"({', '.join(shown)})"
        self.report(expr, f"found no matching overload for '{name}' applied to '{signature}'")

    def fits(self, given: Type, wanted: Type) -> bool:
        bindings = fits(self.bindings, (given,), (wanted,))
        if bindings is not None:
            self.bindings = bindings
        return bindings is not None

    # Literals of lists, maps, objects

    def list(self, expr: ListExpr) -> Type:
        item: Type | None = None
        for index, element in enumerate(expr.items):
            type_ = self.check(element)
            if index in expr.optionals:
                type_ = self.unwrap(element, type_)
            item = self.join(element, item, type_)
        return ListType(item or self.fresh_param())

    def map(self, expr: MapExpr) -> Type:
        key: Type | None = None
        value: Type | None = None
        for entry in expr.entries:
            key = self.join(entry.key, key, self.check(entry.key))
            type_ = self.check(entry.value)
            if entry.is_optional:
                type_ = self.unwrap(entry.value, type_)
            value = self.join(entry.value, value, type_)
        if key is None or value is None:
            key = self.fresh_param()
            value = self.fresh_param()
        if key.parameters:
            # No value of this type can be a key. To remember it would let a type double with each `map(x, {x: x})`.
            key = DYN
        return MapType(key, value)

    def unwrap(self, expr: Expr, type_: Type) -> Type:
        """The type within the optional that follows a question mark."""
        if isinstance(type_, OptionalType):
            return type_.inner
        if not is_dyn(type_) and type_ != ERROR:
            self.report(expr, f"expected type '{OptionalType(type_)}' but found '{type_}'")
        return type_

    def join(self, expr: Expr, before: Type | None, type_: Type) -> Type:
        """The type of items, given one more."""
        if before is None:
            return type_
        return most_general(before, type_) if self.fits(before, type_) else DYN

    def struct(self, expr: StructExpr) -> Type:
        name = self.find_global(expr.name)
        struct: Type = ERROR
        if name is None:
            return self.undeclared(expr, expr.name)
        if not isinstance(name.type, TypeType) or name.type.of is None:
            self.report(expr, f"'{name.type}' is not a type")
        elif isinstance(name.type.of, ObjectType):
            struct = name.type.of
            self.checked.structs[expr.id] = struct
        else:
            self.report(expr, f"'{name.type.of}' is not a message type")
        for item in expr.fields:
            given = self.check(item.value)
            if item.is_optional:
                given = self.unwrap(item.value, given)
            wanted: Type = ERROR
            if isinstance(struct, ObjectType):
                found = struct.find_field(item.name)
                if found is None:
                    self.report(item, f"undefined field '{item.name}'")
                else:
                    wanted = found.type
            if not self.fits(wanted, given):
                message = f"expected type of field '{item.name}' is '{wanted}' but provided type is '{given}'"
                self.report(item, message)
        return struct

    # Loops

    def comprehension(self, expr: Comprehension) -> Type:
        range_type = substitute(self.bindings, self.check(expr.range))
        accumulator = self.check(expr.start)
        first, second = self.items(expr, range_type)
        outer = self.locals
        self.locals = {**outer, expr.accumulator: accumulator}
        inner = self.locals
        self.locals = {**inner, expr.variable: first}
        if expr.second_variable:
            self.locals[expr.second_variable] = second
        self.expect(expr.condition, BOOL)
        self.expect(expr.step, accumulator)
        self.locals = inner
        result = self.check(expr.result)
        self.locals = outer
        return substitute(self.bindings, result)

    def items(self, expr: Comprehension, range_type: Type) -> tuple[Type, Type]:
        """The types of a loop's one or two variables."""
        if isinstance(range_type, ListType):
            return (INT, range_type.item) if expr.second_variable else (range_type.item, DYN)
        if isinstance(range_type, MapType):
            return range_type.key, range_type.value
        if is_dyn(range_type) or range_type == ERROR or isinstance(range_type, TypeParam):
            self.fits(DYN, range_type)
            return DYN, DYN
        message = f"expression of type '{range_type}' cannot be range of a comprehension"
        self.report(expr.range, f"{message} (must be list, map, or dynamic)")
        return ERROR, ERROR

    def expect(self, expr: Expr, wanted: Type) -> None:
        given = self.check(expr)
        if not self.fits(wanted, given):
            self.report(expr, f"expected type '{wanted}' but found '{given}'")


def _qualified(expr: Expr) -> str:
    """`a.b.c`, if that is all there is."""
    names = []
    while isinstance(expr, Select) and not expr.is_test:
        names.append(expr.field)
        expr = expr.operand
    if not isinstance(expr, Ident):
        return ""
    names.append(expr.name)
    return ".".join(reversed(names))


_CHECKS: Mapping[type[Expr], Any] = {
    Literal: _Checker.literal,
    Ident: _Checker.ident,
    Select: _Checker.select,
    Call: _Checker.call,
    ListExpr: _Checker.list,
    MapExpr: _Checker.map,
    StructExpr: _Checker.struct,
    Comprehension: _Checker.comprehension,
}

"""Rules of a schema, compiled: what upstream's `Compile` makes of `x-kubernetes-validations`, one rule at a time."""

from __future__ import annotations

from msgspec import Struct

from wherry.api.structural.declared import Declared
from wherry.api.structural.fieldpath import FieldPathError, find_field
from wherry.api.structural.shape import Rule, Shape
from wherry.cel.cost import CHARGES, estimate, sizes_below, sizes_within
from wherry.cel.environment import Environment
from wherry.cel.errors import CompileError
from wherry.cel.library.kubernetes import KUBERNETES, instantiation_fault
from wherry.cel.program import Program
from wherry.cel.types import BOOL, STRING, OptionalType, Type

SELF, OLD_SELF = "self", "oldSelf"
SIZES = (2 * 1024, 16 * 1024)
"""Bytes of objects: of most, and of almost all."""


class RuleError(ValueError):
    """A rule that cannot be compiled."""


class CompiledRule(Struct, frozen=True, eq=False):
    """One rule, ready to be asked."""

    rule: Rule
    program: Program
    message: Program | None
    message_error: str
    """Why there is no program for the message although the rule has an expression for it."""
    uses_old_self: bool
    most: int
    """What it costs at most, while values keep to the schema's limits."""
    within: tuple[int, ...]
    """What it costs at most in objects of each of the `SIZES`."""
    message_most: int
    field_path: str
    """Where its faults are reported, below its place; "" for the place itself."""


def compile_rule(rule: Rule, declared: Declared) -> CompiledRule:
    """Compile a rule about values of a place; raises RuleError."""
    environment, sizes = _environment(rule, declared.type), sizes_below(declared.type)
    program = _compile(environment, rule.rule, BOOL, "", "cel expression must evaluate to a bool")
    message, message_error = None, ""
    if rule.message_expression:
        wrong = "messageExpression must evaluate to a string"
        try:
            message = _compile(environment, rule.message_expression, STRING, "messageExpression ", wrong)
        except RuleError as error:
            message_error = str(error)
    return CompiledRule(
        rule,
        program,
        message,
        message_error,
        OLD_SELF in program.references,
        estimate(program.checked, sizes).most,
        tuple(estimate(program.checked, sizes_within(sizes, size)).most for size in SIZES),
        0 if message is None else estimate(message.checked, sizes).most,
        _field_path(declared.shape, rule.field_path),
    )


def _environment(rule: Rule, self_type: Type) -> Environment:
    old = OptionalType(self_type) if rule.optional_old_self else self_type
    variables = {SELF: self_type, OLD_SELF: old}
    return Environment(variables, libraries=KUBERNETES, is_homogeneous=True, is_strict=True, charges=CHARGES)


def _compile(environment: Environment, text: str, wanted: Type, prefix: str, wrong: str) -> Program:
    try:
        program = environment.compile(text)
    except CompileError as error:
        raise RuleError(f"{prefix}compilation failed: {error}") from None
    if program.type != wanted:
        raise RuleError(wrong)
    if fault := instantiation_fault(program.checked):
        raise RuleError(f"{prefix or 'program '}instantiation failed: {fault}")
    return program


def _field_path(shape: Shape, text: str) -> str:
    try:
        return find_field(shape, text).path if text else ""
    except FieldPathError:
        return ""

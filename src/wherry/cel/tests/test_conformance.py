"""The public conformance suite: every case that needs no protobuf messages.

Beside values, it says of its texts (and of those of cel-go's own tests) what cel-go makes of them: the tree, the type
of each node and the overload of each call, or the messages. Ours are the same, but for the cases named here.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from base64 import b64decode
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

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
from wherry.cel.bindings import BINDINGS
from wherry.cel.checked import Checked
from wherry.cel.comprehensions import TWO_VARIABLES
from wherry.cel.conversions import double_to_string, string_to_duration, string_to_timestamp
from wherry.cel.environment import Environment
from wherry.cel.errors import CompileError, EvaluationError
from wherry.cel.functions import Function, Library, Overload
from wherry.cel.library.lists import LISTS_EXTENSION
from wherry.cel.library.quoting import quote
from wherry.cel.library.strings import STRINGS
from wherry.cel.macros import STANDARD
from wherry.cel.optionals import OPTIONALS
from wherry.cel.parser import parse
from wherry.cel.types import (
    ANY,
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
    OpaqueType,
    OptionalType,
    Type,
    TypeParam,
    TypeType,
)
from wherry.cel.values import TypeValue, Uint, equals, to_key

DATA = Path(__file__).parent / "data/conformance.json.z"

SKIPPED_SECTIONS = {
    "math_ext": "Kubernetes does not enable the library",
    "encoders_ext": "Kubernetes does not enable the library",
}
"""Beside those that tools/gen_cel_conformance.py leaves out."""
MESSAGES = ("TestAllTypes", "google.protobuf.", "NestedMessage", "GlobalEnum", "ProtoNestedMessage", "cel.expr")
"""Names that only protobuf messages have."""
_VERSION = "Kubernetes enables version 2 of the strings library, the suite is about version 4"
_PRESENCE = "cel-go says false unless it is told to be strict, and Kubernetes does not tell it"
DIFFERENT = {
    "string_ext/format": _VERSION,
    "string_ext/value_errors/indexof_out_of_range": _VERSION,
    "string_ext/value_errors/lastindexof_out_of_range": _VERSION,
    "optionals/optionals/map_null_entry_no_such_key": _PRESENCE,
    "optionals/optionals/map_present_key_invalid_field": _PRESENCE,
    "timestamps/duration_converters/get_milliseconds": "cel-go counts the whole seconds as well",
    "type_deductions/legacy_nullable_types/null_assignable_to_abstract_parameter_candidate": "cel-go infers null",
}
"""Cases, or sections of them, that cel-go answers otherwise than the suite, and so do we."""


def _load() -> list[dict[str, Any]]:
    return list(json.loads(zlib.decompress(DATA.read_bytes())))


def _applicable() -> Iterator[Any]:
    seen: dict[str, int] = {}
    for case in _load():
        section = case["section"]
        if not section.startswith("conformance/"):
            continue
        section = section.removeprefix("conformance/")
        name = f"{section}/{case['name']}"
        seen[name] = seen.get(name, 0) + 1
        text = json.dumps(case).replace("google.protobuf.Timestamp", "").replace("google.protobuf.Duration", "")
        if any(message in text for message in MESSAGES):
            continue
        if section.partition("/")[0] in SKIPPED_SECTIONS or section in DIFFERENT or name in DIFFERENT:
            continue
        if case.get("disableCheck") and "error" in case:
            continue  # for implementations without a checker
        yield pytest.param(case, id=name if seen[name] == 1 else f"{name}#{seen[name]}")


def type_from(declared: Mapping[str, Any]) -> Type:
    """A type as the suite writes it."""
    (kind, value), *_ = declared.items()
    if kind == "primitive":
        return {"BOOL": BOOL, "INT64": INT, "UINT64": UINT, "DOUBLE": DOUBLE, "STRING": STRING, "BYTES": BYTES}[value]
    if kind == "wellKnown":
        return {"ANY": ANY, "TIMESTAMP": TIMESTAMP, "DURATION": DURATION}[value]
    if kind == "listType":
        return ListType(type_from(value["elemType"]) if value else DYN)
    if kind == "mapType":
        return MapType(type_from(value["keyType"]), type_from(value["valueType"]))
    if kind == "typeParam":
        return TypeParam(value)
    if kind == "type":
        return TypeType(type_from(value) if value else None)
    if kind == "abstractType":
        params = tuple(map(type_from, value.get("parameterTypes", ())))
        return OptionalType(params[0]) if value["name"] == "optional_type" else OpaqueType(value["name"], params)
    if kind == "messageType":
        return {"google.protobuf.Timestamp": TIMESTAMP, "google.protobuf.Duration": DURATION}[value]
    return {"dyn": DYN, "null": NULL}[kind]


def value_from(given: Mapping[str, Any]) -> Any:
    """A value as the suite writes it."""
    (kind, value), *_ = given.items()
    match kind:
        case "int64Value":
            return int(value)
        case "uint64Value":
            return Uint(value)
        case "doubleValue":
            return float(value)
        case "bytesValue":
            return b64decode(value)
        case "listValue":
            return [value_from(item) for item in value.get("values", ())]
        case "mapValue":
            return {to_key(value_from(e["key"])): value_from(e["value"]) for e in value.get("entries", ())}
        case "nullValue":
            return None
        case "typeValue":
            return TypeValue(value)
        case "objectValue":
            if value["@type"].endswith("Timestamp"):
                return string_to_timestamp(value["value"])
            return string_to_duration(value["value"])
    return value


def environment_of(case: Mapping[str, Any], libraries: tuple[Library, ...]) -> Environment:
    variables = {}
    functions = []
    for declared in case.get("typeEnv", ()):
        if "ident" in declared:
            variables[declared["name"]] = type_from(declared["ident"]["type"])
        else:
            overloads = (
                Overload(
                    each["overloadId"],
                    tuple(map(type_from, each.get("params", ()))),
                    type_from(each["resultType"]),
                    _unbound,
                    is_member=each.get("isInstanceFunction", False),
                )
                for each in declared["function"]["overloads"]
            )
            functions.append(Function(declared["name"], *overloads))
    for name in case.get("bindings", ()):
        variables.setdefault(name, DYN)
    return Environment(
        variables, libraries=(*libraries, Library("case", tuple(functions))), container=case.get("container", "")
    )


def _unbound(*args: Any) -> Any:
    raise EvaluationError("unbound function")


LIBRARIES: tuple[Library, ...] = (OPTIONALS, TWO_VARIABLES, BINDINGS, STRINGS)


def same(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and math.isnan(wanted):
        return isinstance(got, float) and math.isnan(got)
    return type(got) is type(wanted) and equals(got, wanted)


@pytest.mark.parametrize("case", list(_applicable()))
def test_conformance(case: dict[str, Any]) -> None:
    environment = environment_of(case, LIBRARIES)
    bindings = {name: value_from(given["value"]) for name, given in case.get("bindings", {}).items()}
    expected_error = "evalError" in case
    try:
        program = environment.compile(case["expr"])
        if case.get("checkOnly"):
            assert str(program.type) == str(type_from(case["typedResult"]["deducedType"]))
            return
        value, metered = program(bindings), program.run(bindings)[0]
    except (CompileError, EvaluationError):
        if not expected_error:
            raise
        return
    assert not expected_error, value
    if "typedResult" in case:
        assert str(program.type) == str(type_from(case["typedResult"]["deducedType"]))
        case = {"value": case["typedResult"].get("result"), **case}
    wanted = value_from(case["value"]) if case.get("value") else True
    assert same(value, wanted), value
    assert same(metered, wanted), metered


# What cel-go makes of the texts

_KIND = re.compile(r"\^#\*expr\.[\w.]+#|// ?(?:Variable|Target|Accumulator|Init|LoopCondition|LoopStep|Result)\n|\s+")
_MACROS = {(macro.name, macro.arity, macro.is_member): macro for macro in STANDARD}
_ORDERED = ("int64", "uint64", "double")
MIXED = frozenset(
    f"{name}_{one}_{other}"
    for name in ("less", "less_equals", "greater", "greater_equals")
    for one in _ORDERED
    for other in _ORDERED
)
"""Comparisons of numbers of two types, which Kubernetes enables and the suite does not."""
UNLIKE = frozenset(
    (
        "math_ext",
        "encoders_ext",
        "string_ext",
        "optionals",
        "type_deductions/flexible_type_parameter_assignment",
        "type_deductions/legacy_nullable_types",
    )
)
"""Sections about libraries that were not enabled when these facts were gathered, or that we do not have."""
MESSAGES_UNLIKE = {
    "1.0 ": "comparisons of mixed numbers are enabled here",
    "'-'": "ANTLR looks further ahead",
    "existsOne": "a macro here",
    "syntax '": "optional syntax is enabled here",
    "syntax: '`'": "names in back-quotes are enabled here",
    "recursion": "limits were lowered there",
    "error recovery": "we do not go on after an error as ANTLR does",
}


def _squeezed(text: str) -> str:
    return _KIND.sub("", text)


def _upstream(key: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{index}-{case['section'].removeprefix('conformance/')}-{case['expr'][:30]!a}")
        for index, case in enumerate(_load())
        if key in case
    ]


@pytest.mark.parametrize("case", _upstream("ast"))
def test_trees_are_upstreams(case: dict[str, Any]) -> None:
    assert _squeezed(format_tree(parse(case["expr"], _MACROS))) == _squeezed(case["ast"])


def _typed() -> Iterator[Any]:
    for param in _upstream("checkedAst"):
        (case,) = param.values
        section = case["section"].removeprefix("conformance/")
        if section in UNLIKE or section.partition("/")[0] in UNLIKE or case["section"] == "checking":
            continue
        if not any(message in json.dumps(case) for message in (*MESSAGES, "messageType", "google.protobuf")):
            yield param


@pytest.mark.parametrize("case", list(_typed()))
def test_types_are_upstreams(case: dict[str, Any]) -> None:
    checked = environment_of(case, (BINDINGS,)).check(case["expr"])
    assert _squeezed(format_checked(checked, without=MIXED)) == _squeezed(case["checkedAst"])


def _faulty() -> Iterator[Any]:
    for param in _upstream("error"):
        (case,) = param.values
        if case["section"] not in ("parsing", "checking") or "typeEnv" in case or "checkedAst" in case:
            continue
        told = case["error"] + case["expr"]
        if not any(part in told for part in (*MESSAGES_UNLIKE, "google.expr", "'x'", "Proto", "TestAll")):
            yield param


@pytest.mark.parametrize("case", list(_faulty()))
def test_messages_are_upstreams(case: dict[str, Any]) -> None:
    with pytest.raises(CompileError) as caught:
        environment_of(case, (BINDINGS,)).check(case["expr"])
    wanted = case["error"].replace("ERROR: :", "ERROR: <input>:")
    # ANTLR goes on after most syntax errors, and finds more of them; the first ones are what helps.
    assert wanted.startswith(str(caught.value).split("\nERROR")[0])


def _comprehensions() -> Iterator[Any]:
    """What is true: the first part of cel-go's cases, before those that are to fail."""
    for param in _upstream("expr"):
        (case,) = param.values
        if case["section"] == "comprehensions":
            if "duplicate" in case["expr"] or case["expr"].startswith("[].all(i, i"):
                return
            if "m." not in case["expr"] and "reverse" not in case["expr"]:
                yield param


@pytest.mark.parametrize("case", list(_comprehensions()))
def test_comprehensions(case: dict[str, Any]) -> None:
    program = environment_of(case, (*LIBRARIES, LISTS_EXTENSION)).compile(case["expr"])
    assert program({}) is True
    assert program.run({})[0] is True


# Trees as text, in the form that cel-go's own tests use


def format_tree(expr: Expr) -> str:
    """A tree on one line."""
    return _Formatter(None, ()).show(expr)


def format_checked(checked: Checked, *, without: Container[str] = ()) -> str:
    """A tree with the type of each node and, after `^`, the name or the overloads (but some) that it means."""
    return _Formatter(checked, without).show(checked.expr)


class _Formatter:
    def __init__(self, checked: Checked | None, without: Container[str]) -> None:
        self._checked = checked
        self._without = without

    def show(self, node: Expr) -> str:
        checked = self._checked
        if checked is None:
            return self._format(node)
        type_ = f"~{checked.types[node.id]}"
        name = checked.names.get(node.id)
        if name is not None:
            return f"{name.name}{type_}^{name.name}"
        if not isinstance(node, Call):
            return f"{self._format(node)}{type_}"
        resolution = checked.calls[node.id]
        overloads = sorted(each.id for each in resolution.overloads if each.id not in self._without)
        has_target = len(resolution.args) > len(node.args)
        target = f"{self.show(resolution.args[0])}." if has_target else ""
        args = ", ".join(map(self.show, node.args))
        return f"{target}{resolution.function}({args}){type_}" + (f"^{'|'.join(overloads)}" if overloads else "")

    def _format(self, node: Expr) -> str:
        show = self.show
        match node:
            case Literal():
                return _literal(node.value)
            case Ident():
                return node.name
            case Select():
                return f"{show(node.operand)}.{node.field}{'~test-only~' if node.is_test else ''}"
            case Call():
                target = f"{show(node.target)}." if node.target is not None else ""
                return f"{target}{node.function}({', '.join(map(show, node.args))})"
            case ListExpr():
                return f"[{', '.join(map(show, node.items))}]"
            case MapExpr():
                entries = (f"{'?' * e.is_optional}{show(e.key)}:{show(e.value)}" for e in node.entries)
                return f"{{{', '.join(entries)}}}"
            case StructExpr():
                fields = (f"{'?' * f.is_optional}{f.name}:{show(f.value)}" for f in node.fields)
                return f"{node.name}{{{', '.join(fields)}}}"
            case Comprehension():
                variables = (node.variable, node.second_variable) if node.second_variable else (node.variable,)
                parts = (show(node.start), show(node.condition), show(node.step), show(node.result))
                return f"__comprehension__({', '.join((*variables, show(node.range), node.accumulator, *parts))})"
        raise AssertionError(node)


def _literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_to_string(value)
    if isinstance(value, int):
        return f"{int(value)}{'u' if isinstance(value, Uint) else ''}"
    if isinstance(value, bytes):
        # What is no UTF-8 is shown byte by byte.
        return "b" + quote(value.decode(errors="surrogateescape")).replace("\\udc", "\\x")
    return quote(str(value))

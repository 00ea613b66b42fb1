"""The public conformance suite: every case that needs no protobuf messages."""

from __future__ import annotations

import json
import math
import zlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from wherry.cel.bindings import BINDINGS
from wherry.cel.comprehensions import TWO_VARIABLES
from wherry.cel.conversions import string_to_duration, string_to_timestamp
from wherry.cel.environment import Environment
from wherry.cel.errors import CompileError, EvaluationError
from wherry.cel.functions import Function, Library, Overload
from wherry.cel.library.strings import STRINGS
from wherry.cel.optionals import OPTIONALS
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


def environment_of(case: Mapping[str, Any]) -> Environment:
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
    libraries = (*LIBRARIES, Library("case", tuple(functions)))
    return Environment(variables, libraries=libraries, container=case.get("container", ""))


def _unbound(*args: Any) -> Any:
    raise EvaluationError("unbound function")


LIBRARIES: tuple[Library, ...] = (OPTIONALS, TWO_VARIABLES, BINDINGS, STRINGS)


def same(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and math.isnan(wanted):
        return isinstance(got, float) and math.isnan(got)
    return type(got) is type(wanted) and equals(got, wanted)


@pytest.mark.parametrize("case", list(_applicable()))
def test_conformance(case: dict[str, Any]) -> None:
    environment = environment_of(case)
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

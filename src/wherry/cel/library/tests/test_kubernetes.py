"""What rules of Kubernetes may use, expression by expression: `data/expressions.yaml`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from wherry.cel.environment import Environment
from wherry.cel.errors import CompileError, EvaluationError
from wherry.cel.library.kubernetes import KUBERNETES, instantiation_fault
from wherry.cel.library.strings import STRINGS_REVERSE
from wherry.cel.types import STRING

CASES: Mapping[str, Mapping[str, Mapping[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "data/expressions.yaml").read_text()
)
LOOSE = Environment({}, libraries=(*KUBERNETES, STRINGS_REVERSE))
STRICT = Environment({}, libraries=KUBERNETES, is_homogeneous=True, is_strict=True)


def _cases(key: str) -> list[Any]:
    return [
        pytest.param(text, expected, id=f"{library}: {text}")
        for library, tables in CASES.items()
        for text, expected in tables.get(key, {}).items()
    ]


@pytest.mark.parametrize(("text", "value"), _cases("values"))
def test_values(text: str, value: Any) -> None:
    found = LOOSE.compile(text)({})
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(("text", "message"), _cases("errors"))
def test_errors(text: str, message: str) -> None:
    with pytest.raises(EvaluationError) as error:
        LOOSE.compile(text)({})
    assert str(error.value) == message


@pytest.mark.parametrize(("text", "message"), _cases("compile"))
def test_what_does_not_compile(text: str, message: str) -> None:
    with pytest.raises(CompileError) as error:
        STRICT.compile(text)
    assert error.value.issues[0].message == message


def test_every_overload_has_its_own_id() -> None:
    ids = [overload.id for library in KUBERNETES for function in library.functions for overload in function.overloads]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("int('1') == 1", None),
        ("true || int('x') == 1", "type conversion error from 'string' to 'int'"),
        ("'a'.find('(') == ''", "error parsing regexp: missing closing ): `(`"),
        ("'a'.find('a' + '(') == ''", None),
    ],
)
def test_what_has_no_program(text: str, fault: str | None) -> None:
    message = instantiation_fault(STRICT.check(text))
    assert message == fault or (fault is not None and message is not None and message.startswith(fault))


LARGE = ("9" * 100_000, "a" * 100_000, "a." * 50_000, ":" * 100_000, "/?" + "a&" * 50_000, "1e" + "9" * 100_000)
HEAVY = (
    *("isQuantity(s)", "isSemver(s, true)", "isIP(s)", "isCIDR(s)", "isURL(s)", "s.split('').size()", "s.trim()"),
    *("s.find('(a+)+$')", "s.findAll('a').size()", "s.matches('^(a|aa)+$')", "'%s'.format([[s]])", "strings.quote(s)"),
    *("format.qualifiedName().validate(s)", "format.uri().validate(s)", "format.datetime().validate(s)"),
    *("quantity(s).asApproximateFloat()", "url(s).getQuery().size()", "semver('1.0.0-' + s).major()"),
)


@pytest.mark.parametrize("text", HEAVY)
def test_large_texts_take_little_time(text: str) -> None:
    program = Environment({"s": STRING}, libraries=KUBERNETES).compile(text)
    for value in LARGE:
        started = time.process_time()
        with suppress(EvaluationError):
            program({"s": value})
        assert time.process_time() - started < 1

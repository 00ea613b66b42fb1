"""Which types fit which."""

from __future__ import annotations

import pytest

from wherry.cel.types import (
    BOOL,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    UINT,
    ListType,
    MapType,
    ObjectType,
    OpaqueType,
    OptionalType,
    Type,
    TypeParam,
    TypeType,
)
from wherry.cel.unify import fits, most_general, substitute

A, B = TypeParam("A"), TypeParam("B")
OBJECT = ObjectType("object", {})


@pytest.mark.parametrize(
    ("given", "wanted", "does"),
    [
        (INT, INT, True),
        (INT, UINT, False),
        (STRING.sized(3), STRING, True),
        (DYN, INT, True),
        (INT, DYN, True),
        (ListType(INT), ListType(STRING), False),
        (ListType(DYN), ListType(STRING), True),
        (NULL, OBJECT, True),
        (NULL, DURATION, True),
        (NULL, OptionalType(INT), True),
        (NULL, STRING, False),
        (NULL, ListType(INT), False),
        (OpaqueType("a"), OpaqueType("b"), False),
        (OpaqueType("a", (INT,)), OpaqueType("a", (DYN,)), True),
        (TypeType(INT), TypeType(STRING), True),
        (OBJECT, ObjectType("other", {}), False),
    ],
    ids=str,
)
def test_fitting(given: Type, wanted: Type, does: bool) -> None:
    assert (fits({}, (given,), (wanted,)) is not None) is does


def test_parameters_are_bound_once() -> None:
    assert fits({}, (INT, INT), (A, A)) == {"A": INT}
    assert fits({}, (INT, STRING), (A, A)) is None
    assert fits({}, (INT, STRING), (A, B)) == {"A": INT, "B": STRING}
    assert fits({"A": INT}, (STRING,), (A,)) is None


def test_the_more_general_binding_wins() -> None:
    assert fits({}, (ListType(INT), ListType(DYN)), (A, A)) == {"A": ListType(DYN)}
    assert most_general(MapType(STRING, INT), MapType(STRING, DYN)) == MapType(STRING, DYN)


def test_a_parameter_is_not_part_of_itself() -> None:
    assert fits({}, (ListType(A),), (A,)) is None
    assert fits({"B": ListType(A)}, (B,), (A,)) is None


def test_failing_leaves_no_trace() -> None:
    bindings: dict[str, Type] = {}
    assert fits(bindings, (INT, BOOL), (A, INT)) is None
    assert bindings == {}


def test_substitution() -> None:
    bindings = {"A": ListType(B), "B": INT}
    assert substitute(bindings, MapType(STRING, A)) == MapType(STRING, ListType(INT))
    assert substitute({}, ListType(A)) == ListType(A)
    assert substitute({}, ListType(A), to_dyn=True) == ListType(DYN)
    hinted = ListType(A, identity=("name",), max_size=3)
    kept = substitute(bindings, hinted)
    assert isinstance(kept, ListType)
    assert (kept.identity, kept.max_size) == (("name",), 3)

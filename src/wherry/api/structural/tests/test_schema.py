"""Cases in `cases/*.yaml`: what becomes of an object under a schema, and what is wrong with it.

Each file holds a list. A case has a `name`, a `schema` (or `fields`, the properties of an object's `spec`), an `object`
(or `spec`), and one or more of

- `unknown`: the paths that pruning reports; `decode_faults`: what it could not read
- `becomes`: the object (or spec) after pruning and defaulting
- `faults`: what validation says of it, in any order; with `old` (or `old_spec`), of the change from that object
- `forgiven`: what the writer of a change is told of rules that what did not change does not follow
- `status_faults`: what it says of a write through `status`, likewise
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from wherry.api import Obj
from wherry.api.structural.schema import StructuralSchema

CASES = Path(__file__).parent / "cases"


class Loader(yaml.SafeLoader):
    """YAML without dates: times stay text, as in JSON."""


Loader.yaml_implicit_resolvers = {
    sign: [entry for entry in entries if entry[0] != "tag:yaml.org,2002:timestamp"]
    for sign, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _cases(section: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}: {case['name']}")
        for file in sorted(CASES.glob("*.yaml"))
        for case in yaml.load(file.read_text(), Loader=Loader)
        if section in case
    ]


def _schema(case: Obj) -> StructuralSchema:
    if "schema" not in case:
        spec = {"type": "object", "properties": case["fields"]}
        return StructuralSchema.of({"type": "object", "properties": {"spec": spec}})
    return StructuralSchema.of(case["schema"])


def _object(case: Obj, prefix: str = "") -> Obj:
    given = case[prefix + "object"] if prefix + "object" in case else {"spec": case[prefix + "spec"]}
    obj: Obj = json.loads(json.dumps(given))
    return {"apiVersion": "example.com/v1", "kind": "Example", "metadata": {"name": "x"}, **obj}


def _old(case: Obj) -> Obj:
    return _object({"old_object": case["old"]} if "old" in case else case, "old_")


def _expected(case: Obj) -> Obj:
    given = case["becomes"] if "object" in case else {"spec": case["becomes"]}
    return {"apiVersion": "example.com/v1", "kind": "Example", "metadata": {"name": "x"}, **given}


@pytest.mark.parametrize("case", _cases("unknown"))
def test_unknown_fields(case: Obj) -> None:
    _, unknown = _schema(case).prune(_object(case))
    assert unknown == case["unknown"]


@pytest.mark.parametrize("case", _cases("decode_faults"))
def test_decode_faults(case: Obj) -> None:
    faults, _ = _schema(case).prune(_object(case))
    assert [fault.detail for fault in faults] == case["decode_faults"]


@pytest.mark.parametrize("case", _cases("becomes"))
def test_taken_in(case: Obj) -> None:
    schema, obj = _schema(case), _object(case)
    schema.prune(obj)
    schema.default(obj)
    assert obj == _expected(case)


@pytest.mark.parametrize("case", _cases("faults"))
def test_faults(case: Obj) -> None:
    schema, obj = _schema(case), _object(case)
    is_update = "old" in case or "old_spec" in case
    faults = schema.validate_update(obj, _old(case)) if is_update else schema.validate(obj)
    assert sorted(map(str, faults)) == sorted(case["faults"])


@pytest.mark.parametrize("case", _cases("status_faults"))
def test_status_faults(case: Obj) -> None:
    faults = _schema(case).validate_status_update(_object(case), _old(case))
    assert sorted(map(str, faults)) == sorted(case["status_faults"])


@pytest.mark.parametrize("case", _cases("forgiven"))
def test_forgiven(case: Obj) -> None:
    assert _schema(case).update_warnings(_object(case), _old(case)) == case["forgiven"]


def test_what_is_nested_too_deeply_is_refused() -> None:
    shape: Obj = {"type": "object"}
    for _ in range(150):
        shape = {"type": "object", "properties": {"a": shape}, "anyOf": [{"minProperties": 0}]}
    schema = StructuralSchema.of(shape)
    for depth in (100, 300, 600, 5000):
        obj: Obj = {}
        for _ in range(depth):
            obj = {"a": obj, "b": [obj] if depth == 300 else 1}
        faults, _ = schema.prune(obj)
        schema.default(obj)
        assert faults or len(schema.validate(obj)) <= 1


def test_schemas_that_say_the_same_are_one() -> None:
    first, second = (
        StructuralSchema.of({"type": "object", "title": "a"}),
        StructuralSchema.of({"title": "a", "type": "object"}),
    )
    assert first is second
    assert first is not StructuralSchema.of({"type": "object"})

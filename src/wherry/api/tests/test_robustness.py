"""Objects with holes: whatever a client leaves out or leaves empty, it gets an answer and never breaks the server.

Each object of the cases is mutilated in every place, one at a time, and sent through everything that looks at it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from wherry.api import Obj
from wherry.api.meta import objectmeta
from wherry.api.registry import Registry
from wherry.api.schema import DecodeError
from wherry.api.tests.test_cases import CASES, Loader
from wherry.lib.clock import parse_time

Steps = tuple[str | int, ...]


def _objects() -> list[Any]:
    found = []
    for file in sorted(CASES.glob("*.yaml")):
        for case in yaml.load(file.read_text(), Loader=Loader):
            found.append(pytest.param(case["object"], id=f"{file.stem}: {case['name']}"))
    return found


def _places(part: Any, steps: Steps = ()) -> Iterator[Steps]:
    items: Any = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in items:
        if steps or key not in ("apiVersion", "kind", "metadata"):
            yield (*steps, key)
            yield from _places(value, (*steps, key))


def _mutilated(obj: Obj) -> Iterator[Obj]:
    for steps in _places(obj):
        for emptied in (True, False):
            copy = json.loads(json.dumps(obj))
            parent = copy
            for step in steps[:-1]:
                parent = parent[step]
            last: Any = steps[-1]
            if emptied:
                parent[last] = type(parent[last])() if parent[last] is not None else None
            else:
                del parent[last]
            yield copy


@pytest.mark.parametrize("obj", _objects())
def test_nothing_breaks(obj: Obj) -> None:
    now = parse_time("2026-01-01T00:00:00Z")
    for wounded in _mutilated(obj):
        _look_at(wounded, obj, now)


def _look_at(wounded: Obj, whole: Obj, now: float) -> None:
    resource = Registry().by_kind(wounded["apiVersion"], wounded["kind"])
    assert resource is not None
    old = json.loads(json.dumps(whole))
    for each in (wounded, old):
        each["metadata"].setdefault("uid", "u")
        faults, _ = resource.schema.prune(each)
        if any(isinstance(fault, DecodeError) for fault in faults):
            return
        resource.defaults(each)
    if resource.to_storage and resource.from_storage:
        resource.from_storage(resource.to_storage(wounded))
    resource.prepare_create(wounded)
    for fault in [*objectmeta.validate_create(resource, wounded), *resource.validate(wounded)]:
        assert str(fault)
    list(resource.warnings(wounded, None))
    resource.prepare_create(old)
    resource.prepare_update(wounded, old)
    list(resource.validate_update(wounded, old))
    list(resource.warnings(wounded, old))
    resource.prepare_status_update(wounded, old)
    list(resource.validate_status_update(wounded, old))
    for column in resource.columns:
        assert callable(column.value)
        column.value(wounded, now)

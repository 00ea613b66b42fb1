"""Cases in `cases/*.yaml`: what becomes of an object, and what is wrong with it.

Each file holds a list. A case has a `name`, an `object` (apiVersion and kind included), and one or more of

- `becomes`: the object after its schema, its defaults and its preparation for being created; only the parts named
- `faults`: what validation says of it, each as the text of one cause (with `old`: of the change from that object)
- `status_faults`: the same for a write through `status`
- `warnings`: what the writer is told
- `cells`: what `kubectl get -o wide` shows at `now`, column by column
- `rules`: single changes of the object and what validation says of each. A rule has `faults` and one of
  `create` (the object is new), `update` (it was the case's object before) and `status` (a write through `status`),
  which map places (`spec.rules[0].host`) to values, ABSENT for none; `was` changes the object before that.
  A long value in a fault may be written as `{...}`
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from wherry.api import Obj
from wherry.api.field import FieldError
from wherry.api.meta import objectmeta
from wherry.api.registry import Registry
from wherry.api.resource import Resource, lookup
from wherry.lib.clock import parse_time

CASES = Path(__file__).parent / "cases"
NOW = "2026-01-01T12:00:00Z"


def _cases(section: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}: {case['name']}")
        for file in sorted(CASES.glob("*.yaml"))
        for case in yaml.load(file.read_text(), Loader=Loader)
        if section in case
    ]


class Loader(yaml.SafeLoader):
    """YAML without dates: times stay text, as in JSON."""


Loader.yaml_implicit_resolvers = {
    sign: [entry for entry in entries if entry[0] != "tag:yaml.org,2002:timestamp"]
    for sign, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _resource(obj: Obj) -> Resource:
    resource = Registry().by_kind(obj["apiVersion"], obj["kind"])
    assert resource is not None
    return resource


def _taken_in(obj: Obj) -> tuple[Obj, list[FieldError]]:
    """What the pipeline makes of a client's object before it is judged."""
    obj = json.loads(json.dumps(obj))
    resource, meta = _resource(obj), obj.setdefault("metadata", {})
    if resource.stored:
        meta.setdefault("name", "x")
        if resource.is_namespaced:
            meta.setdefault("namespace", "default")
        meta.setdefault("uid", "u-1")
    faults, _ = resource.schema.prune(obj)
    resource.defaults(obj)
    return obj, list(faults)


def _texts(faults: list[FieldError]) -> list[str]:
    return [str(fault) for fault in faults]


def _assert_alike(found: list[str], wanted: list[str]) -> None:
    """Texts are the same, but for a long value that is written as `{...}`."""
    abridged = []
    for index, text in enumerate(found):
        begin, dots, end = (wanted[index] if index < len(wanted) else "").partition("{...}")
        is_long = bool(dots) and text.startswith(begin) and text.endswith(end)
        abridged.append(wanted[index] if is_long else text)
    assert abridged == wanted


def _merged(required: list[FieldError], found: list[FieldError]) -> list[FieldError]:
    paths = {fault.path for fault in found}
    return [fault for fault in required if fault.path not in paths] + found


@pytest.mark.parametrize("case", _cases("becomes"))
def test_defaults(case: Obj) -> None:
    obj, _ = _taken_in(case["object"])
    _resource(obj).prepare_create(obj)
    _assert_contains(obj, case["becomes"], "")
    again = json.loads(json.dumps(obj))
    _resource(obj).defaults(again)
    assert again == obj, "defaults of a defaulted object change nothing"


def _assert_contains(found: Any, wanted: Any, path: str) -> None:
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            if value == "ABSENT":
                assert key not in found, f"{path}.{key}"
            else:
                assert key in found, f"{path}.{key} is missing"
                _assert_contains(found[key], value, f"{path}.{key}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), f"{path}: {found}"
        for index, value in enumerate(wanted):
            _assert_contains(found[index], value, f"{path}[{index}]")
    else:
        assert found == wanted, path


@pytest.mark.parametrize("case", _cases("faults"))
def test_faults(case: Obj) -> None:
    obj, required = _taken_in(case["object"])
    resource = _resource(obj)
    if "old" not in case:
        found = _faults_of_new(resource, obj)
    else:
        old, _ = _taken_in(case["old"])
        resource.prepare_create(old)
        resource.prepare_update(obj, old)
        found = [*objectmeta.validate_update(obj, old), *resource.validate(obj), *resource.validate_update(obj, old)]
    assert _texts(_merged(required, found)) == case["faults"]


def _faults_of_new(resource: Resource, obj: Obj) -> list[FieldError]:
    resource.prepare_create(obj)
    of_metadata = objectmeta.validate_create(resource, obj) if resource.stored else ()
    return [*of_metadata, *resource.validate(obj)]


@pytest.mark.parametrize("case", _cases("status_faults"))
def test_status_faults(case: Obj) -> None:
    obj, old = _taken_in(case["object"])[0], _taken_in(case["old"])[0]
    resource = _resource(obj)
    resource.prepare_status_update(obj, old)
    assert _texts(list(resource.validate_status_update(obj, old))) == case["status_faults"]


@pytest.mark.parametrize("case", _cases("warnings"))
def test_warnings(case: Obj) -> None:
    obj, _ = _taken_in(case["object"])
    assert list(_resource(obj).warnings(obj, None)) == case["warnings"]


@pytest.mark.parametrize("case", _cases("cells"))
def test_cells(case: Obj) -> None:
    obj = json.loads(json.dumps(case["object"]))
    resource, now = _resource(obj), parse_time(NOW)
    cells = {
        column.name: column.value(obj, now) if callable(column.value) else lookup(obj, column.value)
        for column in resource.columns
    }
    assert cells == case["cells"]


def _rules() -> list[Any]:
    return [
        pytest.param(case["object"], rule, id=f"{file.stem}: {case['name']}: {' '.join(_change(rule))[:60]} {number}")
        for file in sorted(CASES.glob("*.yaml"))
        for case in yaml.load(file.read_text(), Loader=Loader)
        for number, rule in enumerate(case.get("rules", ()))
    ]


def _change(rule: Obj) -> Obj:
    change: Obj = next(rule[how] for how in ("create", "update", "status") if how in rule)
    return change


@pytest.mark.parametrize(("obj", "rule"), _rules())
def test_rules(obj: Obj, rule: Obj) -> None:
    if "create" in rule:
        new, required = _taken_in(_changed(obj, rule["create"]))
        _assert_alike(_texts(_merged(required, _faults_of_new(_resource(new), new))), rule["faults"])
        return
    old = _kept(_changed(obj, rule.get("was") or {}))
    new, required = _taken_in(_changed(old, _change(rule)))
    resource = _resource(new)
    if "status" in rule:
        resource.prepare_status_update(new, old)
        found = [*objectmeta.validate_update(new, old), *resource.validate_status_update(new, old)]
        _assert_alike(_texts(found), rule["faults"])
        return
    resource.prepare_update(new, old)
    found = [*objectmeta.validate_update(new, old), *resource.validate(new), *resource.validate_update(new, old)]
    _assert_alike(_texts(_merged(required, found)), rule["faults"])


def _kept(obj: Obj) -> Obj:
    """The object as it is stored, with the status that the case gives it."""
    obj, _ = _taken_in(obj)
    status = obj.get("status")
    _resource(obj).prepare_create(obj)
    if status is not None:
        obj["status"] = status
    return obj


def _changed(obj: Obj, change: Obj) -> Obj:
    """A copy with values put in their places."""
    copy: Obj = json.loads(json.dumps(obj))
    for place, value in change.items():
        steps: list[Any] = [int(s[1:-1]) if s[0] == "[" else s for s in re.findall(r"\[\d+\]|[^.\[\]]+", place)]
        part: Any = copy
        for step, following in pairwise(steps):
            if isinstance(part, dict):
                part = part.setdefault(step, [] if isinstance(following, int) else {})
            else:
                if step == len(part):
                    part.append({})
                part = part[step]
        if value == "ABSENT":
            del part[steps[-1]]
        elif isinstance(part, list) and steps[-1] == len(part):
            part.append(value)
        else:
            part[steps[-1]] = value
    return copy


def _shown() -> Iterator[tuple[tuple[str, str], str]]:
    """What the cases show of each kind: `valid`, `defaults`, `refused`, `changed`."""
    for file in CASES.glob("*.yaml"):
        for case in yaml.load(file.read_text(), Loader=Loader):
            kind = (case["object"]["apiVersion"], case["object"]["kind"])
            if "becomes" in case:
                yield kind, "defaults"
            creations = [rule["faults"] for rule in case.get("rules", ()) if "create" in rule]
            if "old" in case or any("update" in rule for rule in case.get("rules", ())):
                yield kind, "changed"
            if "old" not in case and "faults" in case:
                creations.append(case["faults"])
            for faults in creations:
                yield kind, "refused" if faults else "valid"


def _wanted(resource: Resource) -> Iterator[str]:
    yield "valid"
    plain = Resource(group="", version="", kind="", plural="", schema=resource.schema)
    if resource.defaults is not plain.defaults:
        yield "defaults"
    if (resource.validate, resource.validate_create) != (plain.validate, plain.validate_create):
        yield "refused"
    if resource.validate_update is not plain.validate_update:
        yield "changed"


def test_every_kind_has_cases() -> None:
    """Of each kind that can be made: one that is right and, where it has rules of its own, what they do and refuse."""
    shown: dict[tuple[str, str], set[str]] = {}
    for kind, what in _shown():
        shown.setdefault(kind, set()).add(what)
    missing = {
        f"{resource.api_version} {resource.kind}": lacking
        for resource in Registry()
        if "create" in resource.verbs
        and (lacking := set(_wanted(resource)) - shown.get((resource.api_version, resource.kind), set()))
    }
    assert missing == {}

"""Cases in `cases/*.yaml`: definitions, and what is wrong with them.

A case begins with a sound definition of one version. It may give its own `schema` (or `fields`, the properties of
`spec`), replace parts of the version by `version`, all `versions`, parts of the spec by `spec` (a null takes a part
away) and the `metadata`. With `old` it is a change from the sound definition with those parts, and the old one was
`established` unless that is false. `faults` are all that is wrong, in any order; `warnings` what the writer is told.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from wherry.api import Obj
from wherry.api.apiextensions.customresourcedefinition import CUSTOMRESOURCEDEFINITIONS as DEFINITIONS

CASES = Path(__file__).parent / "cases"


def _cases(section: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}: {case['name']}")
        for file in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(file.read_text())
        if section in case
    ]


def _definition(case: Obj) -> Obj:
    schema: Obj = {"type": "object", "properties": {"spec": {"type": "object", "properties": {}}}}
    if "fields" in case:
        schema["properties"]["spec"]["properties"] = case["fields"]
    version = {"name": "v1", "served": True, "storage": True}
    version["schema"] = {"openAPIV3Schema": case.get("schema", schema)}
    version |= case.get("version", {})
    spec = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "cats", "kind": "Cat"},
        "versions": case.get("versions", [version]),
        **case.get("spec", {}),
    }
    definition: Obj = {
        "apiVersion": DEFINITIONS.api_version,
        "kind": DEFINITIONS.kind,
        "metadata": {"name": "cats.example.com", **case.get("metadata", {})},
        "spec": {name: value for name, value in spec.items() if value is not None},
    }
    definition = json.loads(json.dumps(definition))
    DEFINITIONS.schema.prune(definition)
    DEFINITIONS.defaults(definition)
    DEFINITIONS.prepare_create(definition)
    return definition


@pytest.mark.parametrize("case", _cases("faults"))
def test_faults(case: Obj) -> None:
    new = _definition(case)
    if "old" in case:
        old = _definition(case["old"])
        old["status"] = {**old["status"], **case["old"].get("status", {})}
        if case["old"].get("established", True):
            old["status"]["conditions"] = [{"type": "Established", "status": "True"}]
        new["status"] = old["status"]
        DEFINITIONS.prepare_update(new, old)
        faults = DEFINITIONS.validate_update(new, old)
    else:
        faults = DEFINITIONS.validate_create(new)
    assert sorted(map(str, faults)) == sorted(case["faults"])


@pytest.mark.parametrize("case", _cases("warnings"))
def test_warnings(case: Obj) -> None:
    old = _definition(case["old"]) if "old" in case else None
    assert list(DEFINITIONS.warnings(_definition(case), old)) == case["warnings"]


def test_a_new_definition_has_accepted_nothing_yet() -> None:
    status = _definition({})["status"]
    assert status == {"conditions": [], "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": ["v1"]}


def test_too_deep() -> None:
    schema: Obj = {"type": "object"}
    for _ in range(3000):
        schema = {"type": "object", "properties": {"a": schema}}
    definition = _definition({})
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema
    assert [str(fault) for fault in DEFINITIONS.validate_create(definition)] == [
        "spec.versions: Invalid value: exceeded max depth"
    ]

"""Custom kinds in the OpenAPI documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.registry import BUILTIN
from wherry.api.resource import Lifetime, Resource
from wherry.apiserver.extensions.kinds import kinds
from wherry.apiserver.extensions.tests.custom import definition, version
from wherry.apiserver.openapi.documents import OpenAPI

NAME = "com.example.shop.v1.Widget"
LIST = "com.example.shop.v1.WidgetList"
PATH = "/apis/shop.example.com/v1/namespaces/{namespace}/widgets"


def resources(spec: Obj | None = None, **more: Any) -> tuple[Resource, ...]:
    """Those of an established definition whose objects have this `spec`."""
    one = version(**more)
    if spec is not None:
        one["schema"]["openAPIV3Schema"]["properties"]["spec"] = spec
    made = definition(versions=[one])
    names = {"singular": "widget", "listKind": "WidgetList", **made["spec"]["names"]}
    made["status"] = {"acceptedNames": names}
    return kinds(made, None, lambda _: Lifetime())


def v3(openapi: OpenAPI, root: str = "apis/shop.example.com/v1") -> Any:
    return json.loads(openapi.v3(root).data)


def spec_of(given: Obj, document: str) -> Any:
    """What a document says of a schema that `spec` was given."""
    openapi = OpenAPI(resources(given))
    if document == "v3":
        return v3(openapi)["components"]["schemas"][NAME]["properties"]["spec"]
    return json.loads(openapi.v2().data)["definitions"][NAME]["properties"]["spec"]


def test_a_custom_kind_is_published_with_its_schema_and_its_list() -> None:
    openapi = OpenAPI(
        [*BUILTIN, *resources(subresources={"status": {}}, selectableFields=[{"jsonPath": ".spec.color"}])]
    )
    document = v3(openapi)
    schema = document["components"]["schemas"][NAME]
    assert schema["x-kubernetes-group-version-kind"] == [
        {"group": "shop.example.com", "kind": "Widget", "version": "v1"}
    ]
    assert schema["x-kubernetes-selectable-fields"] == [{"fieldPath": "spec.color"}]
    assert schema["properties"]["metadata"]["$ref"].endswith("meta.v1.ObjectMeta")
    assert schema["properties"]["kind"]["type"] == "string"
    assert schema["properties"]["spec"]["properties"]["size"] == {"type": "integer", "minimum": 1}
    listed = document["components"]["schemas"][LIST]
    assert listed["properties"]["items"]["items"] == {"$ref": f"#/components/schemas/{NAME}"}
    assert listed["description"] == "WidgetList is a list of Widget"
    answer = document["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["$ref"].endswith(LIST)
    patch = document["paths"][PATH + "/{name}"]["patch"]
    assert "application/strategic-merge-patch+json" not in patch["requestBody"]["content"]
    assert PATH + "/{name}/status" in document["paths"]
    v2 = json.loads(openapi.v2().data)
    assert v2["definitions"][NAME]["properties"]["metadata"]["$ref"] == (
        "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    )


CASES: list[tuple[str, Obj, Obj, Obj]] = [
    (
        "an integer or a string",
        {"x-kubernetes-int-or-string": True},
        {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        {"x-kubernetes-int-or-string": True},
    ),
    (
        "an integer or a string of some form",
        {"x-kubernetes-int-or-string": True, "anyOf": [{"minimum": 1}, {"maxLength": 3}]},
        {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"minimum": 1}, {"maxLength": 3}],
            "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}],
        },
        {"x-kubernetes-int-or-string": True},
    ),
    (
        "null",
        {"type": "object", "nullable": True, "properties": {"a": {"type": "string"}}},
        {"type": "object", "nullable": True, "properties": {"a": {"type": "string"}}},
        {},
    ),
    (
        "a required field that may be null",
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "nullable": True}}},
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "nullable": True}}},
        {"type": "object", "properties": {"a": {}}},
    ),
    (
        "unknown fields",
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"a": {"type": "string"}}},
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"a": {"type": "string"}}},
        {"x-kubernetes-preserve-unknown-fields": True},
    ),
    (
        "a list of what may be null",
        {"type": "array", "items": {"type": "string", "nullable": True}},
        {"type": "array", "items": {"type": "string", "nullable": True}},
        {"type": "array", "items": {}},
    ),
    (
        "falsehood and zero",
        {"type": "integer", "default": 0, "minimum": 0, "exclusiveMinimum": False, "nullable": False},
        {"type": "integer", "default": 0, "minimum": 0},
        {"type": "integer", "default": 0, "minimum": 0},
    ),
    (
        "a default that is false",
        {"type": "boolean", "default": False},
        {"type": "boolean", "default": False},
        {"type": "boolean", "default": False},
    ),
]


@pytest.mark.parametrize(("given", "third", "second"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_each_version_can_say(given: Obj, third: Obj, second: Obj) -> None:
    assert spec_of(given, "v3") == third
    assert spec_of(given, "v2") == second


def test_an_object_inside_an_object_has_what_all_objects_have() -> None:
    given = {"type": "object", "x-kubernetes-embedded-resource": True, "required": ["kind"]}
    for document in ("v2", "v3"):
        shown = spec_of(given, document)
        assert set(shown["properties"]) == {"apiVersion", "kind", "metadata"}
        assert shown["required"] == ["kind", "apiVersion"]


def test_a_new_definition_changes_the_documents_of_its_own_group_alone() -> None:
    first = resources()
    before = OpenAPI([*BUILTIN, *first])
    again = before.updated([*BUILTIN, *first])
    assert again.v3_index() == before.v3_index()
    after = before.updated([*BUILTIN, *resources({"type": "object", "properties": {"new": {"type": "string"}}})])
    assert after.hash("apis/shop.example.com/v1") != before.hash("apis/shop.example.com/v1")
    assert after.hash("apis/apps/v1") == before.hash("apis/apps/v1")
    assert after.v3("apis/apps/v1").data is before.v3("apis/apps/v1").data
    assert again.v3("apis/shop.example.com/v1").data is before.v3("apis/shop.example.com/v1").data
    assert after.v2().etag != before.v2().etag
    assert "new" in v3(after)["components"]["schemas"][NAME]["properties"]["spec"]["properties"]


def test_what_is_described_alike_has_one_hash() -> None:
    """So that servers beside each other, and one after a restart, tell the same."""
    assert OpenAPI(resources()).hash("apis/shop.example.com/v1") == OpenAPI(resources()).hash(
        "apis/shop.example.com/v1"
    )

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from wherry.api.errors import NotFound
from wherry.api.registry import BUILTIN
from wherry.apiserver.openapi.documents import PROTOBUF_V2, OpenAPI

OPENAPI = OpenAPI(BUILTIN)


def v3(group_version: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(OPENAPI.v3(group_version).data)
    return document


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(item) for item in value.values()))
    return set().union(*(references(item) for item in value)) if isinstance(value, list) else set()


def test_the_index_leads_to_every_document() -> None:
    index = json.loads(OPENAPI.v3_index().data)["paths"]
    assert {"api/v1", "apis/apps/v1", "apis/rbac.authorization.k8s.io/v1"} <= set(index)
    for root, entry in index.items():
        url = entry["serverRelativeURL"]
        assert re.fullmatch(rf"/openapi/v3/{re.escape(root)}\?hash=[0-9A-F]{{128}}", url)
        assert url.endswith(OPENAPI.hash(root))
        assert OPENAPI.v3(root).etag == f'"{OPENAPI.hash(root)}"'


def test_every_reference_of_every_document_resolves() -> None:
    for root in json.loads(OPENAPI.v3_index().data)["paths"]:
        document = v3(root)
        known = {"#/components/schemas/" + name for name in document["components"]["schemas"]}
        assert references(document) <= known, root
    v2 = json.loads(OPENAPI.v2().data)
    assert references(v2) <= {"#/definitions/" + name for name in v2["definitions"]}


def test_what_kubectl_looks_for_in_a_patch() -> None:
    operation = v3("apis/apps/v1")["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert operation["x-kubernetes-group-version-kind"] == {"group": "apps", "kind": "Deployment", "version": "v1"}
    assert {"dryRun", "fieldManager", "fieldValidation"} <= {item["name"] for item in operation["parameters"]}
    assert operation["operationId"] == "patchAppsV1NamespacedDeployment"
    assert "application/apply-patch+yaml" in operation["requestBody"]["content"]


def test_what_kubectl_explains() -> None:
    schemas = v3("api/v1")["components"]["schemas"]
    spec = schemas["io.k8s.api.core.v1.PodSpec"]
    assert spec["required"] == ["containers"]
    containers = spec["properties"]["containers"]
    assert containers["description"].startswith("List of containers belonging to the pod.")
    assert containers["items"] == {
        "allOf": [{"$ref": "#/components/schemas/io.k8s.api.core.v1.Container"}],
        "default": {},
    }
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-list-map-keys"] == ["name"]
    assert schemas["io.k8s.apimachinery.pkg.api.resource.Quantity"]["oneOf"] == [{"type": "string"}, {"type": "number"}]
    gvk = {"group": "", "kind": "Pod", "version": "v1"}
    assert schemas["io.k8s.api.core.v1.Pod"]["x-kubernetes-group-version-kind"] == [gvk]


def test_operation_ids_are_unique() -> None:
    for root in json.loads(OPENAPI.v3_index().data)["paths"]:
        ids = [
            operation["operationId"]
            for item in v3(root)["paths"].values()
            for operation in item.values()
            if isinstance(operation, dict)
        ]
        assert len(ids) == len(set(ids))


def test_a_document_that_is_not_there() -> None:
    with pytest.raises(NotFound):
        OPENAPI.v3("apis/bogus/v1")
    assert OPENAPI.hash("apis/bogus/v1") == ""


def test_v2_comes_in_the_form_that_is_asked_for() -> None:
    assert OPENAPI.v2("application/json").content_type == "application/json"
    document = OPENAPI.v2("application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
    assert document.content_type == PROTOBUF_V2
    assert document.data.startswith(b"\x0a\x032.0")


def test_generated_clients_learn_that_they_may_send_a_token() -> None:
    whole = json.loads(OPENAPI.v2().data)
    assert whole["security"] == [{"BearerToken": []}]
    assert whole["securityDefinitions"] == v3("apis/apps/v1")["components"]["securitySchemes"]
    assert whole["securityDefinitions"]["BearerToken"]["in"] == "header"


def test_the_hash_follows_the_resources() -> None:
    assert OpenAPI(BUILTIN).hash("api/v1") == OPENAPI.hash("api/v1")
    assert OpenAPI(BUILTIN[1:]).hash("api/v1") != OPENAPI.hash("api/v1")

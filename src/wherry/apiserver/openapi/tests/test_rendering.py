from __future__ import annotations

from typing import Any

from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.resource import GroupVersionKind
from wherry.apiserver.openapi.operations import operations
from wherry.apiserver.openapi.rendering import paths
from wherry.apiserver.openapi.schemas import Schemas, Version

ITEM = "/api/v1/namespaces/{namespace}/configmaps/{name}"


def rendered(version: Version) -> dict[str, Any]:
    def name_of(kind: GroupVersionKind) -> str:
        return "x." + kind.kind

    return paths(operations(CONFIGMAPS), Schemas(version), version, name_of)[ITEM]  # type: ignore[no-any-return]


def test_v2() -> None:
    put = rendered(Version.V2)["put"]
    assert put["parameters"][0] == {
        "in": "body",
        "name": "body",
        "required": True,
        "schema": {"$ref": "#/definitions/x.ConfigMap"},
    }
    assert put["responses"]["201"] == {"description": "Created", "schema": {"$ref": "#/definitions/x.ConfigMap"}}
    assert [parameter["name"] for parameter in rendered(Version.V2)["parameters"]] == ["namespace", "name"]


def test_v3() -> None:
    item = rendered(Version.V3)
    assert item["put"]["requestBody"]["content"] == {"*/*": {"schema": {"$ref": "#/components/schemas/x.ConfigMap"}}}
    assert "application/strategic-merge-patch+json" in item["patch"]["requestBody"]["content"]
    assert item["delete"]["requestBody"]["content"]["*/*"]["schema"] == {"$ref": "#/components/schemas/x.DeleteOptions"}
    assert "required" not in item["delete"]["requestBody"]
    assert set(item["get"]["responses"]) == {"200", "401"}
    assert item["parameters"][0]["schema"] == {"type": "string", "uniqueItems": True}

from __future__ import annotations

import pytest

from wherry.api.schema.shapes import struct
from wherry.apiserver.openapi.schemas import META, Schemas, Version


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (Version.V2, {"$ref": f"#/definitions/{META}ObjectMeta"}),
        (Version.V3, {"allOf": [{"$ref": f"#/components/schemas/{META}ObjectMeta"}]}),
    ],
)
def test_references(version: Version, expected: dict[str, object]) -> None:
    metadata = Schemas(version).schema(struct("core.v1.ConfigMap"))["properties"]["metadata"]
    assert {key: value for key, value in metadata.items() if key != "description"} == expected


def test_scalars_lists_and_maps() -> None:
    properties = Schemas(Version.V2).schema(struct("core.v1.Secret"))["properties"]
    assert properties["data"]["additionalProperties"] == {"type": "string", "format": "byte"}
    finalizers = Schemas(Version.V2).schema(struct("meta.v1.ObjectMeta"))["properties"]["finalizers"]
    assert (finalizers["type"], finalizers["items"]) == ("array", {"type": "string"})
    assert (finalizers["x-kubernetes-list-type"], finalizers["x-kubernetes-patch-strategy"]) == ("set", "merge")


def test_everything_reachable_comes_along() -> None:
    found = Schemas(Version.V3).reachable(["core.v1.ConfigMap"])
    assert list(found) == sorted(found)
    assert set(found) == {
        "io.k8s.api.core.v1.ConfigMap",
        *(META + name for name in ("FieldsV1", "ManagedFieldsEntry", "ObjectMeta", "OwnerReference", "Time")),
    }


def test_version_3_says_what_go_takes_a_missing_value_for() -> None:
    version_3 = Schemas(Version.V3)
    container = version_3.schema(struct("core.v1.Container"))["properties"]
    assert container["name"]["default"] == ""
    assert "default" not in container["image"]
    assert container["args"]["items"] == {"default": "", "type": "string"}
    port = version_3.schema(struct("core.v1.ContainerPort"))["properties"]["containerPort"]
    assert port["default"] == 0
    assert "default" not in Schemas(Version.V2).schema(struct("core.v1.Container"))["properties"]["name"]

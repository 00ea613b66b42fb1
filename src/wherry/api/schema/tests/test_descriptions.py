"""The texts of types, unpacked section by section."""

from __future__ import annotations

import pytest

from wherry.api.schema.descriptions import Descriptions
from wherry.api.schema.shapes import names, struct


@pytest.mark.parametrize(
    ("name", "text", "field"),
    [
        ("core.v1.Pod", "Pod is a collection of containers", "spec"),
        ("meta.v1.ObjectMeta", "ObjectMeta is metadata that all persisted resources must have", "labels"),
        ("version.Info", "Info contains versioning information", "major"),
        ("storagemigration.v1beta1.StorageVersionMigration", "StorageVersionMigration represents", "spec"),
    ],
)
def test_texts_of_a_type_and_its_fields(name: str, text: str, field: str) -> None:
    own, fields = Descriptions().of(name)
    assert own.startswith(text)
    assert fields[field]


def test_texts_of_letters() -> None:
    own, fields = Descriptions().of("f")
    assert own.startswith("FieldsV1 stores a set of fields")
    assert fields == {}


@pytest.mark.parametrize("name", ["core.v1.Nothing", "nowhere.v1.Pod", "Z", ""])
def test_what_has_no_texts(name: str) -> None:
    assert Descriptions().of(name) == ("", {})


def test_texts_are_of_fields_that_there_are() -> None:
    descriptions = Descriptions()
    unknown = [name for name in names() if not set(descriptions.of(name)[1]) <= set(struct(name).fields)]
    assert unknown == []

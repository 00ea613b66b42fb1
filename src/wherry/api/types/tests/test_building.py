from __future__ import annotations

import importlib
from collections import Counter

import msgspec
import pytest

from wherry.api.schema.shapes import names, struct
from wherry.api.types import apiextensions_v1, apps_v1, core_v1, meta_v1
from wherry.api.types.building import view
from wherry.api.types.decoding import decode
from wherry.api.types.fields import is_viewed, module_name, view_fields

VIEWED = [name for name in names() if is_viewed(name)]


def test_every_type_has_a_view() -> None:
    for name in VIEWED:
        cls = view(name)
        module = importlib.import_module(cls.__module__)
        assert getattr(module, cls.__name__) is cls
        assert module.__name__.endswith(module_name(name))
        assert isinstance(msgspec.convert({}, cls), cls)


def test_attribute_names_are_unique() -> None:
    for name in VIEWED:
        counts = Counter(field.name for field in view_fields(struct(name)))
        assert max(counts.values(), default=1) == 1, name


def test_a_module_names_its_types() -> None:
    assert {"Deployment", "ReplicaSetSpec"} <= set(dir(apps_v1))
    with pytest.raises(AttributeError, match="has no attribute 'Bogus'"):
        apps_v1.Bogus  # type: ignore[attr-defined]  # noqa: B018


def test_missing_fields() -> None:
    pod = decode(core_v1.Pod, b'{"metadata":{"name":"p","bogus":1}}')
    assert pod.metadata.name == "p"
    assert pod.metadata.namespace == ""
    assert pod.metadata.labels == {}
    assert pod.spec.containers == ()
    assert pod.spec.affinity is None
    assert pod.spec.node_name is None
    assert pod.status.start_time is None


def test_recursive_types() -> None:
    props = decode(apiextensions_v1.JSONSchemaProps, b'{"properties":{"a":{"properties":{"b":{"type":"string"}}}}}')
    assert props.properties["a"].properties["b"].type == "string"


def test_views_are_frozen() -> None:
    with pytest.raises(AttributeError):
        meta_v1.ObjectMeta(name="a").name = "b"  # type: ignore[misc]

"""The list of built-in kinds against upstream's table, and what a registry answers."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

from wherry.api.registry import BUILTIN, SUBRESOURCE_BODIES, Registry, version_rank
from wherry.api.resource import Resource, Scope
from wherry.api.schema import schema

TABLE: list[dict[str, Any]] = json.loads(files("wherry.api.data").joinpath("resources.json").read_text())
GA = [entry for entry in TABLE if "alpha" not in entry["version"] and "beta" not in entry["version"]]
STREAMING = {"attach", "exec", "portforward", "proxy"}
"""Subresources that OpenAPI knows as connections, so that the table does not list them."""


def _path(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["group"], entry["version"], entry["plural"]


@pytest.mark.parametrize("entry", GA, ids=lambda entry: "/".join(_path(entry)))
def test_every_ga_kind_is_registered_as_upstream_serves_it(entry: dict[str, Any]) -> None:
    resource = Registry().get(*_path(entry))
    assert resource is not None
    assert resource.kind == entry["kind"]
    assert resource.is_namespaced is entry["namespaced"]
    # Discovery does not offer to watch what is made up on demand, whatever OpenAPI says.
    assert sorted(resource.verbs) == [
        v for v in entry["verbs"] if resource.plural != "componentstatuses" or v != "watch"
    ]
    wanted = {sub["name"]: sorted(sub["verbs"]) for sub in entry["subresources"] if sub["name"] not in STREAMING}
    ours = {sub.name: sorted(sub.verbs) for sub in resource.subresources if sub.name not in STREAMING}
    assert ours == wanted
    for sub in entry["subresources"]:
        own = resource.subresource(sub["name"])
        if own is not None and own.kind is not None:
            assert (own.kind.group, own.kind.version, own.kind.kind) == (sub["group"], sub["version"], sub["kind"])


def test_nothing_else_is_registered() -> None:
    known = {_path(entry) for entry in GA}
    assert {(r.group, r.version, r.plural) for r in BUILTIN} == known


@pytest.mark.parametrize("resource", [*BUILTIN, *SUBRESOURCE_BODIES], ids=repr)
def test_every_kind_has_a_schema_and_bears_a_bare_object(resource: Resource) -> None:
    """A client may leave out everything: that is refused, but nothing breaks."""
    metadata = {"name": "x", "uid": "u"}
    obj: dict[str, Any] = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    resource.schema.prune(obj)
    resource.defaults(obj)
    resource.prepare_create(obj)
    resource.validate(obj)
    resource.validate_create(obj)
    resource.warnings(obj, None)
    same = json.loads(json.dumps(obj))
    resource.prepare_update(obj, same)
    resource.prepare_status_update(obj, same)
    resource.validate_update(obj, same)
    resource.validate_status_update(obj, same)
    resource.warnings(obj, same)
    resource.begin_deletion(obj)
    resource.is_held(obj)
    if resource.grace_seconds is not None:
        assert resource.grace_seconds(obj, None) == 0
    for column in resource.columns:
        assert callable(column.value)
        column.value(obj, 0.0)
    for getter in resource.fields.values():
        assert isinstance(getter(obj), str)


def test_short_names_are_unique_within_a_group() -> None:
    seen: dict[tuple[str, str], str] = {}
    for resource in BUILTIN:
        for name in resource.short_names:
            assert seen.setdefault((resource.group, name), resource.plural) == resource.plural


def test_the_category_all() -> None:
    assert {r.plural for r in BUILTIN if "all" in r.categories} == {
        "pods", "replicationcontrollers", "services", "daemonsets", "deployments", "replicasets", "statefulsets",
        "horizontalpodautoscalers", "cronjobs", "jobs",
    }  # fmt: skip


def test_look_ups() -> None:
    registry = Registry()
    pods = registry.get("", "v1", "pods")
    assert pods is registry.by_kind("v1", "Pod")
    assert registry.groups()[:3] == ("", "apiregistration.k8s.io", "apps")
    assert registry.versions("autoscaling") == ("v2", "v1")
    assert registry.versions("nobody") == ()
    autoscalers = registry.preferred("autoscaling", "horizontalpodautoscalers")
    assert autoscalers is not None
    assert autoscalers.version == "v2"
    assert [r.plural for r in registry.resources("batch", "v1")] == ["cronjobs", "jobs"]
    scale = registry.by_kind("autoscaling/v1", "Scale")
    assert scale is not None
    assert not scale.stored


def test_versions_of_one_kind_share_their_keys_and_count_once() -> None:
    registry = Registry()
    old, new = (registry.get("autoscaling", version, "horizontalpodautoscalers") for version in ("v1", "v2"))
    assert old is not None
    assert new is not None
    assert old.key("ns", "a") == new.key("ns", "a")
    stored = list(registry.stored())
    assert new in stored
    assert old not in stored
    assert not any(resource.plural == "tokenreviews" for resource in stored)


def _custom(version: str = "v1") -> Resource:
    return Resource(
        group="example.com",
        version=version,
        kind="Boat",
        plural="boats",
        scope=Scope.CLUSTER,
        schema=schema("v1", "ConfigMap"),
    )


def test_custom_kinds_come_and_go_in_one_registry_alone() -> None:
    one, other = Registry(), Registry()
    boats, older = _custom(), _custom("v1beta1")
    one.add(boats)
    one.add(older)
    assert one.get("example.com", "v1", "boats") is boats
    assert one.by_kind("example.com/v1", "Boat") is boats
    assert one.groups()[-1] == "example.com"
    assert list(one.versions("example.com")) == ["v1", "v1beta1"]
    assert boats in list(one)
    assert other.get("example.com", "v1", "boats") is None
    before = one.revision
    one.remove(boats)
    one.remove(boats)
    assert one.revision == before + 1
    assert one.get("example.com", "v1", "boats") is None
    assert one.by_kind("example.com/v1", "Boat") is None
    assert list(one.versions("example.com")) == ["v1beta1"]


def test_a_custom_kind_may_be_replaced_but_a_built_in_one_not() -> None:
    registry = Registry()
    first, second = _custom(), _custom()
    registry.add(first)
    registry.add(second)
    assert registry.get("example.com", "v1", "boats") is second
    with pytest.raises(ValueError, match="built in"):
        registry.add(BUILTIN[0])


def test_a_definition_is_replaced_at_once() -> None:
    registry = Registry()
    first, beta = _custom(), _custom("v1beta1")
    registry.replace((), (first, beta))
    before = registry.revision
    second = _custom()
    registry.replace((first, beta), (second,))
    assert registry.revision == before + 1
    assert registry.resources("example.com", "v1") == (second,)
    assert list(registry.versions("example.com")) == ["v1"]
    registry.replace((second,), ())
    assert "example.com" not in registry.groups()


def test_a_version_that_is_only_kept_is_stored_and_not_served() -> None:
    registry = Registry()
    kept = replace(_custom(), is_served=False)
    shown = replace(_custom("v2"), storage=kept)
    registry.replace((), (kept, shown))
    assert registry.get("example.com", "v1", "boats") is None
    assert registry.get("example.com", "v2", "boats") is shown
    assert [each for each in registry.stored() if each.group == "example.com"] == [kept]
    registry.replace((kept, shown), (kept,))
    assert "example.com" not in registry.groups()
    assert [each for each in registry.stored() if each.group == "example.com"] == [kept]
    registry.replace((kept,), ())
    assert [each for each in registry.stored() if each.group == "example.com"] == []


def test_custom_kinds_stand_beside_built_in_ones_of_their_group() -> None:
    registry = Registry()
    own = replace(_custom(), group="apps")
    registry.add(own)
    assert [each.plural for each in registry.resources("apps", "v1")][:2] == ["boats", "controllerrevisions"]
    assert registry.is_builtin("apps", "v1", "deployments")
    assert not registry.is_builtin("apps", "v1", "boats")


def test_an_empty_registry_is_small() -> None:
    registry = Registry()
    assert sys.getsizeof(registry) < 512


def test_version_order() -> None:
    names = ["v1alpha1", "v10", "v2beta1", "foo", "v2", "v1beta2", "v2beta2", "v1"]
    assert sorted(names, key=version_rank) == ["v10", "v2", "v1", "v2beta2", "v2beta1", "v1beta2", "v1alpha1", "foo"]

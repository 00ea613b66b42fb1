"""From a definition to a kind that is served, and back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.api.errors import Forbidden
from wherry.api.resource import Resource
from wherry.apiserver.access import ROOT
from wherry.apiserver.core import Call
from wherry.apiserver.extensions.tests.custom import (
    MERGE,
    WIDGETS,
    Shop,
    conditions,
    definition,
    shop,
    version,
    widget,
)
from wherry.apiserver.verbs.create import create
from wherry.store.memory import MemoryStore
from wherry.watchcache.item import Item

V2 = WIDGETS.replace("/v1/", "/v2/")
TWO = [version(), version("v2", storage=False)]


@pytest.fixture
async def server() -> AsyncIterator[Shop]:
    async with shop() as server:
        yield server


async def test_a_kind_is_served_once_it_is_established(server: Shop) -> None:
    assert (await server.call("GET", WIDGETS)).status == 404
    made = await server.define(definition())
    assert conditions(made) == {
        "NamesAccepted": ("True", "NoConflicts"),
        "Established": ("True", "InitialNamesAccepted"),
    }
    assert made["status"]["storedVersions"] == ["v1"]
    created = await server.post(WIDGETS, widget(size=1))
    assert created["spec"] == {"size": 1, "color": "blue"}
    assert created["metadata"]["generation"] == 1
    assert (await server.get(WIDGETS))["items"] == [created]


async def test_a_definition_is_served_in_the_moment_its_status_is_written(server: Shop) -> None:
    """Whoever waits for the condition Established finds the kind there."""
    watch = await server.watch("/apis/apiextensions.k8s.io/v1/customresourcedefinitions?watch=true")
    await server.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition())
    await server.settle()
    assert [event["type"] for event in watch.events] == ["ADDED", "MODIFIED"]
    assert (await server.call("POST", WIDGETS, widget(size=1))).status == 201


async def test_everything_is_served_again_after_a_start() -> None:
    store = MemoryStore()
    async with shop(store) as server:
        await server.define(definition())
        made = await server.post(WIDGETS, widget(size=1))
    async with shop(store) as server:
        assert await server.get(f"{WIDGETS}/a") == made


async def test_versions_are_one_kind(server: Shop) -> None:
    await server.define(definition(versions=TWO))
    made = await server.post(WIDGETS, widget(size=1))
    shown = await server.get(f"{V2}/a")
    assert shown == {**made, "apiVersion": "shop.example.com/v2"}
    await server.post(V2, widget("b", api_version="shop.example.com/v2", size=2))
    page = await server.get(WIDGETS)
    assert [(item["apiVersion"], item["metadata"]["name"]) for item in page["items"]] == [
        ("shop.example.com/v1", "a"),
        ("shop.example.com/v1", "b"),
    ]
    changed = await server.call("PATCH", f"{V2}/a", {"spec": {"size": 5}}, MERGE)
    assert (changed.body["apiVersion"], changed.body["spec"]["size"]) == ("shop.example.com/v2", 5)
    assert (await server.get(f"{WIDGETS}/a"))["spec"]["size"] == 5


async def test_what_was_kept_in_an_older_version_stays_readable(server: Shop) -> None:
    await server.define(definition(versions=TWO))
    made = await server.post(WIDGETS, widget(size=1))
    changed = await server.redefine({"spec": {"versions": [version(storage=False), version("v2")]}})
    assert changed["status"]["storedVersions"] == ["v1", "v2"]
    assert await server.get(f"{V2}/a") == {**made, "apiVersion": "shop.example.com/v2"}
    await server.redefine({"spec": {"versions": [version(storage=False, served=False), version("v2")]}})
    assert (await server.call("GET", f"{WIDGETS}/a")).status == 404
    assert (await server.get(f"{V2}/a"))["spec"] == {"size": 1, "color": "blue"}


async def test_new_defaults_and_old_fields_show_on_what_is_kept(server: Shop) -> None:
    await server.define(definition())
    await server.post(WIDGETS, widget(size=1))
    new = version()
    properties = new["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    properties["shape"] = {"type": "string", "default": "round"}
    del properties["color"]
    await server.redefine({"spec": {"versions": [new]}})
    assert (await server.get(f"{WIDGETS}/a"))["spec"] == {"size": 1, "shape": "round"}


async def test_a_watch_goes_on_when_its_kind_is_defined_anew(server: Shop) -> None:
    await server.define(definition())
    watch = await server.watch(f"{WIDGETS}?watch=true")
    await server.post(WIDGETS, widget(size=1))
    new = version()
    new["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["shape"] = {
        "type": "string",
        "default": "round",
    }
    await server.redefine({"spec": {"versions": [new]}})
    await server.post(WIDGETS, widget("b", size=2))
    await server.settle()
    assert [(e["type"], e["object"]["spec"].get("shape")) for e in watch.events] == [
        ("ADDED", None),
        ("ADDED", "round"),
    ]
    assert not watch.is_closed


async def test_watches_of_a_version_end_with_it(server: Shop) -> None:
    await server.define(definition(versions=TWO))
    first, second = await server.watch(f"{WIDGETS}?watch=true"), await server.watch(f"{V2}?watch=true")
    await server.redefine({"spec": {"versions": [version(), version("v2", storage=False, served=False)]}})
    await server.settle()
    assert (first.is_closed, second.is_closed) == (False, True)
    assert (await server.call("GET", V2)).status == 404


async def test_the_objects_go_before_their_definition(server: Shop) -> None:
    await server.define(definition())
    for name in ("a", "b"):
        await server.post(WIDGETS, widget(name, size=1))
    watch = await server.watch(f"{WIDGETS}?watch=true")
    answer = await server.remove()
    assert answer.body["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    assert conditions(answer.body)["Terminating"] == ("True", "InstanceDeletionPending")
    await server.clock.advance(1)
    await server.settle()
    assert (await server.call("GET", WIDGETS)).status == 404
    assert sorted(watch.seen) == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a"), ("DELETED", "b")]
    assert watch.is_closed
    again = await server.define(definition())
    assert conditions(again)["Established"][0] == "True"
    assert (await server.get(WIDGETS))["items"] == []


async def test_nothing_is_created_of_a_kind_on_its_way_out(server: Shop) -> None:
    await server.define(definition())
    held = widget(size=1)
    held["metadata"]["finalizers"] = ["example.com/hold"]
    await server.post(WIDGETS, held)
    await server.remove()
    refused = await server.call("POST", WIDGETS, widget("b", size=1))
    assert refused.status == 403
    assert refused.body["message"] == (
        'widgets.shop.example.com "b" is forbidden: create not allowed while custom resource definition is terminating'
    )
    listed: Any = await server.get("/apis/shop.example.com/v1")
    assert listed["resources"][0]["verbs"] == ["delete", "deletecollection", "get", "list", "watch"]
    assert conditions(await server.definition())["Terminating"] == ("True", "InstanceDeletionInProgress")
    await server.clock.advance(90)
    await server.settle()
    assert conditions(await server.definition())["Terminating"] == ("True", "InstanceDeletionCheck")
    released = await server.call("PATCH", f"{WIDGETS}/a", {"metadata": {"finalizers": None}}, MERGE)
    assert released.status == 200
    await server.clock.advance(6)
    await server.settle()
    assert (await server.call("GET", WIDGETS)).status == 404
    assert (await server.call("GET", "/apis/shop.example.com/v1")).status == 404


async def test_a_built_in_kind_cannot_be_redefined(server: Shop) -> None:
    made = await server.define(definition("deployments", "Deployment", group="apps.example.com"))
    assert conditions(made)["Established"][0] == "True"
    own = definition("leases", "Lease", group="coordination.k8s.io")
    own["metadata"]["annotations"] = {"api-approved.kubernetes.io": "unapproved, a test"}
    made = await server.define(own)
    assert conditions(made)["NamesAccepted"] == ("False", "ListKindConflict")
    assert conditions(made)["Established"] == ("False", "NotAccepted")
    leases = await server.get("/apis/coordination.k8s.io/v1/namespaces/default/leases")
    assert leases["kind"] == "LeaseList"


async def test_users_of_a_deprecated_version_are_told(server: Shop) -> None:
    beta = version("v1beta1", storage=False, deprecated=True)
    alpha = version("v1alpha1", storage=False, deprecated=True, deprecationWarning="leave this")
    await server.define(definition(versions=[version(), beta, alpha]))
    for name, warning in (
        ("v1", None),
        ("v1beta1", '299 - "shop.example.com/v1beta1 Widget is deprecated; use shop.example.com/v1 Widget"'),
        ("v1alpha1", '299 - "leave this"'),
    ):
        answer = await server.call("GET", WIDGETS.replace("/v1/", f"/{name}/"))
        assert answer.headers.get("Warning") == warning


async def test_status_and_scale(server: Shop) -> None:
    scale = {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.ready",
        "labelSelectorPath": ".status.s",
    }
    await server.define(definition(versions=[version(subresources={"status": {}, "scale": scale})]))
    made = await server.post(WIDGETS, {**widget(size=1, replicas=2), "status": {"ready": 9}})
    assert "status" not in made
    patched = await server.call(
        "PATCH", f"{WIDGETS}/a/status", {"status": {"ready": 1, "s": "a=b"}, "spec": {"size": 5}}, MERGE
    )
    assert (patched.body["spec"]["size"], patched.body["status"]["ready"]) == (1, 1)
    assert patched.body["metadata"]["generation"] == 1
    shown = await server.get(f"{WIDGETS}/a/scale")
    assert (shown["kind"], shown["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (shown["spec"], shown["status"]) == ({"replicas": 2}, {"replicas": 1, "selector": "a=b"})
    scaled = await server.call("PATCH", f"{WIDGETS}/a/scale", {"spec": {"replicas": 4}}, MERGE)
    assert scaled.body["spec"] == {"replicas": 4}
    now = await server.get(f"{WIDGETS}/a")
    assert (now["spec"]["replicas"], now["metadata"]["generation"]) == (4, 2)
    assert (await server.call("GET", f"{WIDGETS}/a/bogus")).status == 404


async def test_custom_kinds_know_head(server: Shop) -> None:
    await server.define(definition())
    await server.post(WIDGETS, widget(size=1))
    assert [(await server.call("HEAD", path)).status for path in (WIDGETS, f"{WIDGETS}/a", f"{WIDGETS}/b")] == [
        200,
        200,
        404,
    ]


async def test_a_scale_takes_a_number_of_replicas(server: Shop) -> None:
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.ready"}
    await server.define(definition(versions=[version(subresources={"status": {}, "scale": scale})]))
    await server.post(WIDGETS, widget(size=1))
    missing = await server.call("GET", f"{WIDGETS}/a/scale")
    assert (missing.status, missing.body["reason"]) == (500, "InternalError")
    assert missing.body["message"] == (
        'Internal error occurred: the spec replicas field ".spec.replicas" does not exist'
    )
    empty = await server.call("PATCH", f"{WIDGETS}/a/scale", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    assert (empty.status, empty.body["reason"]) == (400, "BadRequest")
    assert empty.body["message"] == 'the spec replicas field ".spec.replicas" cannot be empty'
    scaled = await server.call("PATCH", f"{WIDGETS}/a/scale", {"spec": {"replicas": 4}}, MERGE)
    assert (scaled.status, scaled.body["spec"]) == (200, {"replicas": 4})
    text = await server.call("PATCH", f"{WIDGETS}/a/scale", {"spec": {"replicas": "x"}}, MERGE)
    assert (text.status, text.body["details"]["causes"][0]["field"]) == (422, "patch")
    strategic = {"content-type": "application/strategic-merge-patch+json"}
    assert (await server.call("PATCH", f"{WIDGETS}/a/scale", {"spec": {}}, strategic)).status == 415
    assert (await server.get(f"{WIDGETS}/a"))["spec"]["replicas"] == 4


async def test_without_a_status_of_its_own_every_change_but_of_metadata_is_a_generation(server: Shop) -> None:
    await server.define(definition())
    await server.post(WIDGETS, {**widget(size=1), "status": {"seen": 1}})
    for patch, generation in (
        ({"status": {"seen": 2}}, 2),
        ({"metadata": {"labels": {"a": "b"}}}, 2),
        ({"spec": {"size": 2}}, 3),
    ):
        changed = await server.call("PATCH", f"{WIDGETS}/a", patch, MERGE)
        assert changed.body["metadata"]["generation"] == generation, patch


async def test_columns_and_selectable_fields(server: Shop) -> None:
    columns = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]
    one = version(additionalPrinterColumns=columns, selectableFields=[{"jsonPath": ".spec.color"}])
    await server.define(definition(versions=[one]))
    for name, color in (("a", "red"), ("b", "blue")):
        await server.post(WIDGETS, widget(name, size=1, color=color))
    watch = await server.watch(f"{WIDGETS}?watch=true&fieldSelector=spec.color%3Dred")
    found = await server.get(f"{WIDGETS}?fieldSelector=spec.color%3Dred")
    assert [item["metadata"]["name"] for item in found["items"]] == ["a"]
    await server.call("PATCH", f"{WIDGETS}/b", {"spec": {"color": "red"}}, MERGE)
    await server.call("PATCH", f"{WIDGETS}/a", {"spec": {"color": "blue"}}, MERGE)
    await server.settle()
    assert watch.seen == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]
    refused = await server.call("GET", f"{WIDGETS}?fieldSelector=spec.size%3D1")
    assert (refused.status, refused.body["message"]) == (400, "field label not supported: spec.size")
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    table = await server.get(WIDGETS, accept)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Size"]
    assert [row["cells"] for row in table["rows"]] == [["a", 1], ["b", 1]]


async def test_numbers_without_a_fraction_are_written_without_one(server: Shop) -> None:
    """As Go does: typed clients cannot read `3.0` where they want an integer."""
    new = version()
    new["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["scores"] = {
        "type": "array",
        "items": {"type": "number"},
    }
    await server.define(definition(versions=[new]))
    body = json.dumps(widget(size=0)).replace('"size": 0', '"size": 3.0, "scores": [1.0, 1.5, -2e1, 1e300]')
    assert (await server.call("POST", WIDGETS, body.encode())).status == 201
    spec = (await server.get(f"{WIDGETS}/a"))["spec"]
    assert json.dumps([spec["size"], spec["scores"]]) == "[3, [1, 1.5, -20, 1e+300]]"


async def test_custom_kinds_know_no_strategic_merge(server: Shop) -> None:
    await server.define(definition())
    await server.post(WIDGETS, widget(size=1))
    strategic = {"content-type": "application/strategic-merge-patch+json"}
    assert (await server.call("PATCH", f"{WIDGETS}/a", {"spec": {"size": 2}}, strategic)).status == 415


async def test_a_body_of_another_kind_or_version_is_refused(server: Shop) -> None:
    await server.define(definition(versions=TWO))
    answer = await server.call("POST", WIDGETS, {**widget(size=1), "kind": "Gadget"})
    assert answer.status == 422
    assert answer.body["message"] == (
        'Gadget.shop.example.com "a" is invalid: kind: Invalid value: "Gadget": must be Widget'
    )
    answer = await server.call("POST", V2, widget(size=1))
    assert answer.status == 400
    assert answer.body["message"] == (
        "the API version in the data (shop.example.com/v1) does not match the expected API version "
        "(shop.example.com/v2)"
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(
            {"metadata": {"name": "a"}},
            'Widget in version "v1" cannot be handled as a Widget: '
            """Object 'Kind' is missing in '{"metadata":{"name":"a"}}'""",
            id="no kind",
        ),
        pytest.param(
            {"kind": "Widget", "metadata": {"name": "a"}},
            'Widget in version "" cannot be handled as a Widget: /, Kind=Widget is unstructured and is not suitable '
            'for converting to "shop.example.com/v1"',
            id="no group",
        ),
        pytest.param(
            {"apiVersion": "other.example.com/v3", "kind": "Widget", "metadata": {"name": "a"}},
            'Widget in version "v3" cannot be handled as a Widget: other.example.com/v3, Kind=Widget is unstructured '
            'and is not suitable for converting to "shop.example.com/v1"',
            id="another group",
        ),
    ],
)
async def test_custom_objects_say_what_they_are(server: Shop, body: dict[str, Any], message: str) -> None:
    """Nothing is filled in for them as for kinds with types."""
    await server.define(definition())
    answer = await server.call("POST", WIDGETS, body)
    assert (answer.status, answer.body["message"]) == (400, message)


async def test_a_patch_makes_no_other_kind(server: Shop) -> None:
    await server.define(definition())
    await server.post(WIDGETS, widget(size=1))
    answer = await server.call("PATCH", f"{WIDGETS}/a", {"kind": "Gadget"}, MERGE)
    assert (answer.status, answer.body["message"]) == (
        422,
        'Gadget.shop.example.com "a" is invalid: kind: Invalid value: "Gadget": must be Widget',
    )
    answer = await server.call("PATCH", f"{WIDGETS}/a", {"kind": None}, MERGE)
    assert answer.status == 422
    assert "Object 'Kind' is missing in" in answer.body["message"]


async def test_discovery_lists_verbs_in_upstreams_order(server: Shop) -> None:
    await server.define(definition())
    (entry, *_) = (await server.get("/apis/shop.example.com/v1"))["resources"]
    assert entry["verbs"] == ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]


async def test_fields_that_cannot_be_selected_by(server: Shop) -> None:
    await server.define(definition())
    refused = await server.call("GET", f"{WIDGETS}?fieldSelector=spec.size%3D1")
    assert (refused.status, refused.body["message"]) == (400, "field label not supported: spec.size")


async def test_a_conflict_of_uids_names_the_key_as_upstream_keeps_it(server: Shop) -> None:
    await server.define(definition())
    await server.post(WIDGETS, widget(size=1))
    answer = await server.call("PATCH", f"{WIDGETS}/a", {"metadata": {"uid": "x"}}, MERGE)
    assert answer.status == 409
    assert "Key: /registry/shop.example.com/widgets/default/a, ResourceVersion: 0, " in answer.body["message"]


async def test_unknown_fields_as_the_client_wants_them(server: Shop) -> None:
    await server.define(definition())
    body = widget(size=1, bogus=True)
    strict = await server.call("POST", f"{WIDGETS}?fieldValidation=Strict", body)
    assert strict.status == 400
    assert 'unknown field "spec.bogus"' in strict.body["message"]
    warned = await server.call("POST", f"{WIDGETS}?fieldValidation=Warn", body)
    assert warned.headers["Warning"] == '299 - "unknown field \\"spec.bogus\\""'
    assert warned.body["spec"] == {"size": 1, "color": "blue"}


async def test_an_update_without_change_moves_an_object_to_the_storage_version(server: Shop) -> None:
    """How objects are migrated, once: what is kept as it should be is not written again."""
    await server.define(definition(versions=TWO))
    made = await server.post(WIDGETS, widget(size=1))
    same = await server.call("PUT", f"{WIDGETS}/a", made)
    assert same.body["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    await server.redefine({"spec": {"versions": [version(storage=False), version("v2")]}})
    moved = await server.call("PUT", f"{WIDGETS}/a", made)
    assert moved.body["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
    assert moved.body["spec"] == made["spec"]
    again = await server.call("PUT", f"{WIDGETS}/a", moved.body)
    assert again.body["metadata"]["resourceVersion"] == moved.body["metadata"]["resourceVersion"]
    kept = _kept(server, "v2")[1]
    assert kept.decode()["apiVersion"] == "shop.example.com/v2"


async def test_an_object_on_its_way_in_does_not_outlive_its_definition(server: Shop) -> None:
    """One that was admitted before the definition was deleted, and would be stored after its objects are."""
    await server.define(definition())
    resource = server.api.core.registry.get("shop.example.com", "v1", "widgets")
    assert resource is not None
    await server.remove()
    await server.clock.advance(1)
    await server.settle()
    with pytest.raises(Forbidden):
        await create(server.api.core, Call(ROOT), resource, "default", widget(size=1))
    await server.define(definition())
    assert (await server.get(WIDGETS))["items"] == []


async def test_watchers_of_one_version_share_their_events(server: Shop) -> None:
    await server.define(definition())
    watches = [await server.watch(f"{WIDGETS}?watch=true") for _ in range(3)]
    await server.post(WIDGETS, widget(size=1))
    await server.settle()
    assert [watch.seen for watch in watches] == [[("ADDED", "a")]] * 3
    resource, item = _kept(server, "v1")
    form = item.form(resource.purpose)
    assert form is not None
    assert form.data is item.data


def _kept(server: Shop, version: str) -> tuple[Resource, Item]:
    core = server.api.core
    resource = core.registry.get("shop.example.com", version, "widgets")
    assert resource is not None
    item = core.kind(resource).get("default", "a")
    assert item is not None
    return resource, item


async def test_objects_may_be_kept_in_a_version_that_is_not_served(server: Shop) -> None:
    await server.define(definition(versions=[version(served=False), version("v2", storage=False)]))
    made = await server.post(V2, widget(api_version="shop.example.com/v2", size=1))
    assert await server.get(f"{V2}/a") == made
    assert (await server.call("GET", WIDGETS)).status == 404
    changed = await server.call("PUT", f"{V2}/a", {**made, "spec": {"size": 2}})
    assert changed.body["spec"] == {"size": 2, "color": "blue"}
    groups = await server.get("/apis/shop.example.com")
    assert [each["version"] for each in groups["versions"]] == ["v2"]
    await server.remove()
    await server.clock.advance(1)
    await server.settle()
    assert (await server.call("GET", V2)).status == 404
    await server.define(definition())
    assert (await server.get(WIDGETS))["items"] == []


async def test_a_definition_that_serves_nothing_still_takes_its_objects_along(server: Shop) -> None:
    await server.define(definition())
    await server.post(WIDGETS, widget(size=1))
    await server.redefine({"spec": {"versions": [version(served=False)]}})
    assert (await server.call("GET", "/apis/shop.example.com")).status == 404
    await server.remove()
    await server.clock.advance(1)
    await server.settle()
    await server.define(definition())
    assert (await server.get(WIDGETS))["items"] == []

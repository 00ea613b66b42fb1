"""What a change of a stored object begins with."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.batch.job import JOBS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.service import SERVICES
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.resource import STATUS, Resource, Subresource
from wherry.apiserver.access import ROOT
from wherry.apiserver.attributes import Admission, Reader
from wherry.apiserver.encode import copy
from wherry.apiserver.inprocess import InProcessClient
from wherry.apiserver.verbs.patch import Apply
from wherry.apiserver.verbs.update import draft
from wherry.client import Patch
from wherry.controlplane.plane import ControlPlane
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock

PATHS = [pytest.param(None, id="the object"), pytest.param(STATUS, id="status")]


def stored() -> Obj:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "labels": {"a": "b"},
            "managedFields": [{"manager": "me", "operation": "Update", "fieldsV1": {"f:spec": {}}}],
        },
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "a", "image": "one"}]}}},
        "status": {"replicas": 1, "conditions": [{"type": "Available", "status": "True"}]},
    }


def test_what_a_path_puts_back_is_shared_unless_the_change_begins_with_it() -> None:
    old = stored()
    assert draft(DEPLOYMENTS, STATUS, old, {"status"})["spec"] is old["spec"]
    assert draft(DEPLOYMENTS, STATUS, old, {"status", "spec"})["spec"] is not old["spec"]
    assert draft(DEPLOYMENTS, None, old, {"spec"})["status"] is old["status"]
    assert draft(DEPLOYMENTS, None, old, {"metadata"})["spec"] is not old["spec"]
    assert draft(DEPLOYMENTS, STATUS, old, None)["spec"] is not old["spec"]


TEXTS = st.sampled_from(["a", "b", "name", "image", "type", "status", "replicas", "conditions", "labels", "$patch"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["x", "delete", "replace", "True"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.sampled_from(["metadata", "spec", "status", "bogus", "$patch", "$retainKeys"])
ENTRIES = st.fixed_dictionaries({"managedFields": VALUES})
PATCHES = st.dictionaries(MEMBERS, VALUES | ENTRIES, max_size=3)


@pytest.mark.parametrize("sub", PATHS)
@pytest.mark.parametrize("kind", [Patch.MERGE, Patch.STRATEGIC], ids=["merge", "strategic"])
@given(PATCHES)
def test_a_patch_makes_the_same_of_a_draft_as_of_a_copy(kind: Patch, sub: Subresource | None, document: Obj) -> None:
    old = stored()
    apply = Apply(kind, document, DEPLOYMENTS)

    assert _outcome(apply, draft(DEPLOYMENTS, sub, old, apply.members())) == _outcome(apply, copy(old))
    assert old == stored(), "a patch changed what is stored"


def _outcome(apply: Apply, obj: Obj) -> Obj | str:
    try:
        return apply(obj)
    except Exception as error:
        return repr(error)


@pytest.mark.parametrize(
    ("kind", "document", "members"),
    [
        pytest.param(Patch.MERGE, {"status": {}}, {"status"}, id="merge"),
        pytest.param(Patch.STRATEGIC, {"status": {}, "spec": {}}, {"status", "spec"}, id="strategic"),
        pytest.param(Patch.STRATEGIC, {"status": {}, "metadata": {"uid": "u"}}, {"status"}, id="of a certain object"),
        pytest.param(Patch.MERGE, {"metadata": {"uid": 1}}, {"metadata"}, id="of one that cannot be"),
        pytest.param(Patch.MERGE, {"metadata": {"uid": "u", "labels": {}}}, {"metadata"}, id="of its labels as well"),
        pytest.param(Patch.STRATEGIC, {"$retainKeys": ["spec"], "spec": {}}, None, id="directives say more"),
        pytest.param(Patch.JSON, [{"op": "remove", "path": "/status"}], None, id="operations"),
        pytest.param(Patch.MERGE, [], None, id="no patch at all"),
    ],
)
def test_which_members_a_patch_may_change(kind: Patch, document: Any, members: set[str] | None) -> None:
    assert Apply(kind, document, DEPLOYMENTS).members() == members


CONTAINERS = [{"name": "a", "image": "example.test/a"}]
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": CONTAINERS}}
OBJECTS: dict[Resource, Obj] = {
    PODS: {"spec": {"containers": CONTAINERS}},
    NODES: {"spec": {"podCIDR": "10.0.0.0/24"}},
    SERVICES: {"spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"a": "b"}}},
    DEPLOYMENTS: {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}},
    JOBS: {"spec": {"template": {"spec": {"containers": CONTAINERS, "restartPolicy": "Never"}}}},
}
CHANGES: list[tuple[Resource, Obj, str]] = [
    (PODS, {"metadata": {"labels": {"x": "y"}}}, ""),
    (PODS, {"spec": {"activeDeadlineSeconds": 30}, "status": {"phase": "Failed"}}, ""),
    (PODS, {"status": {"phase": "Running", "podIP": "10.0.0.1"}, "spec": {"nodeName": "n1"}}, "status"),
    (NODES, {"status": {"capacity": {"cpu": "1"}}}, "status"),
    (NODES, {"metadata": {"labels": {"x": "y"}}, "spec": {"unschedulable": True}}, ""),
    (SERVICES, {"spec": {"type": "NodePort"}}, ""),
    (SERVICES, {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}, "status"),
    (DEPLOYMENTS, {"spec": {"replicas": 3}, "metadata": {"annotations": {"x": "y"}}}, ""),
    (DEPLOYMENTS, {"status": {"replicas": 1}, "metadata": {"annotations": {"x": "y"}}}, "status"),
    (JOBS, {"status": {"active": 1, "startTime": "2026-01-01T00:00:00Z"}, "spec": {"suspend": True}}, "status"),
]


@pytest.mark.parametrize(
    ("resource", "patch", "sub"),
    [pytest.param(*change, id=f"{change[0].plural} {change[2]} {'+'.join(change[1])}") for change in CHANGES],
)
@pytest.mark.parametrize("kind", [Patch.MERGE, Patch.STRATEGIC], ids=["merge", "strategic"])
async def test_what_is_stored_stays_as_it_is_while_a_patch_passes(
    resource: Resource, patch: Obj, sub: str, kind: Patch
) -> None:
    """What the draft shares must be changed neither by defaults nor by admission, allocation or preparation."""
    plane = ControlPlane(MemoryStore(), ManualClock(), random.Random(1))
    await plane.open()
    seen: list[tuple[Obj, Obj]] = []

    def look(admission: Admission, reader: Reader) -> None:
        item = reader.get(resource, admission.namespace, admission.name)
        if admission.operation == "UPDATE" and item is not None:
            seen.append((copy(admission.old or {}), item.decode()))

    core = structs.replace(plane.api.core, validating=(*plane.api.core.validating, look))
    client = InProcessClient(core, ROOT, {})
    namespace = "default" if resource.is_namespaced else ""
    try:
        await client.create(SERVICEACCOUNTS, _object(SERVICEACCOUNTS, "default"), "default")
        await client.create(resource, {**_object(resource, "web"), **copy(OBJECTS[resource])}, namespace)
        before = await client.get(resource, "web", namespace)
        after = await client.patch(resource, "web", patch, namespace, type=kind, subresource=sub)
    finally:
        await plane.close()

    assert len(seen) == 1
    assert seen[0][0] == seen[0][1] == before
    kept = "spec" if sub else "status"
    assert after.get(kept) == before.get(kept)
    assert after != before


def _object(resource: Resource, name: str) -> Obj:
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}}

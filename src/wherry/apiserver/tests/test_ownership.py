"""Who owns what after writes of all sorts, as clients see it."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.apiserver.ownership import manager_of
from wherry.apiserver.tests.harness import CONFIGMAPS, PODS, Server, configmap, pod, serving

HPAS = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MERGE = {"content-type": "application/merge-patch+json"}


def owners(obj: Any) -> dict[tuple[str, str], Any]:
    """(manager, subresource) -> what it owns."""
    entries = obj["metadata"].get("managedFields") or []
    return {(entry["manager"], entry.get("subresource", "")): entry["fieldsV1"] for entry in entries}


FLOWSCHEMA = {
    "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
    "kind": "FlowSchema",
    "metadata": {"name": "f"},
    "spec": {"priorityLevelConfiguration": {"name": "global-default"}},
}


def deployment(replicas: int = 1) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "busybox", "ports": [{"containerPort": 80}]}]},
            },
        },
    }


@pytest.mark.parametrize(
    ("user_agent", "manager"),
    [
        ("kubectl/v1.37.0 (linux/amd64) kubernetes/abc", "kubectl"),
        ("", ""),
        ("/x", ""),
        ("a\tb\x00c/1", "abc"),
        ("é" * 100, "é" * 64),
        ("x" * 300, "x" * 128),
    ],
)
def test_a_manager_is_named_by_its_user_agent(user_agent: str, manager: str) -> None:
    assert manager_of(user_agent) == manager


async def test_the_entries_of_a_new_deployment_are_upstreams() -> None:
    async with serving() as server:
        made = (await server.call("POST", DEPLOYMENTS, deployment(), {"user-agent": "kubectl-create/v1"})).body
    assert made["metadata"]["managedFields"] == [
        {
            "manager": "kubectl-create",
            "operation": "Update",
            "apiVersion": "apps/v1",
            "time": "2023-11-14T22:13:20Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:spec": {
                    "f:progressDeadlineSeconds": {},
                    "f:replicas": {},
                    "f:revisionHistoryLimit": {},
                    "f:selector": {},
                    "f:strategy": {
                        "f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}},
                        "f:type": {},
                    },
                    "f:template": {
                        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                        "f:spec": {
                            "f:containers": {
                                'k:{"name":"c"}': {
                                    ".": {},
                                    "f:image": {},
                                    "f:imagePullPolicy": {},
                                    "f:name": {},
                                    "f:ports": {
                                        ".": {},
                                        'k:{"containerPort":80,"protocol":"TCP"}': {
                                            ".": {},
                                            "f:containerPort": {},
                                            "f:protocol": {},
                                        },
                                    },
                                    "f:resources": {},
                                    "f:terminationMessagePath": {},
                                    "f:terminationMessagePolicy": {},
                                }
                            },
                            "f:dnsPolicy": {},
                            "f:restartPolicy": {},
                            "f:schedulerName": {},
                            "f:securityContext": {},
                            "f:terminationGracePeriodSeconds": {},
                        },
                    },
                }
            },
        }
    ]


async def test_a_name_in_the_request_comes_before_the_user_agent() -> None:
    async with serving() as server:
        made = await server.post(f"{CONFIGMAPS}?fieldManager=robot", configmap("a", k="v"))
        changed = await server.call("PUT", f"{CONFIGMAPS}/a", configmap("a", k="w"), {"user-agent": "mule/1"})
    assert list(owners(made)) == [("robot", "")]
    assert owners(changed.body) == {
        ("mule", ""): {"f:data": {"f:k": {}}},
        ("robot", ""): {"f:data": {}},
    }


async def test_patches_of_every_sort_have_a_writer() -> None:
    patches: list[tuple[str, Any]] = [
        ("application/merge-patch+json", {"data": {"a": "merge"}}),
        ("application/strategic-merge-patch+json", {"data": {"b": "strategic"}}),
        ("application/json-patch+json", [{"op": "add", "path": "/data/c", "value": "json"}]),
    ]
    async with serving() as server:
        await server.post(CONFIGMAPS, configmap("a", k="v"))
        for number, (content_type, patch) in enumerate(patches):
            path = f"{CONFIGMAPS}/a?fieldManager=m{number}"
            answer = await server.call("PATCH", path, patch, {"content-type": content_type})
            assert answer.status == 200, answer.body
    found = owners(answer.body)
    assert [found[f"m{number}", ""] for number in range(3)] == [{"f:data": {f"f:{key}": {}}} for key in "abc"]


async def test_a_write_that_changes_nothing_is_none() -> None:
    async with serving() as server:
        made = await server.post(CONFIGMAPS, configmap("a", k="v"))
        await server.clock.advance(60)
        same = await server.call("PUT", f"{CONFIGMAPS}/a", configmap("a", k="v"), {"user-agent": "other/1"})
    assert same.body == made


async def test_times_alone_are_no_change() -> None:
    async with serving() as server:
        made = await server.post(CONFIGMAPS, configmap("a", k="v"))
        await server.clock.advance(60)
        [entry] = made["metadata"]["managedFields"]
        later = configmap("a", k="v")
        later["metadata"]["managedFields"] = [{**entry, "time": "2023-11-14T22:19:00Z"}]
        same = await server.call("PUT", f"{CONFIGMAPS}/a", later)
    assert same.body == made


async def test_status_and_spec_have_writers_of_their_own() -> None:
    async with serving() as server:
        await server.post(f"{PODS}?fieldManager=creator", pod("p") | {"status": {"phase": "Failed"}})
        body = pod("p") | {"status": {"phase": "Running", "podIP": "10.0.0.1"}}
        status = await server.call("PUT", f"{PODS}/p/status", body, {"user-agent": "kubelet/v1"})
        again = await server.call("PATCH", f"{PODS}/p?fieldManager=x", {"status": {"phase": "Failed"}}, MERGE)
    found = owners(status.body)
    assert set(found["kubelet", "status"]["f:status"]) == {"f:phase", "f:podIP", "f:podIPs"}
    assert "f:status" not in found["creator", ""]
    assert owners(again.body) == found


async def test_what_of_the_metadata_a_status_writer_may_change() -> None:
    note: dict[str, Any] = {"metadata": {"annotations": {"n": "1"}, "labels": {"l": "1"}}}
    async with serving() as server:
        await server.post(PODS, pod("p"))
        await server.post(DEPLOYMENTS, deployment())
        await server.post("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas", FLOWSCHEMA)
        paths = (f"{PODS}/p", f"{DEPLOYMENTS}/web", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/f")
        answers = [(await server.call("PATCH", f"{path}/status?fieldManager=s", note, MERGE)).body for path in paths]
    whole, without_labels, nothing = answers
    assert whole["metadata"]["labels"] == {"app": "p", "l": "1"}
    assert set(owners(whole)["s", "status"]["f:metadata"]) == {"f:annotations", "f:labels"}
    assert without_labels["metadata"].get("labels") is None
    assert without_labels["metadata"]["annotations"]["n"] == "1"
    assert set(owners(without_labels)["s", "status"]["f:metadata"]) == {"f:annotations"}
    assert not {"labels", "annotations"} & nothing["metadata"].keys()
    assert ("s", "status") not in owners(nothing)


async def test_scaling_is_owned_by_its_subresource() -> None:
    async with serving() as server:
        await server.post(DEPLOYMENTS, deployment())
        await server.call("PATCH", f"{DEPLOYMENTS}/web/scale?fieldManager=hpa", {"spec": {"replicas": 4}}, MERGE)
        found = owners(await server.get(f"{DEPLOYMENTS}/web"))
    assert found["hpa", "scale"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in found["unknown", ""]["f:spec"]


async def test_parts_of_a_pod_are_owned_by_their_subresources() -> None:
    container = {"name": "debug", "image": "busybox"}
    async with serving() as server:
        await server.post(PODS, pod("p"))
        await server.call(
            "PATCH",
            f"{PODS}/p/ephemeralcontainers?fieldManager=d",
            {"spec": {"ephemeralContainers": [container]}},
            MERGE,
        )
        found = owners(await server.get(f"{PODS}/p"))
    assert set(found["d", "ephemeralcontainers"]["f:spec"]) == {"f:ephemeralContainers"}


async def test_binding_leaves_no_owner() -> None:
    async with serving() as server:
        await server.post(PODS, pod("p"))
        before = owners(await server.get(f"{PODS}/p"))
        await server.post(f"{PODS}/p/binding", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}})
        assert owners(await server.get(f"{PODS}/p")) == before


async def test_two_versions_of_a_kind_are_owned_apart() -> None:
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5}
    old = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}}
    async with serving() as server:
        made = await server.post(HPAS.format("v1"), {**old, "spec": {**spec, "targetCPUUtilizationPercentage": 50}})
        assert made["metadata"]["managedFields"][0]["apiVersion"] == "autoscaling/v1"
        metric = {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
        }
        patch = {"spec": {"maxReplicas": 9, "metrics": [metric]}}
        changed = await server.call("PATCH", f"{HPAS.format('v2')}/h?fieldManager=two", patch, MERGE)
    found = owners(changed.body)
    assert found["two", ""] == {"f:spec": {"f:maxReplicas": {}, "f:metrics": {}}}
    assert set(found["unknown", ""]["f:spec"]) == {"f:minReplicas", "f:scaleTargetRef"}


async def test_a_client_may_not_take_a_name_that_is_too_long() -> None:
    async with serving() as server:
        await server.post(CONFIGMAPS, configmap("a", k="v"))
        entry = {
            "manager": "x" * 129,
            "operation": "Update",
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {}},
        }
        patch = {"metadata": {"managedFields": [entry]}}
        answer = await server.call("PATCH", f"{CONFIGMAPS}/a", patch, MERGE)
    assert answer.status == 422
    assert answer.body["message"] == (
        'ConfigMap "a" is invalid: metadata.managedFields[0].manager: Too long: may not be more than 128 bytes'
    )


@pytest.mark.parametrize("sent", [[{"operation": "Nonsense"}], [{"manager": "x", "fieldsType": "V9"}]])
async def test_entries_that_make_no_sense_are_passed_over(sent: Any) -> None:
    async with serving() as server:
        made = await server.post(CONFIGMAPS, configmap("a", k="v"))
        answer = await server.call("PATCH", f"{CONFIGMAPS}/a", {"metadata": {"managedFields": sent}}, MERGE)
    assert answer.body == made


async def _forgotten(server: Server) -> Any:
    await server.post(CONFIGMAPS, configmap("a", k="v"))
    return (await server.call("PATCH", f"{CONFIGMAPS}/a", {"metadata": {"managedFields": []}}, MERGE)).body


async def test_forgetting_the_managers() -> None:
    async with serving() as server:
        assert "managedFields" not in (await _forgotten(server))["metadata"]

"""What admission makes of a pod."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.core.limitrange import LIMITRANGES
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.pod import PODS
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.api.errors import ApiError
from wherry.api.node.runtimeclass import RUNTIMECLASSES
from wherry.api.scheduling.priorityclass import PRIORITYCLASSES
from wherry.apiserver.admission.chain import mutating, validating
from wherry.apiserver.admission.serviceaccount import TOKEN_PATH
from wherry.apiserver.attributes import Admission, Later, User
from wherry.testing.clock import ManualClock
from wherry.testing.objects import Objects

USER = User("alice")


@pytest.fixture
def objects() -> Objects:
    objects = Objects()
    objects.put(NAMESPACES, {"metadata": {"name": "ns"}})
    objects.put(SERVICEACCOUNTS, {"metadata": {"name": "default", "namespace": "ns"}})
    return objects


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p", "namespace": "ns"}, "spec": {"containers": [{"name": "c"}], **spec}}


def admit(objects: Objects, obj: dict[str, Any], operation: str = "CREATE", old: dict[str, Any] | None = None) -> Any:
    admission = Admission(USER, operation, PODS, "", "ns", "p", obj, old, False, lambda _: None)
    for plugin in (*mutating(lambda: "abcde"), *validating(ManualClock().time)):
        plugin(admission, objects)
    return obj["spec"]


def refused(objects: Objects, obj: dict[str, Any]) -> str:
    with pytest.raises(ApiError) as caught:
        admit(objects, obj)
    assert caught.value.http_code == 403
    return caught.value.message.removeprefix('pods "p" is forbidden: ')


def test_a_plain_pod_gets_all_that_upstream_gives_it(objects: Objects) -> None:
    assert admit(objects, pod()) == {
        "containers": [
            {
                "name": "c",
                "volumeMounts": [{"name": "kube-api-access-abcde", "readOnly": True, "mountPath": TOKEN_PATH}],
            }
        ],
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "volumes": [
            {
                "name": "kube-api-access-abcde",
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                        {
                            "downwardAPI": {
                                "items": [
                                    {
                                        "path": "namespace",
                                        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                                    }
                                ]
                            }
                        },
                    ],
                    "defaultMode": 420,
                },
            }
        ],
        "priority": 0,
        "preemptionPolicy": "PreemptLowerPriority",
        "tolerations": [
            {
                "key": "node.kubernetes.io/not-ready",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            },
            {
                "key": "node.kubernetes.io/unreachable",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            },
        ],
    }


def test_a_missing_namespace_and_account(objects: Objects) -> None:
    with pytest.raises(ApiError) as caught:
        admit(Objects(), pod())
    assert (caught.value.http_code, caught.value.message) == (404, 'namespaces "ns" not found')
    objects.drop(SERVICEACCOUNTS, "ns", "default")
    why = 'error looking up service account ns/{0}: serviceaccount "{0}" not found'
    assert refused(objects, pod(serviceAccountName="robot")) == why.format("robot")
    with pytest.raises(Later) as missed:
        admit(objects, pod())
    assert missed.value.refusal.message == 'pods "p" is forbidden: ' + why.format("default")


def test_a_terminating_namespace_takes_nothing_new(objects: Objects) -> None:
    objects.put(NAMESPACES, {"metadata": {"name": "ns", "deletionTimestamp": "2026-01-01T00:00:00Z"}})
    with pytest.raises(ApiError) as caught:
        admit(objects, pod())
    assert caught.value.message == (
        'pods "p" is forbidden: unable to create new content in namespace ns because it is being terminated'
    )
    assert caught.value.details == {
        "name": "p",
        "kind": "pods",
        "causes": [
            {
                "reason": "NamespaceTerminating",
                "message": "namespace ns is being terminated",
                "field": "metadata.namespace",
            }
        ],
    }
    admit(objects, pod(), "UPDATE", pod())


@pytest.mark.parametrize("where", ["pod", "account"])
def test_a_token_that_is_not_wanted(objects: Objects, where: str) -> None:
    if where == "account":
        account = {"metadata": {"name": "default", "namespace": "ns"}, "automountServiceAccountToken": False}
        objects.put(SERVICEACCOUNTS, account)
        spec = admit(objects, pod())
    else:
        spec = admit(objects, pod(automountServiceAccountToken=False))
    assert "volumes" not in spec and "volumeMounts" not in spec["containers"][0]


def test_a_mount_of_their_own_is_kept(objects: Objects) -> None:
    mine = {"name": "c", "volumeMounts": [{"name": "v", "mountPath": TOKEN_PATH}]}
    spec = admit(objects, pod(containers=[mine], initContainers=[{"name": "i"}]))
    assert spec["containers"][0]["volumeMounts"] == [{"name": "v", "mountPath": TOKEN_PATH}]
    assert spec["initContainers"][0]["volumeMounts"][0]["mountPath"] == TOKEN_PATH


def test_an_access_volume_that_is_there_is_used(objects: Objects) -> None:
    volume = {"name": "kube-api-access-xyz", "projected": {"sources": []}}
    spec = admit(objects, pod(volumes=[volume]))
    assert spec["volumes"] == [volume]
    assert spec["containers"][0]["volumeMounts"][0]["name"] == "kube-api-access-xyz"


def test_pull_secrets_come_from_the_account(objects: Objects) -> None:
    account = {"metadata": {"name": "default", "namespace": "ns"}, "imagePullSecrets": [{"name": "r"}]}
    objects.put(SERVICEACCOUNTS, account)
    assert admit(objects, pod())["imagePullSecrets"] == [{"name": "r"}]
    assert admit(objects, pod(imagePullSecrets=[{"name": "own"}]))["imagePullSecrets"] == [{"name": "own"}]


def test_an_account_that_enforces_its_secrets(objects: Objects) -> None:
    metadata = {
        "name": "default",
        "namespace": "ns",
        "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"},
    }
    objects.put(SERVICEACCOUNTS, {"metadata": metadata, "secrets": [{"name": "mine"}]})
    admit(objects, pod(volumes=[{"name": "v", "secret": {"secretName": "mine"}}]))
    why = "is not allowed because service account default does not reference that secret"
    other = pod(volumes=[{"name": "v", "secret": {"secretName": "other"}}])
    assert refused(objects, other) == f'volume with secret.secretName="other" {why}'


@pytest.mark.parametrize(
    "toleration",
    [{"operator": "Exists"}, {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}],
    ids=["everything", "this one"],
)
def test_tolerations_of_their_own(objects: Objects, toleration: dict[str, str]) -> None:
    tolerations = admit(objects, pod(tolerations=[toleration]))["tolerations"]
    assert len(tolerations) == (1 if "key" not in toleration else 2)


def test_priorities(objects: Objects) -> None:
    objects.put(PRIORITYCLASSES, {"metadata": {"name": "high"}, "value": 7, "preemptionPolicy": "Never"})
    spec = admit(objects, pod(priorityClassName="high"))
    assert (spec["priority"], spec["preemptionPolicy"]) == (7, "Never")
    objects.put(PRIORITYCLASSES, {"metadata": {"name": "usual"}, "value": 3, "globalDefault": True})
    spec = admit(objects, pod())
    assert (spec["priority"], spec["priorityClassName"]) == (3, "usual")
    assert refused(objects, pod(priorityClassName="gone")) == "no PriorityClass with name gone was found"
    assert refused(objects, pod(priority=9)) == (
        "the integer value of priority (9) must not be provided in pod spec; "
        "priority admission controller computed 3 from the given PriorityClass name"
    )


def test_a_put_without_the_priority_keeps_it(objects: Objects) -> None:
    old = pod(priority=5, preemptionPolicy="Never")
    assert admit(objects, pod(), "UPDATE", old)["priority"] == 5


def test_runtime_classes(objects: Objects) -> None:
    scheduling = {"nodeSelector": {"vm": "yes"}, "tolerations": [{"key": "vm", "operator": "Exists"}]}
    runtime = {"metadata": {"name": "vm"}, "overhead": {"podFixed": {"memory": "120Mi"}}, "scheduling": scheduling}
    objects.put(RUNTIMECLASSES, runtime)
    spec = admit(objects, pod(runtimeClassName="vm"))
    assert spec["overhead"] == {"memory": "120Mi"}
    assert spec["nodeSelector"] == {"vm": "yes"}
    assert {"key": "vm", "operator": "Exists"} in spec["tolerations"]
    assert refused(objects, pod(runtimeClassName="x")) == 'pod rejected: RuntimeClass "x" not found'
    assert refused(objects, pod(runtimeClassName="vm", nodeSelector={"vm": "no"})) == (
        "conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no"
    )


LIMITS = {
    "type": "Container",
    "default": {"cpu": "200m"},
    "defaultRequest": {"cpu": "100m"},
    "min": {"cpu": "50m"},
    "max": {"cpu": "1"},
    "maxLimitRequestRatio": {"cpu": "4"},
}


def container(request: str | None = None, limit: str | None = None) -> dict[str, Any]:
    resources = {key: {"cpu": value} for key, value in (("requests", request), ("limits", limit)) if value is not None}
    return {"name": "c", "resources": resources}


def put_limits(objects: Objects, **limits: Any) -> None:
    spec = {"limits": [{"type": "Container", **limits}]}
    objects.put(LIMITRANGES, {"metadata": {"name": "l", "namespace": "ns"}, "spec": spec})


def test_limits_are_filled_in(objects: Objects) -> None:
    least, most = {"cpu": "100m", "memory": "1Mi"}, {"cpu": "200m", "memory": "2Mi"}
    put_limits(objects, default=most, defaultRequest=least)
    obj = pod(containers=[container()], initContainers=[{**container("50m"), "name": "i"}])
    spec = admit(objects, obj)
    assert spec["containers"][0]["resources"] == {"limits": most, "requests": least}
    assert spec["initContainers"][0]["resources"]["requests"] == {**least, "cpu": "50m"}
    assert obj["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c; "
        "memory request for init container i; cpu, memory limit for init container i"
    )


PER = "per Container"


@pytest.mark.parametrize(
    ("limits", "one", "why"),
    [
        ({"min": {"cpu": "50m"}}, container(), "minimum cpu usage per Container is 50m.  No request is specified"),
        (
            {"min": {"cpu": "50m"}},
            container("50m", "40m"),
            "minimum cpu usage per Container is 50m, but limit is 40m",
        ),
        ({"max": {"cpu": "1"}}, container("1"), "maximum cpu usage per Container is 1.  No limit is specified"),
        ({"max": {"cpu": "1"}}, container("2", "1"), "maximum cpu usage per Container is 1, but request is 2"),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            container(None, "1"),
            "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            container("1"),
            "cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0",
        ),
        (
            {"min": {"cpu": "50m"}, "max": {"cpu": "1"}},
            container("10m", "2"),
            f"[minimum cpu usage {PER} is 50m, but request is 10m, maximum cpu usage {PER} is 1, but limit is 2]",
        ),
    ],
    ids=["no request", "limit", "no limit", "request", "ratio to nothing", "ratio of nothing", "all that is wrong"],
)
def test_what_limits_refuse(objects: Objects, limits: dict[str, Any], one: dict[str, Any], why: str) -> None:
    put_limits(objects, **limits)
    assert refused(objects, pod(containers=[one])) == why


@pytest.mark.parametrize(
    ("request_", "limit", "why"),
    [
        ("10m", "40m", "minimum cpu usage per Container is 50m, but request is 10m"),
        ("500m", "2", "maximum cpu usage per Container is 1, but limit is 2"),
        ("100m", "900m", "cpu max limit to request ratio per Container is 4, but provided ratio is 9.000000"),
    ],
)
def test_limits_are_enforced(objects: Objects, request_: str, limit: str, why: str) -> None:
    put_limits(objects, **LIMITS)
    assert refused(objects, pod(containers=[container(request_, limit)])) == why


def test_limits_of_a_whole_pod(objects: Objects) -> None:
    limits = {"type": "Pod", "max": {"cpu": "1"}}
    objects.put(LIMITRANGES, {"metadata": {"name": "l", "namespace": "ns"}, "spec": {"limits": [limits]}})
    two = [container("1m", "600m"), {**container("1m", "600m"), "name": "d"}]
    assert refused(objects, pod(containers=two)) == "maximum cpu usage per Pod is 1, but limit is 1200m"
    admit(objects, pod(containers=two[:1], initContainers=[{**two[1], "name": "i"}]))

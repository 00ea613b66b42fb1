"""Each check, and what a namespace makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.pod import PODS
from wherry.api.errors import Forbidden, Invalid
from wherry.api.resource import Resource
from wherry.apiserver.admission.podsecurity.evaluate import violations
from wherry.apiserver.admission.podsecurity.levels import Level, Policy, policy
from wherry.apiserver.admission.podsecurity.plugin import pod_security
from wherry.apiserver.attributes import Admission, User
from wherry.testing.objects import Objects

SAFE: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def spec(security: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"containers": [{"name": "a", "securityContext": security or {}}], **more}


def test_a_plain_pod_is_baseline_and_a_careful_one_restricted() -> None:
    assert violations(Level.BASELINE, {}, spec()) == ""
    assert violations(Level.RESTRICTED, {}, spec(SAFE)) == ""
    assert violations(Level.PRIVILEGED, {}, spec({"privileged": True})) == ""


def test_a_plain_pod_is_not_restricted_in_upstreams_words() -> None:
    assert violations(Level.RESTRICTED, {}, spec()) == (
        'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), '
        'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), '
        'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" '
        'or "Localhost")'
    )


PORTS = [{"name": "a", "ports": [{"hostPort": 80}, {"containerPort": 1}]}, {"name": "b", "ports": [{"hostPort": 81}]}]
PROBE = [{"name": "a", "livenessProbe": {"httpGet": {"host": "1.2.3.4"}}}]
UNCONFINED = {"type": "Unconfined"}


@pytest.mark.parametrize(
    ("pod", "wrong"),
    [
        (spec({"privileged": True}), 'privileged (container "a" must not set securityContext.privileged=true)'),
        (spec(hostNetwork=True, hostPID=True), "host namespaces (hostNetwork=true, hostPID=true)"),
        (spec(volumes=[{"name": "v", "hostPath": {}}, {"name": "w", "emptyDir": {}}]), 'hostPath volumes (volume "v")'),
        ({"containers": PORTS}, 'hostPorts (containers "a", "b" use hostPorts 80, 81)'),
        ({"containers": PROBE}, 'probe or lifecycle host (container "a" uses probe or lifecycle host "1.2.3.4")'),
        (
            spec({"capabilities": {"add": ["NET_ADMIN", "CHOWN"]}}),
            'non-default capabilities (container "a" must not include "NET_ADMIN" in securityContext.capabilities.add)',
        ),
        (
            spec({"procMount": "X"}),
            'procMount (container "a" must not set securityContext.procMount to "X")',
        ),
        (
            spec(securityContext={"seLinuxOptions": {"type": "x", "user": "u"}}),
            'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; user may not be set)',
        ),
        (
            spec(securityContext={"seccompProfile": UNCONFINED}),
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        (
            spec({"appArmorProfile": UNCONFINED}),
            'forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")',
        ),
        (spec(securityContext={"sysctls": [{"name": "kernel.msgmax"}]}), "forbidden sysctls (kernel.msgmax)"),
        (
            spec(securityContext={"windowsOptions": {"hostProcess": True}}),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
    ],
    ids=lambda value: value.partition(" (")[0] if isinstance(value, str) else "",
)
def test_the_baseline(pod: dict[str, Any], wrong: str) -> None:
    assert violations(Level.BASELINE, {}, pod) == wrong


@pytest.mark.parametrize(
    ("pod", "wrong"),
    [
        (spec({**SAFE, "runAsUser": 0}), 'runAsUser=0 (container "a" must not set runAsUser=0)'),
        (
            spec(SAFE, volumes=[{"name": "v", "hostPath": {}}, {"name": "w", "secret": {}}]),
            'restricted volume types (volume "v" uses restricted volume type "hostPath")',
        ),
        (
            spec({**SAFE, "runAsNonRoot": False}),
            'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
        ),
        (
            spec({**SAFE, "capabilities": {"drop": ["ALL"], "add": ["CHOWN", "NET_BIND_SERVICE"]}}),
            'unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add)',
        ),
        (
            spec({**SAFE, "seccompProfile": UNCONFINED}),
            'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
    ],
)
def test_the_restricted_level(pod: dict[str, Any], wrong: str) -> None:
    assert violations(Level.RESTRICTED, {}, pod) == wrong


def test_an_annotation_of_old() -> None:
    metadata = {"annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}}
    assert "forbidden AppArmor profile" in violations(Level.BASELINE, metadata, spec())


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, "privileged:latest"),
        ({"enforce": "baseline"}, "baseline:latest"),
        ({"enforce": "baseline", "enforce-version": "v1.25"}, "baseline:v1.25"),
        ({"enforce": "typo"}, "restricted:latest"),
    ],
)
def test_labels(labels: dict[str, str], expected: str) -> None:
    found: Policy = policy({f"pod-security.kubernetes.io/{key}": value for key, value in labels.items()}, "enforce")
    assert str(found) == expected


def namespace(**labels: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "ns",
            "labels": {f"pod-security.kubernetes.io/{key}": value for key, value in labels.items()},
        }
    }


def admit(objects: Objects, resource: Resource, obj: dict[str, Any], old: dict[str, Any] | None = None) -> list[str]:
    warnings: list[str] = []
    where = "" if resource is NAMESPACES else "ns"
    admission = Admission(
        User("u"), "UPDATE" if old else "CREATE", resource, "", where, "x", obj, old, False, warnings.append
    )
    pod_security(admission, objects)
    return warnings


def test_pods_are_refused_and_workloads_warned_of() -> None:
    objects = Objects()
    objects.put(NAMESPACES, namespace(enforce="baseline", warn="restricted"))
    pod = {"metadata": {"name": "x"}, "spec": spec(hostPID=True)}
    with pytest.raises(Forbidden) as caught:
        admit(objects, PODS, pod)
    assert caught.value.message == (
        'pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)'
    )
    (warning,) = admit(objects, PODS, {"metadata": {"name": "x"}, "spec": spec()})
    assert warning.startswith('would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false')
    (warning,) = admit(objects, DEPLOYMENTS, {"metadata": {"name": "x"}, "spec": {"template": {"spec": spec()}}})
    assert warning.startswith('would violate PodSecurity "restricted:latest"')


def test_a_namespace_without_labels_lets_everything_be() -> None:
    objects = Objects()
    objects.put(NAMESPACES, namespace())
    assert admit(objects, PODS, {"metadata": {"name": "x"}, "spec": spec(hostPID=True)}) == []


def test_labels_that_make_no_sense() -> None:
    with pytest.raises(Invalid, match="must be one of privileged, baseline, restricted"):
        admit(Objects(), NAMESPACES, namespace(enforce="typo"))


def test_tightening_tells_of_pods_that_are_there() -> None:
    objects = Objects()
    for name in ("p", "q"):
        objects.put(PODS, {"metadata": {"name": name, "namespace": "ns"}, "spec": spec(hostPID=True)})
    assert admit(objects, NAMESPACES, namespace(enforce="baseline"), namespace()) == [
        'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
        "p (and 1 other pod): host namespaces (hostPID=true)",
    ]

"""Security contexts: who wins, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.kubelet.pods.security import MASKED_PATHS, SecurityError, container_security, namespaces
from wherry.kubelet.pods.tests.cases import make_pod
from wherry.kubelet.runtime.model import Image, NamespaceMode, Profile, Security

ROOT = Image("sha256:1", user_id=0)
NAMED = Image("sha256:1", user_name="web")
NUMBERED = Image("sha256:1", user_id=1000)


def _security(of_pod: dict[str, Any], own: dict[str, Any], image: Image = ROOT) -> Security:
    pod = make_pod({"securityContext": of_pod, "containers": [{"name": "app", "securityContext": own}]})
    return container_security(pod, pod.spec.containers[0], image)


def test_the_container_wins_over_the_pod() -> None:
    made = _security({"runAsUser": 1, "runAsGroup": 2, "fsGroup": 3, "supplementalGroups": [4]}, {"runAsUser": 5})
    assert (made.run_as_user, made.run_as_group, made.supplemental_groups) == (5, 2, (4, 3))


def test_defaults() -> None:
    made = _security({}, {}, NAMED)
    assert (made.run_as_user, made.run_as_user_name) == (None, "web")
    assert made.seccomp == Profile("Unconfined")
    assert made.masked_paths == MASKED_PATHS
    assert not made.no_new_privileges


@pytest.mark.parametrize(
    ("own", "image", "message"),
    [
        ({"runAsUser": 0}, ROOT, "container's runAsUser breaks non-root policy"),
        ({}, ROOT, "image will run as root"),
        ({}, Image("sha256:1"), "image will run as root"),
        ({}, NAMED, r"non-numeric user \(web\), cannot verify user is non-root"),
    ],
)
def test_root_is_refused(own: dict[str, Any], image: Image, message: str) -> None:
    with pytest.raises(SecurityError, match=message):
        _security({"runAsNonRoot": True}, own, image)


def test_a_number_other_than_root_is_good() -> None:
    assert _security({"runAsNonRoot": True}, {}, NUMBERED).run_as_user == 1000
    assert _security({"runAsNonRoot": True}, {"runAsNonRoot": False}, ROOT).run_as_user == 0


def test_privileged_sees_everything() -> None:
    made = _security(
        {"seccompProfile": {"type": "RuntimeDefault"}}, {"privileged": True, "allowPrivilegeEscalation": True}
    )
    assert made.privileged
    assert made.masked_paths == ()
    assert made.seccomp == Profile("Unconfined")


def test_profiles_and_escalation() -> None:
    profile = {"type": "Localhost", "localhostProfile": "p.json"}
    made = _security(
        {"seccompProfile": {"type": "RuntimeDefault"}}, {"seccompProfile": profile, "allowPrivilegeEscalation": False}
    )
    assert made.seccomp == Profile("Localhost", "p.json")
    assert made.no_new_privileges


def test_namespaces() -> None:
    shared = namespaces(make_pod({"shareProcessNamespace": True, "hostNetwork": True, "hostIPC": True}))
    assert (shared.network, shared.pid, shared.ipc) == (NamespaceMode.NODE, NamespaceMode.POD, NamespaceMode.NODE)
    assert namespaces(make_pod()).pid is NamespaceMode.CONTAINER
    assert namespaces(make_pod(), "c1").target == "c1"

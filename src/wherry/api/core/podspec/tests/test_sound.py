"""Siblings are judged once, and nothing else is taken for a sibling."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from wherry.api.core.podspec.sound import Sound, content_of
from wherry.api.core.podspec.validate import validate_pod_spec
from wherry.api.core.podspec.warnings import warn

TOKEN = "kube-api-access-abcde"


def spec(token: str = TOKEN, **changes: Any) -> dict[str, Any]:
    sources = [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}]
    container = {
        "name": "web",
        "image": "example.test/web",
        "imagePullPolicy": "Always",
        "terminationMessagePolicy": "File",
        "volumeMounts": [{"name": token, "mountPath": "/var/run/secrets"}],
    }
    return {
        "containers": [container],
        "volumes": [{"name": token, "projected": {"sources": sources, "defaultMode": 420}}],
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        **changes,
    }


def test_siblings_have_the_same_content() -> None:
    assert content_of(spec("kube-api-access-abcde")) == content_of(spec("kube-api-access-9x8y7"))


def twice(first: str, second: str) -> dict[str, Any]:
    """A specification with two volumes for tokens."""
    one, other = spec(first), spec(second)
    return {**one, "volumes": one["volumes"] + other["volumes"]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(spec(), spec("kube-api-access-ABCDE"), id="letters that no name has"),
        pytest.param(spec(), spec("kube-api-access-abcdef"), id="more letters"),
        pytest.param(spec(), spec("other"), id="another name"),
        pytest.param(twice(TOKEN, "kube-api-access-fghij"), twice(TOKEN, TOKEN), id="a name that is taken"),
        pytest.param(spec(), spec(dnsPolicy="Default"), id="another policy"),
    ],
)
def test_others_have_not(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert content_of(one) != content_of(other)


def test_what_is_too_long_is_not_kept() -> None:
    sound = Sound()
    sound.add(content_of(spec(hostname="x" * 5000)))
    assert b"" not in sound


def test_what_is_kept_is_bounded() -> None:
    sound = Sound()
    for number in range(1000):
        sound.add(b"%d" % number)
    assert sum(b"%d" % number in sound for number in range(1000)) <= 128
    assert b"999" in sound


def test_a_fault_is_told_every_time_and_wherever_it_is() -> None:
    assert validate_pod_spec(spec(), "spec", "web") == []
    broken = spec(dnsPolicy="Sometimes")
    for path in ("spec", "template.spec"):
        for _ in range(2):
            assert [fault.path for fault in validate_pod_spec(broken, path, "web")] == [f"{path}.dnsPolicy"]


def test_a_template_may_leave_open_what_a_pod_may_not() -> None:
    open_account = {name: value for name, value in spec().items() if name != "serviceAccountName"}
    assert validate_pod_spec(open_account, "spec") == []
    assert validate_pod_spec(open_account, "spec", "web")


def test_a_claim_named_after_the_pod_is_judged_for_each() -> None:
    claim = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    volumes = [{"name": "data", "ephemeral": {"volumeClaimTemplate": claim}}]
    mounted = copy.deepcopy(spec(volumes=volumes))
    mounted["containers"][0]["volumeMounts"] = []
    assert validate_pod_spec(mounted, "spec", "web") == []
    assert validate_pod_spec(mounted, "spec", "x" * 253)


def test_a_warning_is_given_every_time() -> None:
    negative = spec(terminationGracePeriodSeconds=-1)
    for _ in range(2):
        assert warn({"metadata": {}, "spec": negative}, None)
        assert not warn({"metadata": {}, "spec": spec()}, None)
    noted = {"scheduler.alpha.kubernetes.io/critical-pod": ""}
    assert warn({"metadata": {"annotations": noted}, "spec": spec()}, None)

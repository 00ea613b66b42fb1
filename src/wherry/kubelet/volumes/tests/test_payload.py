"""Volumes' content."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from wherry.kubelet.pods.env import Ref
from wherry.kubelet.pods.fields import Place
from wherry.kubelet.pods.tests.cases import make_pod
from wherry.kubelet.volumes.atomic import PayloadFile
from wherry.kubelet.volumes.payload import Material, PayloadError, Token, payload, references, tokens

MATERIAL = Material(
    {
        Ref("ConfigMap", "cfg"): {"data": {"a": "1", "b": "2"}},
        Ref("Secret", "sec"): {"data": {"k": base64.b64encode(b"v").decode()}},
    },
    {Token("", 3607): "tok"},
    Place("n1", pod_ips=("10.0.0.2",)),
)


def _payload(volume: dict[str, Any], **spec: Any) -> dict[str, PayloadFile] | None:
    pod = make_pod({"volumes": [{"name": "v", **volume}], **spec}, metadata={"labels": {"x": "y"}})
    return payload(pod, pod.spec.volumes[0], MATERIAL)


def test_whole_objects() -> None:
    assert _payload({"configMap": {"name": "cfg", "defaultMode": 0o600}}) == {
        "a": PayloadFile(b"1", 0o600),
        "b": PayloadFile(b"2", 0o600),
    }
    assert _payload({"secret": {"secretName": "sec"}}) == {"k": PayloadFile(b"v")}


def test_chosen_keys() -> None:
    items = [{"key": "a", "path": "x/y", "mode": 0o444}]
    assert _payload({"configMap": {"name": "cfg", "items": items}}) == {"x/y": PayloadFile(b"1", 0o444)}


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"configMap": {"name": "none"}}, 'configmap "none" not found'),
        ({"secret": {"secretName": "none"}}, 'secret "none" not found'),
        ({"configMap": {"name": "cfg", "items": [{"key": "z", "path": "z"}]}}, "non-existent config key: z"),
    ],
)
def test_what_is_missing_is_said(volume: dict[str, Any], message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        _payload(volume)


def test_optional_content_may_be_missing() -> None:
    assert _payload({"configMap": {"name": "none", "optional": True}}) == {}
    items = [{"key": "z", "path": "z"}, {"key": "a", "path": "a"}]
    found = _payload({"configMap": {"name": "cfg", "optional": True, "items": items}})
    assert found == {"a": PayloadFile(b"1")}


def test_the_usual_projected_volume() -> None:
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
        {"configMap": {"name": "cfg", "items": [{"key": "a", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    assert _payload({"projected": {"sources": sources, "defaultMode": 0o640}}) == {
        "token": PayloadFile(b"tok", 0o640),
        "ca.crt": PayloadFile(b"1", 0o640),
        "namespace": PayloadFile(b"default", 0o640),
    }


def test_a_token_is_the_pods_users_alone() -> None:
    volume = {"projected": {"sources": [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}]}}
    assert _payload(volume, securityContext={"runAsUser": 7}) == {"token": PayloadFile(b"tok", 0o600, 7)}


def test_what_a_volume_is_made_of() -> None:
    sources = [{"secret": {"name": "sec"}}, {"serviceAccountToken": {"path": "t", "audience": "vault"}}]
    pod = make_pod({"volumes": [{"name": "v", "projected": {"sources": sources}}, {"name": "w", "emptyDir": {}}]})
    assert references(pod.spec.volumes[0]) == [Ref("Secret", "sec")]
    assert tokens(pod.spec.volumes[0]) == [Token("vault", 3600)]
    assert payload(pod, pod.spec.volumes[1], MATERIAL) is None

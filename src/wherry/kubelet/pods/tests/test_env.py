"""Environments: order, references, what is missing."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from wherry.kubelet.pods.env import EnvError, Ref, Sources, environment, object_data, references
from wherry.kubelet.pods.fields import Place
from wherry.kubelet.pods.tests.cases import make_pod

CONFIG = {"data": {"color": "red", "size": "9"}}
SECRET = {"data": {"pass": base64.b64encode(b"hush").decode()}}
OBJECTS = {Ref("ConfigMap", "cfg"): CONFIG, Ref("Secret", "sec"): SECRET, Ref("ConfigMap", "none"): None}
PLACE = Place("n1", ("192.0.2.1",), ("10.0.0.2", "fd00::2"), {"cpu": "2", "memory": "1Gi"})


def _make(container: dict[str, Any], services: list[tuple[str, str]] | None = None) -> dict[str, str]:
    pod = make_pod({"containers": [{"name": "app", **container}]}, metadata={"labels": {"app": "web"}})
    return environment(pod, pod.spec.containers[0], Sources(OBJECTS, PLACE, services or []))


def test_values_refer_to_what_was_defined_before() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)$(C)$$(A)"}, {"name": "C", "value": "3"}]
    assert _make({"env": env}) == {"A": "1", "B": "1$(C)$(A)", "C": "3"}


def test_later_sources_win() -> None:
    env_from = [{"prefix": "P_", "configMapRef": {"name": "cfg"}}, {"secretRef": {"name": "sec"}}]
    made = _make({"envFrom": env_from, "env": [{"name": "P_color", "value": "blue"}]}, [("SVC_HOST", "10.1.1.1")])
    assert made == {"SVC_HOST": "10.1.1.1", "P_color": "blue", "P_size": "9", "pass": "hush"}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ({"configMapKeyRef": {"name": "cfg", "key": "color"}}, "red"),
        ({"secretKeyRef": {"name": "sec", "key": "pass"}}, "hush"),
        ({"fieldRef": {"fieldPath": "metadata.name"}}, "web"),
        ({"fieldRef": {"fieldPath": "metadata.labels['app']"}}, "web"),
        ({"fieldRef": {"fieldPath": "spec.nodeName"}}, "n1"),
        ({"fieldRef": {"fieldPath": "status.podIPs"}}, "10.0.0.2,fd00::2"),
        ({"fieldRef": {"fieldPath": "status.hostIP"}}, "192.0.2.1"),
        ({"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}, "1024"),
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, "2"),
        ({"resourceFieldRef": {"resource": "requests.cpu", "divisor": "1m"}}, "0"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_sources(source: dict[str, Any], value: str) -> None:
    assert _make({"env": [{"name": "X", "valueFrom": source}]}) == {"X": value}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"configMapKeyRef": {"name": "cfg", "key": "x"}}, "couldn't find key x in ConfigMap default/cfg"),
        ({"configMapKeyRef": {"name": "none", "key": "x"}}, 'configmap "none" not found'),
        ({"secretKeyRef": {"name": "other", "key": "x"}}, 'secret "other" not found'),
        ({"fieldRef": {"fieldPath": "status.phase"}}, "unsupported fieldPath: status.phase"),
    ],
)
def test_what_is_missing_is_said(source: dict[str, Any], message: str) -> None:
    with pytest.raises(EnvError, match=message):
        _make({"env": [{"name": "X", "valueFrom": source}]})


def test_optional_values_may_be_missing() -> None:
    key = {"name": "none", "key": "x", "optional": True}
    env = [{"name": "X", "valueFrom": {"configMapKeyRef": key}}]
    env_from = [{"configMapRef": {"name": "none", "optional": True}}]
    assert _make({"env": env, "envFrom": env_from}) == {}


def test_references_are_found_before() -> None:
    env = [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "k"}}}]
    pod = make_pod({"containers": [{"name": "app", "env": env, "envFrom": [{"configMapRef": {"name": "cfg"}}]}]})
    assert references(pod.spec.containers[0]) == [Ref("ConfigMap", "cfg"), Ref("Secret", "sec")]


def test_binary_data_only_where_asked_for() -> None:
    obj = {"data": {"a": "1"}, "binaryData": {"b": "/w=="}}
    assert object_data("ConfigMap", obj) == {"a": b"1", "b": b"\xff"}
    assert object_data("ConfigMap", obj, with_binary=False) == {"a": b"1"}

"""Volumes, claims and classes for scenarios."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.core.event import EVENTS
from wherry.controllers.tests.plane import Plane


def volume(name: str, storage: str = "1Gi", **spec: Any) -> Obj:
    whole = {
        "capacity": {"storage": storage},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": f"/srv/{name}"},
        "storageClassName": "slow",
        **spec,
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": whole}


def claim(name: str = "data", storage: str = "1Gi", **spec: Any) -> Obj:
    whole = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": storage}},
        "storageClassName": "slow",
        **spec,
    }
    found = {key: value for key, value in whole.items() if value is not None}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": found}


def storage_class(name: str = "slow", provisioner: str = "example.com/disks", **rest: Any) -> Obj:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": provisioner,
        **rest,
    }


def pod(name: str = "web", claim_name: str = "data", **spec: Any) -> Obj:
    whole = {
        "containers": [{"name": "main", "image": "busybox:1"}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}],
        **spec,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": whole}


async def said(plane: Plane, name: str, namespace: str = "default") -> list[tuple[str, str, str]]:
    """The Events about an object: type, reason, message."""
    events = await plane.items(EVENTS, namespace)
    return [
        (event["type"], event["reason"], event["message"])
        for event in events
        if event["involvedObject"]["name"] == name
    ]

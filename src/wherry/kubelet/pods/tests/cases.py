"""Pods and runtimes in short form, for tables of cases."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.kubelet.pods.names import HASH, container_hash
from wherry.kubelet.runtime.model import Container, ContainerState, PodRuntime, Sandbox, SandboxState

UID = "u-1"


def make_pod(spec: Obj | None = None, **more: Any) -> Pod:
    """A pod `web` whose containers lack nothing but what a case says."""
    spec = dict(spec or {})
    spec.setdefault("containers", [{"name": "app"}])
    for field in ("containers", "initContainers"):
        spec[field] = [{"image": "img:1", **each} for each in spec.get(field, ())]
    metadata = {"name": "web", "namespace": "default", "uid": UID, "generation": 1, **more.pop("metadata", {})}
    return convert(Pod, {"metadata": metadata, "spec": spec, **more})


def make_runtime(pod: Pod, facts: Obj) -> PodRuntime:
    """`{"sandbox": "ready", "containers": [{"name": "app", "state": "running"}]}`; runs are listed newest first."""
    sandboxes = []
    if state := facts.get("sandbox"):
        ips = () if facts.get("ip") == "" else ("10.0.0.2",)
        sandboxes.append(
            Sandbox(
                id="sb",
                uid=UID,
                namespace="default",
                name="web",
                attempt=facts.get("attempt", 0),
                state=SandboxState.READY if state == "ready" else SandboxState.NOT_READY,
                ips=ips if state == "ready" else (),
            )
        )
    hashes = {each.name: container_hash(each) for each in (*pod.spec.containers, *pod.spec.init_containers)}
    containers = tuple(
        Container(
            id=each.get("id", f"{each['name']}-{each.get('attempt', 0)}"),
            sandbox_id="sb",
            name=each["name"],
            attempt=each.get("attempt", 0),
            state=ContainerState(each["state"]),
            created_at=int(each.get("created", 1) * 1e9),
            started_at=int(each.get("started", 1) * 1e9),
            finished_at=int(each.get("finished", 0) * 1e9),
            exit_code=each.get("exit", 0),
            reason=each.get("reason", ""),
            image="img:1",
            image_ref="sha256:1",
            annotations={HASH: each.get("hash", hashes.get(each["name"], ""))},
        )
        for each in facts.get("containers", ())
    )
    return PodRuntime(UID, tuple(sandboxes), containers)

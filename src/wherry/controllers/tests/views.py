"""Views for tables: Pods and Nodes from a few words."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.types.core_v1 import Node, Pod
from wherry.api.types.decoding import convert
from wherry.lib.clock import format_time

NOW = 1_700_000_000.0


def pod(name: str, **facts: Any) -> Pod:
    """`phase`, `ready` (seconds ago, or None), `created` (seconds ago), `node`, `going`, `restarts` and more."""
    metadata: Obj = {
        "name": name,
        "namespace": "default",
        "uid": f"uid-{name}",
        "labels": facts.get("labels", {"app": "web"}),
        "annotations": facts.get("annotations", {}),
        "creationTimestamp": format_time(NOW - facts.get("created", 100)),
        "finalizers": facts.get("finalizers", []),
        "ownerReferences": facts.get("owners", []),
    }
    if facts.get("going"):
        metadata["deletionTimestamp"] = format_time(NOW)
    ready = facts.get("ready")
    condition = {"type": "Ready", "status": "False" if ready is None else "True"}
    condition["lastTransitionTime"] = format_time(NOW - (ready or 0))
    status: Obj = {
        "phase": facts.get("phase", "Running" if ready is not None else "Pending"),
        "conditions": [condition, *facts.get("conditions", [])],
        "containerStatuses": [_container(facts)],
    }
    if "ip" in facts:
        status.update(podIP=facts["ip"], podIPs=[{"ip": facts["ip"]}])
    spec: Obj = {
        "containers": [{"name": "main", "image": "x", "ports": facts.get("ports", [])}],
        **facts.get("spec", {}),
    }
    if "node" in facts:
        spec["nodeName"] = facts["node"]
    return convert(Pod, {"metadata": metadata, "spec": spec, "status": status})


def node(name: str, **facts: Any) -> Node:
    """`ready` is the status of Ready; `taints`, `labels`, `conditions` as in the API."""
    conditions = list(facts.get("conditions", []))
    if facts.get("ready") is not None:
        conditions.append({"type": "Ready", "status": facts["ready"]})
    return convert(
        Node,
        {
            "metadata": {"name": name, "labels": facts.get("labels", {})},
            "spec": {"taints": facts.get("taints", []), "unschedulable": facts.get("unschedulable", False)},
            "status": {"conditions": conditions},
        },
    )


def _container(facts: dict[str, Any]) -> Obj:
    container: Obj = {"name": "main", "image": "x", "restartCount": facts.get("restarts", 0)}
    if "exit" in facts:
        finished = format_time(NOW - facts.get("ended", 0))
        container["state"] = {"terminated": {"exitCode": facts["exit"], "finishedAt": finished}}
    return container

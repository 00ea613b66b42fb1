"""A new node takes no pods until the node lifecycle controller has seen that it is ready."""

from __future__ import annotations

from wherry.apiserver.attributes import Admission, Reader

_NOT_READY = "node.kubernetes.io/not-ready"


def taint_new_nodes(admission: Admission, _: Reader) -> None:
    node = admission.obj
    if admission.operation != "CREATE" or admission.subresource or node is None:
        return
    spec = node.setdefault("spec", {})
    taints = spec.get("taints") or []
    if not any(taint.get("key") == _NOT_READY and taint.get("effect") == "NoSchedule" for taint in taints):
        spec["taints"] = [*taints, {"key": _NOT_READY, "effect": "NoSchedule"}]

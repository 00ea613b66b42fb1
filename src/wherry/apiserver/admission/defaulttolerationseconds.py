"""A pod stays five minutes on a node that is lost, unless it says otherwise."""

from __future__ import annotations

from typing import Any

from wherry.apiserver.attributes import Admission, Reader

_SECONDS = 300
_KEYS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def default_toleration_seconds(admission: Admission, _: Reader) -> None:
    pod = admission.obj
    if admission.subresource or pod is None or admission.operation not in ("CREATE", "UPDATE"):
        return
    tolerations: list[dict[str, Any]] = pod["spec"].get("tolerations") or []
    missing = [key for key in _KEYS if not any(_tolerates(toleration, key) for toleration in tolerations)]
    if missing:
        added = [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _SECONDS} for key in missing
        ]
        pod["spec"]["tolerations"] = [*tolerations, *added]


def _tolerates(toleration: dict[str, Any], key: str) -> bool:
    return toleration.get("key") in (key, None, "") and toleration.get("effect") in ("NoExecute", None, "")

"""A pod that names a RuntimeClass costs what that runtime costs, and goes where it is."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.node.runtimeclass import RUNTIMECLASSES
from wherry.apiserver.admission.refusing import forbidden
from wherry.apiserver.attributes import Admission, Reader


def runtime_class(admission: Admission, reader: Reader) -> None:
    pod = admission.obj
    if admission.operation != "CREATE" or admission.subresource or pod is None:
        return
    spec = pod["spec"]
    name = spec.get("runtimeClassName")
    if not name:
        if spec.get("overhead"):
            raise forbidden(
                admission, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
            )
        return
    item = reader.get(RUNTIMECLASSES, "", name)
    if item is None:
        raise forbidden(admission, f'pod rejected: RuntimeClass "{name}" not found')
    chosen = item.decode()
    _set_overhead(admission, spec, chosen)
    _set_scheduling(admission, spec, chosen)


def _set_overhead(admission: Admission, spec: Obj, chosen: Obj) -> None:
    overhead = (chosen.get("overhead") or {}).get("podFixed")
    given = spec.get("overhead")
    if given and given != overhead:
        raise forbidden(admission, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    if overhead:
        spec["overhead"] = overhead


def _set_scheduling(admission: Admission, spec: Obj, chosen: Obj) -> None:
    scheduling = chosen.get("scheduling") or {}
    selector = spec.get("nodeSelector") or {}
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        if selector.get(key, value) != value:
            ours, theirs = f"runtimeClass.scheduling.nodeSelector[{key}]", f"pod.spec.nodeSelector[{key}]"
            raise forbidden(admission, f"conflict: {ours} = {value}; {theirs} = {selector[key]}")
        selector = {**selector, key: value}
    if selector:
        spec["nodeSelector"] = selector
    if scheduling.get("tolerations"):
        have = spec.get("tolerations") or []
        spec["tolerations"] = [*have, *(one for one in scheduling["tolerations"] if one not in have)]

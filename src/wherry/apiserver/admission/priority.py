"""A pod's priority is a number that only its PriorityClass can give it."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.scheduling.priorityclass import PRIORITYCLASSES
from wherry.apiserver.admission.refusing import forbidden
from wherry.apiserver.attributes import Admission, Reader

_PREEMPT = "PreemptLowerPriority"
SYSTEM_CLASSES: tuple[Obj, ...] = (
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "system-node-critical"},
        "value": 2_000_001_000,
        "preemptionPolicy": _PREEMPT,
        "description": "Used for system critical pods that must not be moved from their current node.",
    },
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "system-cluster-critical"},
        "value": 2_000_000_000,
        "preemptionPolicy": _PREEMPT,
        "description": (
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."
        ),
    },
)
"""What every cluster has from the start and never loses."""
_SYSTEM_NAMES = frozenset(obj["metadata"]["name"] for obj in SYSTEM_CLASSES)


def pod_priority(admission: Admission, reader: Reader) -> None:
    pod = admission.obj
    if admission.subresource or pod is None:
        return
    spec = pod["spec"]
    if admission.operation == "UPDATE":
        _keep(spec, admission.old or {})
        return
    if admission.operation != "CREATE":
        return
    name, value, policy = _computed(admission, reader, spec.get("priorityClassName") or "")
    _refuse_difference(admission, spec.get("priority"), value, "the integer value of priority (%s)")
    _refuse_difference(admission, spec.get("preemptionPolicy"), policy, "the string value of PreemptionPolicy (%s)")
    if name:
        spec["priorityClassName"] = name
    spec["priority"] = value
    spec["preemptionPolicy"] = policy


def single_default_priority(admission: Admission, reader: Reader) -> None:
    """At most one PriorityClass is the default."""
    obj = admission.obj
    if obj is None or not obj.get("globalDefault") or admission.operation not in ("CREATE", "UPDATE"):
        return
    default = _default_class(reader)
    if default is not None and default["metadata"]["name"] != obj["metadata"].get("name"):
        name = default["metadata"]["name"]
        why = f"PriorityClass {name} is already marked as default. Only one default can exist"
        raise forbidden(admission, why)


def keep_system_classes(admission: Admission, reader: Reader) -> None:
    if admission.operation == "DELETE" and admission.name in _SYSTEM_NAMES:
        raise forbidden(admission, "this is a system priority class and cannot be deleted")


def _keep(spec: Obj, old: Obj) -> None:
    for key in ("priority", "preemptionPolicy"):
        value = (old.get("spec") or {}).get(key)
        if value is not None and spec.get(key) is None:
            spec[key] = value


def _computed(admission: Admission, reader: Reader, name: str) -> tuple[str, int, str]:
    """(class, priority, preemption policy) of a pod that names `name`."""
    if name:
        item = reader.get(PRIORITYCLASSES, "", name)
        if item is None:
            raise forbidden(admission, f"no PriorityClass with name {name} was found")
        chosen: Obj | None = item.decode()
    else:
        chosen = _default_class(reader)
    if chosen is None:
        return "", 0, _PREEMPT
    return chosen["metadata"]["name"], chosen.get("value") or 0, chosen.get("preemptionPolicy") or _PREEMPT


def _default_class(reader: Reader) -> Obj | None:
    """The default class; of several, the least."""
    defaults = [item.decode() for item in reader.list(PRIORITYCLASSES) if b'"globalDefault":true' in item.data]
    return min(
        (obj for obj in defaults if obj.get("globalDefault")), key=lambda obj: obj.get("value") or 0, default=None
    )


def _refuse_difference(admission: Admission, given: object, computed: object, what: str) -> None:
    if given is not None and given != computed:
        why = "must not be provided in pod spec; priority admission controller computed"
        raise forbidden(admission, f"{what % given} {why} {computed} from the given PriorityClass name")

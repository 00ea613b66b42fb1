"""What a Pod uses of a quota: itself, and what it asks for altogether."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from wherry.api import Obj
from wherry.api.core.quotaspec.amounts import ONE, Amount, Usage, add, largest, read
from wherry.api.core.resourcenames import DEVICE_CLASS, is_extended, is_hugepages
from wherry.lib.clock import parse_time

_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_OF_WHOLE_PODS = ("cpu", "memory")
_DEMANDED = frozenset({"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})
"""What every container has to say when a quota limits it; for all that came later nobody has to."""


def pod_usage(pod: Obj, now: float) -> Usage:
    """A Pod that has ended (or should have) counts as an object only."""
    usage = {"count/pods": ONE}
    if is_charged(pod, now):
        spec = pod.get("spec") or {}
        usage.update(_compute(_whole(spec, "requests"), _whole(spec, "limits")))
    return usage


def is_charged(pod: Obj, now: float) -> bool:
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return False
    overdue = overdue_at(pod)
    return overdue is None or now <= overdue


def overdue_at(pod: Obj) -> float | None:
    """When a Pod that is being deleted stops counting although it is still there."""
    metadata = pod["metadata"]
    deleted, grace = metadata.get("deletionTimestamp"), metadata.get("deletionGracePeriodSeconds")
    return None if not deleted or grace is None else parse_time(deleted) + grace


def unsaid(required: Collection[str], pod: Obj) -> str:
    """What containers do not say that a quota on `required` demands; "" if nothing."""
    demanded = _DEMANDED.intersection(required)
    spec = pod.get("spec") or {}
    if not demanded or _says_for_whole_pod(spec):
        return ""
    missing: dict[str, set[str]] = {}
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = container.get("resources") or {}
        said = _compute(read(resources.get("requests")), read(resources.get("limits")))
        for name in demanded - said.keys():
            missing.setdefault(name, set()).add(container["name"])
    parts = [f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing)]
    return f"must specify {'; '.join(parts)}" if parts else ""


def _compute(requests: Mapping[str, Amount], limits: Mapping[str, Amount]) -> Usage:
    """The names under which quotas know what is asked for."""
    usage: Usage = {"pods": ONE}
    for name in _COMPUTE:
        if name in requests:
            usage[name] = usage[f"requests.{name}"] = requests[name]
        if name in limits:
            usage[f"limits.{name}"] = limits[name]
    for name, amount in requests.items():
        if is_hugepages(name):
            usage[name] = usage[f"requests.{name}"] = amount
        elif is_extended(name) or name.startswith(DEVICE_CLASS):
            usage[f"requests.{name}"] = amount
    return usage


def _says_for_whole_pod(spec: Obj) -> bool:
    resources = spec.get("resources") or {}
    return any(_counts_for_whole(name) for kind in ("requests", "limits") for name in resources.get(kind) or ())


def _counts_for_whole(name: str) -> bool:
    return name in _OF_WHOLE_PODS or is_hugepages(name)


def _whole(spec: Obj, section: str) -> Usage:
    """What all containers need at once, or the greediest moment of the start if that is more; and the overhead."""
    total = _of_containers(spec, section)
    for name, amount in read((spec.get("resources") or {}).get(section)).items():
        if _counts_for_whole(name):
            total[name] = amount
    overhead = read(spec.get("overhead"))
    if section == "limits":
        overhead = {name: amount for name, amount in overhead.items() if name in total}
    add(total, overhead)
    return total


def _of_containers(spec: Obj, section: str) -> Usage:
    total: Usage = {}
    for container in spec.get("containers") or ():
        add(total, _of(container, section))
    sidecars: Usage = {}
    peak: Usage = {}
    for container in spec.get("initContainers") or ():
        moment = _of(container, section)
        if container.get("restartPolicy") == "Always":
            add(total, moment)
            add(sidecars, moment)
            moment = dict(sidecars)
        else:
            add(moment, sidecars)
        largest(peak, moment)
    largest(total, peak)
    return total


def _of(container: Obj, section: str) -> Usage:
    return read((container.get("resources") or {}).get(section))

"""A pod's requests and limits as the kernel's knobs: QoS class, CPU shares and quota, memory, OOM score. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from wherry.api.meta.quantity import ceiling, milli, parse_quantity
from wherry.api.types.core_v1 import Container, Pod
from wherry.kubelet.pods.restart import is_sidecar
from wherry.kubelet.runtime.model import Resources

CPU_PERIOD = 100_000
_MIN_SHARES, _MAX_SHARES = 2, 262_144
_MIN_QUOTA = 1_000

GUARANTEED, BURSTABLE, BEST_EFFORT = "Guaranteed", "Burstable", "BestEffort"


def milli_cpu(quantities: Mapping[str, str]) -> int:
    """Thousandths of a core, rounded up; 0 when nothing is said."""
    return milli(quantities["cpu"]) if "cpu" in quantities else 0


def byte_count(quantities: Mapping[str, str], name: str = "memory") -> int:
    return ceiling(quantities[name]) if name in quantities else 0


def requests_of(container: Container) -> Mapping[str, str]:
    return container.resources.requests if container.resources else {}


def limits_of(container: Container) -> Mapping[str, str]:
    return container.resources.limits if container.resources else {}


def qos_class(pod: Pod) -> str:
    """Guaranteed, Burstable or BestEffort, by upstream's rule over all containers (ephemeral ones do not count)."""
    asks = False
    guaranteed = True
    for container in (*pod.spec.containers, *pod.spec.init_containers):
        requests, limits = requests_of(container), limits_of(container)
        for name in ("cpu", "memory"):
            wanted = requests.get(name, limits.get(name))
            asks |= wanted is not None and parse_quantity(wanted) > 0
            if name not in limits or wanted is None or parse_quantity(wanted) != parse_quantity(limits[name]):
                guaranteed = False
    if not asks:
        return BEST_EFFORT
    return GUARANTEED if guaranteed else BURSTABLE


def cpu_shares(thousandths: int) -> int:
    return min(max(thousandths * 1024 // 1000, _MIN_SHARES), _MAX_SHARES)


def cpu_quota(thousandths: int) -> int:
    return max(thousandths * CPU_PERIOD // 1000, _MIN_QUOTA) if thousandths else 0


def container_resources(pod: Pod, container: Container, node_memory: int) -> Resources:
    """What the runtime is to enforce for one container."""
    requests, limits = requests_of(container), limits_of(container)
    share = milli_cpu(requests) if "cpu" in requests else milli_cpu(limits)
    quota = cpu_quota(milli_cpu(limits))
    return Resources(
        cpu_shares=cpu_shares(share),
        cpu_quota=quota,
        cpu_period=CPU_PERIOD,
        memory_limit=byte_count(limits),
        oom_score_adj=oom_score(pod, container, node_memory),
    )


def oom_score(pod: Pod, container: Container, node_memory: int) -> int:
    """Who dies first when the node runs out of memory: best-effort pods first, guaranteed ones last."""
    if pod.spec.priority_class_name in ("system-node-critical", "system-cluster-critical") or is_static(pod):
        return -997
    match qos_class(pod):
        case "Guaranteed":
            return -997
        case "BestEffort":
            return 1000
    score = 1000 - 1000 * byte_count(requests_of(container)) // max(node_memory, 1)
    score = max(score, 3)
    if any(each is container for each in pod.spec.init_containers) and is_sidecar(container):
        score = min(score, min((oom_score(pod, each, node_memory) for each in pod.spec.containers), default=score))
    return min(score, 999)


def is_static(pod: Pod) -> bool:
    """Whether it comes from the node itself rather than from the API."""
    return pod.metadata.annotations.get("kubernetes.io/config.source", "api") != "api"


def pod_requests(pod: Pod) -> dict[str, int]:
    """What a pod takes of the node: cpu in thousandths, everything else in units; upstream's rule with sidecars."""
    total: dict[str, int] = {}
    _add(total, (requests_of(each) for each in pod.spec.containers))
    beside: dict[str, int] = {}
    peak: dict[str, int] = {}
    for container in pod.spec.init_containers:
        own: dict[str, int] = {}
        _add(own, [requests_of(container)])
        if is_sidecar(container):
            _add(beside, [requests_of(container)])
            own = dict(beside)
        else:
            own = _sum(own, beside)
        peak = {name: max(peak.get(name, 0), own.get(name, 0)) for name in {*peak, *own}}
    total = _sum(total, beside)
    total = {name: max(total.get(name, 0), peak.get(name, 0)) for name in {*total, *peak}}
    if pod.spec.resources is not None:
        level: dict[str, int] = {}
        _add(level, [pod.spec.resources.requests])
        total |= level
    _add(total, [pod.spec.overhead])
    return total


def pod_resources(pod: Pod) -> Resources:
    """The pod's own cgroup: what its containers may use together."""
    requests = pod_requests(pod)
    limits = [limits_of(each) for each in pod.spec.containers]
    sidecars = [limits_of(each) for each in pod.spec.init_containers if is_sidecar(each)]
    everyone = [*limits, *sidecars]
    overhead = pod.spec.overhead
    quota = sum(map(milli_cpu, everyone)) if all("cpu" in each for each in everyone) else 0
    memory = sum(map(byte_count, everyone)) if all("memory" in each for each in everyone) else 0
    inits = [limits_of(each) for each in pod.spec.init_containers if not is_sidecar(each)]
    quota = max([quota, *map(milli_cpu, inits)]) if quota and all("cpu" in each for each in inits) else 0
    memory = max([memory, *map(byte_count, inits)]) if memory and all("memory" in each for each in inits) else 0
    level = pod.spec.resources.limits if pod.spec.resources else {}
    quota = milli_cpu(level) or (quota + milli_cpu(overhead) if quota else 0)
    memory = byte_count(level) or (memory + byte_count(overhead) if memory else 0)
    found = Resources(cpu_shares=cpu_shares(requests.get("cpu", 0)), memory_limit=memory)
    return replace(found, cpu_quota=cpu_quota(quota), cpu_period=CPU_PERIOD) if quota else found


def _add(total: dict[str, int], quantities: Iterable[Mapping[str, str]]) -> None:
    for each in quantities:
        for name in each:
            amount = milli_cpu(each) if name == "cpu" else byte_count(each, name)
            total[name] = total.get(name, 0) + amount


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {*one, *other}}

"""The Pods behind a Service, with the ports they serve. Pure.

Pods are found by an index of their labels, so that a change of one Pod costs no look at all others of its namespace.
"""

from __future__ import annotations

from collections.abc import Mapping

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod, Service, ServicePort
from wherry.client import Informer
from wherry.controllers.podstate import is_finished, is_ready
from wherry.controllers.selectors import matches_labels

BY_LABEL = "label"
HEADLESS_LABEL = "service.kubernetes.io/headless"
FAMILIES = {"IPv4": 4, "IPv6": 6}


def has_backends(service: Service) -> bool:
    """Whether the API keeps the endpoints of this Service; without a selector its owner does."""
    return bool(service.spec.selector) and service.spec.type != "ExternalName"


def is_headless(service: Service) -> bool:
    return service.spec.cluster_ip == "None"


def index_by_label(pods: Informer[Pod]) -> None:
    pods.add_index(BY_LABEL, _labels)


def selected(pods: Informer[Pod], service: Service) -> list[Pod]:
    """The Pods that the Service's selector picks. Needs `index_by_label`."""
    selector, namespace = service.spec.selector, service.metadata.namespace
    name, value = max(selector.items(), key=lambda item: len(item[1]))  # long values tend to be the rarer ones
    found = pods.by_index(BY_LABEL, f"{namespace}/{name}={value}")
    return [pod for pod in found if matches_labels(selector, pod.metadata.labels)]


def is_behind(service: Service, pod: Pod) -> bool:
    """Whether a Pod with an address stands behind the Service, ready or not, ending or not."""
    return not is_finished(pod) and bool(addresses(pod)) and matches_labels(service.spec.selector, pod.metadata.labels)


def addresses(pod: Pod) -> list[str]:
    return [entry.ip for entry in pod.status.pod_ips] or ([pod.status.pod_ip] if pod.status.pod_ip else [])


def address_of(pod: Pod, family: str) -> str | None:
    """The Pod's first address of a family."""
    return next((ip for ip in addresses(pod) if _version(ip) == FAMILIES[family]), None)


def families(service: Service) -> tuple[str, ...]:
    if service.spec.ip_families:
        return service.spec.ip_families
    ip = service.spec.cluster_ip
    return ("IPv6",) if ip and ip != "None" and _version(ip) == 6 else ("IPv4",)


def ports_on(service: Service, pod: Pod) -> tuple[Obj, ...]:
    """The Service's ports as this Pod serves them; a named target that the Pod does not have is left out."""
    found: list[Obj] = []
    for port in service.spec.ports:
        number = _target(port, pod)
        if number is not None:
            entry: Obj = {"name": port.name or "", "protocol": port.protocol or "TCP", "port": number}
            if port.app_protocol:
                entry["appProtocol"] = port.app_protocol
            found.append(entry)
    return tuple(found)


def hostname(service: Service, pod: Pod) -> str | None:
    """The name under which a headless Service publishes the Pod."""
    if pod.spec.hostname and pod.spec.subdomain == service.metadata.name:
        return pod.spec.hostname
    return None


def reference(pod: Pod) -> Obj:
    metadata = pod.metadata
    return {"kind": "Pod", "namespace": metadata.namespace, "name": metadata.name, "uid": metadata.uid}


def is_published_ready(service: Service, pod: Pod) -> bool:
    return bool(service.spec.publish_not_ready_addresses) or is_ready(pod)


def is_the_same(old: Pod, new: Pod) -> bool:
    """Whether nothing of a Pod has changed that endpoints depend on; what most changes change is compared first."""
    return (
        (old.metadata.deletion_timestamp is None) == (new.metadata.deletion_timestamp is None)
        and old.spec.node_name == new.spec.node_name
        and is_finished(old) == is_finished(new)
        and is_ready(old) == is_ready(new)
        and addresses(old) == addresses(new)
        and old.metadata.labels == new.metadata.labels
    )


def service_labels(service: Service) -> dict[str, str]:
    """The labels that endpoint objects inherit."""
    labels = {name: value for name, value in service.metadata.labels.items() if name != HEADLESS_LABEL}
    if is_headless(service):
        labels[HEADLESS_LABEL] = ""
    return labels


def zone_of(labels: Mapping[str, str]) -> str | None:
    return labels.get("topology.kubernetes.io/zone")


def _labels(pod: Pod) -> list[str]:
    return [f"{pod.metadata.namespace}/{name}={value}" for name, value in pod.metadata.labels.items()]


def _target(port: ServicePort, pod: Pod) -> int | None:
    target = port.target_port
    if target is None or target in (0, ""):
        return port.port
    if isinstance(target, int):
        return target
    sidecars = [container for container in pod.spec.init_containers if container.restart_policy == "Always"]
    for container in (*pod.spec.containers, *sidecars):
        for candidate in container.ports:
            if candidate.name == target and (candidate.protocol or "TCP") == (port.protocol or "TCP"):
                return candidate.container_port
    return None


def _version(ip: str) -> int:
    return 6 if ":" in ip else 4

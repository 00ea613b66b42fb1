"""The rules for a whole pod specification."""

from __future__ import annotations

from typing import Any

from wherry.api.core.podspec.containers import (
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
)
from wherry.api.core.podspec.resources import validate_pod_resources
from wherry.api.core.podspec.scheduling import (
    validate_affinity,
    validate_gates,
    validate_spreading,
    validate_tolerations,
)
from wherry.api.core.podspec.security import validate_pod_security
from wherry.api.core.podspec.volumes import validate_volumes
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.meta.labels import validate_labels
from wherry.api.meta.names import (
    dns1123_label_faults,
    dns1123_subdomain_faults,
    in_range_text,
    ip_faults,
    qualified_name_faults,
)

Faults = list[FieldError]
Spec = dict[str, Any]

RESTART_POLICIES = ("Always", "Never", "OnFailure")
DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
MAX_SECONDS = 2**31 - 1

_SUBDOMAINS = ("serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName")
_LABELS = ("hostname", "subdomain")
_RARE = frozenset(
    {
        "affinity",
        "dnsConfig",
        "hostAliases",
        "imagePullSecrets",
        "nodeSelector",
        "os",
        "preemptionPolicy",
        "readinessGates",
        "resources",
        "schedulingGates",
        "topologySpreadConstraints",
    }
)


def validate_pod_spec(spec: Spec, path: str) -> Faults:
    """Everything about a specification that has its defaults."""
    faults: Faults = []
    volumes = validate_volumes(spec.get("volumes") or (), path + ".volumes", faults)
    host_network, grace = bool(spec.get("hostNetwork")), spec.get("terminationGracePeriodSeconds") or 0
    containers = spec.get("containers") or ()
    if not containers:
        faults.append(required(path + ".containers"))
    names = validate_containers(containers, volumes, path + ".containers", host_network, grace, faults)
    if init := spec.get("initContainers"):
        validate_init_containers(init, names, volumes, path + ".initContainers", host_network, grace, faults)
    if ephemeral := spec.get("ephemeralContainers"):
        validate_ephemeral_containers(ephemeral, names, volumes, path + ".ephemeralContainers", faults)
    if spec.get("restartPolicy") not in RESTART_POLICIES:
        faults.append(not_supported(path + ".restartPolicy", spec.get("restartPolicy") or "", RESTART_POLICIES))
    if spec.get("dnsPolicy") not in DNS_POLICIES:
        faults.append(not_supported(path + ".dnsPolicy", spec.get("dnsPolicy") or "", DNS_POLICIES))
    elif spec["dnsPolicy"] == "None":
        _validate_own_dns(spec.get("dnsConfig"), path + ".dnsConfig", faults)
    _validate_names(spec, path, faults)
    validate_pod_security(spec.get("securityContext") or {}, spec, path + ".securityContext", faults)
    if tolerations := spec.get("tolerations"):
        validate_tolerations(tolerations, path + ".tolerations", faults)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= MAX_SECONDS:
        faults.append(invalid(path + ".activeDeadlineSeconds", deadline, in_range_text(1, MAX_SECONDS)))
    if not _RARE.isdisjoint(spec):
        _validate_rare(spec, path, faults)
    return faults


def _validate_names(spec: Spec, path: str, faults: Faults) -> None:
    for field in _SUBDOMAINS:
        value = spec.get(field)
        if value and (reasons := dns1123_subdomain_faults(value)):
            faults += [invalid(f"{path}.{field}", value, why) for why in reasons]
    for field in _LABELS:
        value = spec.get(field)
        if value and (reasons := dns1123_label_faults(value)):
            faults += [invalid(f"{path}.{field}", value, why) for why in reasons]


def _validate_rare(spec: Spec, path: str, faults: Faults) -> None:
    """Parts that most pods do not have."""
    if selector := spec.get("nodeSelector"):
        faults += validate_labels(selector, path + ".nodeSelector")
    if affinity := spec.get("affinity"):
        validate_affinity(affinity, path + ".affinity", faults)
    validate_spreading(spec.get("topologySpreadConstraints") or (), path + ".topologySpreadConstraints", faults)
    validate_gates(spec.get("schedulingGates") or (), path + ".schedulingGates", faults)
    if resources := spec.get("resources"):
        validate_pod_resources(resources, path + ".resources", faults)
    for index, reference in enumerate(spec.get("imagePullSecrets") or ()):
        if not reference.get("name"):
            faults.append(required(f"{path}.imagePullSecrets[{index}].name"))
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType") or ""
        reasons = qualified_name_faults(kind)
        faults += [invalid(f"{path}.readinessGates[{index}].conditionType", kind, why) for why in reasons]
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        address = alias.get("ip") or ""
        faults += [invalid(f"{path}.hostAliases[{index}].ip", address, why) for why in ip_faults(address)]
        for at, name in enumerate(alias.get("hostnames") or ()):
            where = f"{path}.hostAliases[{index}].hostnames[{at}]"
            faults += [invalid(where, name, why) for why in dns1123_subdomain_faults(name)]
    if (system := spec.get("os")) is not None and system.get("name") not in ("linux", "windows"):
        faults.append(not_supported(path + ".os.name", system.get("name") or "", ("linux", "windows")))
    policy = spec.get("preemptionPolicy")
    if policy not in (None, "Never", "PreemptLowerPriority"):
        faults.append(not_supported(path + ".preemptionPolicy", policy, ("Never", "PreemptLowerPriority")))
    if dns := spec.get("dnsConfig"):
        _validate_dns(dns, path + ".dnsConfig", faults)


def _validate_own_dns(dns: Spec | None, path: str, faults: Faults) -> None:
    if dns is None:
        faults.append(required(path, "must provide `dnsConfig` when `dnsPolicy` is None"))
    elif not dns.get("nameservers"):
        why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        faults.append(required(path + ".nameservers", why))


def _validate_dns(dns: Spec, path: str, faults: Faults) -> None:
    servers, searches = dns.get("nameservers") or (), dns.get("searches") or ()
    if len(servers) > 3:
        faults.append(invalid(path + ".nameservers", list(servers), "must not have more than 3 nameservers"))
    for index, server in enumerate(servers):
        faults += [invalid(f"{path}.nameservers[{index}]", server, why) for why in ip_faults(server)]
    if len(searches) > 32:
        faults.append(invalid(path + ".searches", list(searches), "must not have more than 32 search paths"))
    for index, option in enumerate(dns.get("options") or ()):
        if not option.get("name"):
            faults.append(required(f"{path}.options[{index}]", "must not be empty"))

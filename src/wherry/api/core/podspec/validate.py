"""The rules for a whole pod specification, in upstream's order."""

from __future__ import annotations

from typing import Any

from wherry.api.core.podspec.containers import (
    check_host_network,
    check_image,
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
)
from wherry.api.core.podspec.context import Context
from wherry.api.core.podspec.network import validate_aliases, validate_dns, validate_host_name
from wherry.api.core.podspec.resourceclaims import validate_resource_claims
from wherry.api.core.podspec.resources import validate_overhead, validate_pod_resources
from wherry.api.core.podspec.scheduling import (
    validate_affinity,
    validate_gates,
    validate_spreading,
    validate_tolerations,
)
from wherry.api.core.podspec.security import validate_host_users, validate_pod_security
from wherry.api.core.podspec.sound import Sound, content_of
from wherry.api.core.podspec.volumes import validate_volumes
from wherry.api.core.podspec.windows import validate_host_process, validate_system
from wherry.api.field import FieldError, forbidden, invalid, not_supported, required
from wherry.api.meta.labels import validate_labels
from wherry.api.meta.names import (
    dns1123_label_faults,
    dns1123_subdomain_faults,
    in_range_text,
    qualified_name_faults,
)

Faults = list[FieldError]
Spec = dict[str, Any]

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
MAX_SECONDS = 2**31 - 1

_PREEMPTION = ("PreemptLowerPriority", "Never")
_SYSTEMS = ("linux", "windows")
_EARLY_RARE = frozenset(
    {
        "affinity",
        "dnsConfig",
        "hostUsers",
        "readinessGates",
        "schedulingGates",
        "topologySpreadConstraints",
    }
)
_LATE_RARE = frozenset(
    {
        "activeDeadlineSeconds",
        "hostAliases",
        "hostname",
        "hostnameOverride",
        "os",
        "overhead",
        "preemptionPolicy",
        "runtimeClassName",
        "schedulingGroup",
        "subdomain",
    }
)


def validate_pod_spec(spec: Spec, path: str, pod_name: str | None = None) -> Faults:
    """Everything about a specification that has its defaults. `pod_name` is a pod's; templates have none."""
    content = content_of(spec)
    sound = _SOUND_TEMPLATES if pod_name is None else _SOUND_PODS
    if content in sound:
        return []
    faults = _validate(spec, path, pod_name)
    if not faults and _NAMED_AFTER_POD not in content:
        sound.add(content)
    return faults


_SOUND_PODS, _SOUND_TEMPLATES = Sound(), Sound()
_NAMED_AFTER_POD = b'"ephemeral":'
"""Volumes that become claims with the pod's name: what is sound for one pod may not be for another."""


def _validate(spec: Spec, path: str, pod_name: str | None) -> Faults:
    faults: Faults = []
    is_pod = pod_name is not None
    volumes = validate_volumes(spec.get("volumes") or (), path + ".volumes", pod_name, faults)
    claims: dict[str, None] = {}
    if "resourceClaims" in spec:
        claims = validate_resource_claims(spec["resourceClaims"], path + ".resourceClaims", faults)
    context = Context(
        faults,
        volumes,
        claims,
        spec.get("terminationGracePeriodSeconds") or 0,
        spec.get("restartPolicy") or "",
        spec.get("hostUsers") is not False,
        is_pod,
        (spec.get("os") or {}).get("name") or "",
    )
    containers = spec.get("containers") or ()
    names = validate_containers(containers, path + ".containers", context)
    if init := spec.get("initContainers"):
        validate_init_containers(init, names, path + ".initContainers", context)
    if ephemeral := spec.get("ephemeralContainers"):
        validate_ephemeral_containers(ephemeral, names, path + ".ephemeralContainers", context)
    if spec.get("resources"):
        validate_pod_resources(spec, path + ".resources", faults)
    if spec.get("hostNetwork"):
        check_host_network(containers, path + ".containers", is_pod, faults)
    if spec.get("restartPolicy") not in RESTART_POLICIES:
        faults.append(not_supported(path + ".restartPolicy", spec.get("restartPolicy") or "", RESTART_POLICIES))
    if spec.get("dnsPolicy") not in DNS_POLICIES:
        faults.append(not_supported(path + ".dnsPolicy", spec.get("dnsPolicy") or "", DNS_POLICIES))
    if selector := spec.get("nodeSelector"):
        faults += validate_labels(selector, path + ".nodeSelector")
    validate_pod_security(spec.get("securityContext") or {}, spec, path + ".securityContext", faults)
    if not _EARLY_RARE.isdisjoint(spec) or spec.get("dnsPolicy") == "None":
        _validate_early_rare(spec, path, faults)
    validate_host_process(spec, path, faults)
    if spec.get("hostUsers") is False:
        validate_host_users(spec, path, faults)
    _validate_names(spec, ("serviceAccountName", "nodeName"), path, faults)
    if not _LATE_RARE.isdisjoint(spec):
        _validate_late_rare(spec, path, faults)
    if tolerations := spec.get("tolerations"):
        validate_tolerations(tolerations, path + ".tolerations", faults)
    _validate_names(spec, ("priorityClassName",), path, faults)
    if is_pod:
        _validate_pod_only(spec, path, faults)
    return faults


def _validate_names(spec: Spec, fields: tuple[str, ...], path: str, faults: Faults) -> None:
    for field in fields:
        value = spec.get(field)
        if value and (reasons := dns1123_subdomain_faults(value)):
            faults += [invalid(f"{path}.{field}", value, why) for why in reasons]


def _validate_early_rare(spec: Spec, path: str, faults: Faults) -> None:
    if affinity := spec.get("affinity"):
        validate_affinity(affinity, path + ".affinity", faults)
    validate_dns(spec.get("dnsConfig"), spec.get("dnsPolicy") or "", path + ".dnsConfig", faults)
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType") or ""
        reasons = qualified_name_faults(kind)
        faults += [invalid(f"{path}.readinessGates[{index}].conditionType", kind, why) for why in reasons]
    validate_gates(spec.get("schedulingGates") or (), path + ".schedulingGates", faults)
    validate_spreading(spec.get("topologySpreadConstraints") or (), path + ".topologySpreadConstraints", faults)


def _validate_late_rare(spec: Spec, path: str, faults: Faults) -> None:
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= MAX_SECONDS:
        faults.append(invalid(path + ".activeDeadlineSeconds", deadline, in_range_text(1, MAX_SECONDS)))
    for field in ("hostname", "subdomain"):
        if value := spec.get(field):
            faults += [invalid(f"{path}.{field}", value, why) for why in dns1123_label_faults(value)]
    validate_host_name(spec, path, faults)
    validate_aliases(spec.get("hostAliases") or (), path + ".hostAliases", faults)
    if (runtime := spec.get("runtimeClassName")) is not None:
        faults += [invalid(path + ".runtimeClassName", runtime, why) for why in dns1123_subdomain_faults(runtime)]
    policy = spec.get("preemptionPolicy")
    if policy is not None and policy not in _PREEMPTION:
        faults.append(not_supported(path + ".preemptionPolicy", policy, _PREEMPTION))
    if overhead := spec.get("overhead"):
        validate_overhead(overhead, path + ".overhead", faults)
    if (system := spec.get("os")) is not None:
        _validate_os(spec, system.get("name") or "", path, faults)
    if (group := spec.get("schedulingGroup")) is not None:
        name = group.get("podGroupName") or ""
        where = path + ".schedulingGroup.podGroupName"
        faults += [invalid(where, name, why) for why in dns1123_subdomain_faults(name)] if name else [required(where)]


def _validate_os(spec: Spec, system: str, path: str, faults: Faults) -> None:
    if not system:
        faults.append(required(path + ".os.name", "cannot be empty"))
    elif system not in _SYSTEMS:
        faults.append(not_supported(path + ".os", system, _SYSTEMS))
    else:
        validate_system(spec, system, path, faults)


def _validate_pod_only(spec: Spec, path: str, faults: Faults) -> None:
    """What templates may leave open."""
    if not spec.get("serviceAccountName"):
        for index, volume in enumerate(spec.get("volumes") or ()):
            for at, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
                if "serviceAccountToken" in source:
                    where = f"{path}.volumes[{index}].projected.sources[{at}].serviceAccountToken"
                    faults.append(forbidden(where, "must not be specified when serviceAccountName is not set"))
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            check_image(container, path, field, index, faults)

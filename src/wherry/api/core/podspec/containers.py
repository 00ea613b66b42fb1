"""Rules for containers of all three sorts: regular, init (sidecars among them) and ephemeral."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from wherry.api.core.podspec.probes import validate_lifecycle, validate_probes
from wherry.api.core.podspec.resources import validate_resources
from wherry.api.core.podspec.security import validate_container_security
from wherry.api.core.podspec.volumes import validate_config_key, validate_field_path, validate_mounts
from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_found, not_supported, required
from wherry.api.meta.names import (
    dns1123_label_faults,
    env_name_faults,
    in_range_text,
    ip_faults,
    port_name_faults,
)

Faults = list[FieldError]
Part = dict[str, Any]

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
PROTOCOLS = ("SCTP", "TCP", "UDP")
_MESSAGE_POLICIES = ("FallbackToLogsOnError", "File")
_RESTART_POLICIES = ("Always", "Never", "OnFailure")
_ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_CONTAINER_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_RESIZE_POLICIES = ("NotRequired", "RestartContainer")
_EPHEMERAL_FORBIDDEN = ("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resizePolicy")
_INIT_TEXT = "may not be set for init containers without restartPolicy=Always"


def validate_containers(
    containers: Sequence[Part], volumes: dict[str, Part], path: str, host_network: bool, grace: int, faults: Faults
) -> set[str]:
    """Regular containers; returns their names."""
    names: set[str] = set()
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        _validate_common(container, volumes, where, host_network, faults)
        _validate_name(container, names, where, faults)
        _validate_active(container, where, grace, faults)
    check_host_ports(containers, path, faults)
    return names


def validate_init_containers(
    containers: Sequence[Part],
    names: set[str],
    volumes: dict[str, Part],
    path: str,
    host_network: bool,
    grace: int,
    faults: Faults,
) -> None:
    """Init containers; those that restart always (sidecars) may do what regular ones may."""
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        _validate_common(container, volumes, where, host_network, faults)
        _validate_name(container, names, where, faults)
        if container.get("restartPolicy") == "Always":
            _validate_active(container, where, grace, faults)
            continue
        for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(field) is not None:
                faults.append(forbidden(f"{where}.{field}", _INIT_TEXT))
        _validate_restart(container, where, faults)
        check_host_ports([container], path, faults, index)


def validate_ephemeral_containers(
    containers: Sequence[Part], names: set[str], volumes: dict[str, Part], path: str, faults: Faults
) -> None:
    """Containers that are added to a running pod to look around."""
    targets = frozenset(names)
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        _validate_common(container, volumes, where, False, faults)
        _validate_name(container, names, where, faults)
        target = container.get("targetContainerName")
        if target and target not in targets:
            faults.append(not_found(where + ".targetContainerName", target))
        for field in _EPHEMERAL_FORBIDDEN:
            if container.get(field):
                faults.append(forbidden(f"{where}.{field}", "cannot be set for an Ephemeral Container"))
        if container.get("resources"):
            faults.append(forbidden(where + ".resources", "cannot be set for an Ephemeral Container"))
        for at, mount in enumerate(container.get("volumeMounts") or ()):
            for field in ("subPath", "subPathExpr"):
                if mount.get(field):
                    why = "cannot be set for an Ephemeral Container"
                    faults.append(forbidden(f"{where}.volumeMounts[{at}].{field}", why))


def _validate_name(container: Part, names: set[str], path: str, faults: Faults) -> None:
    name = container.get("name") or ""
    if name in names and name:
        faults.append(duplicate(path + ".name", name))
    names.add(name)


def _validate_common(container: Part, volumes: dict[str, Part], path: str, host_network: bool, faults: Faults) -> None:
    name, image = container.get("name") or "", container.get("image") or ""
    if not name:
        faults.append(required(path + ".name"))
    elif reasons := dns1123_label_faults(name):
        faults += [invalid(path + ".name", name, why) for why in reasons]
    if not image:
        faults.append(required(path + ".image"))
    elif image != image.strip():
        faults.append(invalid(path + ".image", image, "must not have leading or trailing whitespace"))
    if container.get("terminationMessagePolicy") not in _MESSAGE_POLICIES:
        value = container.get("terminationMessagePolicy") or ""
        faults.append(not_supported(path + ".terminationMessagePolicy", value, _MESSAGE_POLICIES))
    if container.get("imagePullPolicy") not in PULL_POLICIES:
        value = container.get("imagePullPolicy") or ""
        faults.append(not_supported(path + ".imagePullPolicy", value, PULL_POLICIES))
    if ports := container.get("ports"):
        _validate_ports(ports, path + ".ports", host_network, faults)
    if env := container.get("env"):
        _validate_env(env, path + ".env", faults)
    if sources := container.get("envFrom"):
        _validate_env_from(sources, path + ".envFrom", faults)
    if "volumeMounts" in container or "volumeDevices" in container:
        validate_mounts(container, volumes, path, faults)
    validate_resources(container.get("resources"), path + ".resources", faults)
    if context := container.get("securityContext"):
        validate_container_security(context, path + ".securityContext", faults)
    for index, policy in enumerate(container.get("resizePolicy") or ()):
        _validate_resize(policy, f"{path}.resizePolicy[{index}]", faults)


def _validate_resize(policy: Part, path: str, faults: Faults) -> None:
    if policy.get("resourceName") not in ("cpu", "memory"):
        faults.append(not_supported(path, policy.get("resourceName") or "", ("cpu", "memory")))
    if policy.get("restartPolicy") not in _RESIZE_POLICIES:
        faults.append(not_supported(path, policy.get("restartPolicy") or "", _RESIZE_POLICIES))


def _validate_active(container: Part, path: str, grace: int, faults: Faults) -> None:
    """What only containers that keep running can have."""
    if lifecycle := container.get("lifecycle"):
        validate_lifecycle(lifecycle, path + ".lifecycle", grace, faults)
    validate_probes(container, path, faults)
    _validate_restart(container, path, faults)


def _validate_restart(container: Part, path: str, faults: Faults) -> None:
    policy = container.get("restartPolicy")
    if policy is not None and policy not in _RESTART_POLICIES:
        faults.append(not_supported(path + ".restartPolicy", policy, _RESTART_POLICIES))
    if container.get("restartPolicyRules") and policy is None:
        faults.append(required(path + ".restartPolicy", "must specify restartPolicy when restart rules are used"))


def _validate_ports(ports: Sequence[Part], path: str, host_network: bool, faults: Faults) -> None:
    names: set[str] = set()
    for index, port in enumerate(ports):
        where = f"{path}[{index}]"
        if name := port.get("name"):
            if reasons := port_name_faults(name):
                faults += [invalid(where + ".name", name, why) for why in reasons]
            elif name in names:
                faults.append(duplicate(where + ".name", name))
            names.add(name)
        number, host_port = port.get("containerPort") or 0, port.get("hostPort") or 0
        if not number:
            faults.append(required(where + ".containerPort"))
        elif not 1 <= number <= 65535:
            faults.append(invalid(where + ".containerPort", number, in_range_text(1, 65535)))
        if host_port and not 1 <= host_port <= 65535:
            faults.append(invalid(where + ".hostPort", host_port, in_range_text(1, 65535)))
        elif host_network and host_port != number:
            why = "must match `hostPort` when `hostNetwork` is true"
            faults.append(invalid(where + ".containerPort", number, why))
        if port.get("protocol") not in PROTOCOLS:
            faults.append(not_supported(where + ".protocol", port.get("protocol") or "", PROTOCOLS))
        if host_ip := port.get("hostIP"):
            faults += [invalid(where + ".hostIP", host_ip, why) for why in ip_faults(host_ip)]


def check_host_ports(containers: Iterable[Part], path: str, faults: Faults, first: int = 0) -> None:
    """No two ports of a pod may claim the same port of its node."""
    taken: set[str] = set()
    for index, container in enumerate(containers, first):
        for at, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            claim = f"{port.get('protocol')}/{port.get('hostIP') or ''}/{port['hostPort']}"
            if claim in taken:
                faults.append(duplicate(f"{path}[{index}].ports[{at}].hostPort", claim))
            taken.add(claim)


def _validate_env(env: Sequence[Part], path: str, faults: Faults) -> None:
    for index, variable in enumerate(env):
        name = variable.get("name") or ""
        if not name:
            faults.append(required(f"{path}[{index}].name"))
        elif reasons := env_name_faults(name):
            faults += [invalid(f"{path}[{index}].name", name, why) for why in reasons]
        source = variable.get("valueFrom")
        if source is not None:
            _validate_env_source(variable, source, f"{path}[{index}].valueFrom", faults)


def _validate_env_source(variable: Part, source: Part, path: str, faults: Faults) -> None:
    for kind, reference in source.items():
        where = f"{path}.{kind}"
        if kind == "fieldRef":
            validate_field_path(reference, _ENV_FIELDS, where, faults)
        elif kind == "resourceFieldRef":
            _validate_resource_field(reference, where, faults)
        elif kind in ("configMapKeyRef", "secretKeyRef"):
            validate_config_key(reference.get("key") or "", where + ".key", faults)
    if not source:
        why = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        faults.append(invalid(path, "", why))
    if variable.get("value"):
        faults.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(source) > 1:
        faults.append(invalid(path, "", "may not have more than one field specified at a time"))


def _validate_resource_field(reference: Part, path: str, faults: Faults) -> None:
    resource = reference.get("resource") or ""
    if not resource:
        faults.append(required(path + ".resource"))
    elif resource not in _CONTAINER_RESOURCES and not resource.partition(".")[2].startswith("hugepages-"):
        faults.append(not_supported(path + ".resource", resource, _CONTAINER_RESOURCES))


def _validate_env_from(sources: Sequence[Part], path: str, faults: Faults) -> None:
    for index, source in enumerate(sources):
        where = f"{path}[{index}]"
        if prefix := source.get("prefix"):
            faults += [invalid(where + ".prefix", prefix, why) for why in env_name_faults(prefix)]
        found = [kind for kind in ("configMapRef", "secretRef") if source.get(kind) is not None]
        for kind in found:
            if not source[kind].get("name"):
                faults.append(required(f"{where}.{kind}.name"))
        if not found:
            faults.append(invalid(where, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(found) > 1:
            faults.append(invalid(where, "", "may not have more than one field specified at a time"))

"""Rules for containers of all three sorts: regular, init (sidecars among them) and ephemeral."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from wherry.api.core.podspec.context import Context
from wherry.api.core.podspec.env import validate_env, validate_env_from
from wherry.api.core.podspec.mounts import validate_mounts
from wherry.api.core.podspec.probes import validate_lifecycle, validate_probes
from wherry.api.core.podspec.resources import validate_resources
from wherry.api.core.podspec.restarts import validate_resize_policy, validate_restart
from wherry.api.core.podspec.security import validate_container_security
from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_found, not_supported, required
from wherry.api.meta.names import dns1123_label_faults, in_range_text, port_name_faults

Faults = list[FieldError]
Part = dict[str, Any]

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
PROTOCOLS = ("SCTP", "TCP", "UDP")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_EPHEMERAL_FORBIDDEN = (
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)
_EPHEMERAL_TEXT = "cannot be set for an Ephemeral Container"
_INIT_TEXT = "may not be set for init containers without restartPolicy=Always"


def validate_containers(containers: Sequence[Part], path: str, context: Context) -> set[str]:
    """Regular containers; returns their names."""
    names: set[str] = set()
    if not containers:
        context.faults.append(required(path))
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        _validate_common(container, where, context)
        _validate_name(container, names, where, context.faults)
        _validate_active(container, where, context)
        validate_restart(container, where, context.faults)
    check_host_ports(containers, path, context.faults)
    return names


def validate_init_containers(containers: Sequence[Part], names: set[str], path: str, context: Context) -> None:
    """Init containers; those that restart always (sidecars) may do what regular ones may."""
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        _validate_common(container, where, context)
        validate_restart(container, where, context.faults)
        _validate_name(container, names, where, context.faults)
        check_host_ports([container], path, context.faults)
        if container.get("restartPolicy") == "Always":
            _validate_active(container, where, context)
            continue
        for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(field) is not None:
                context.faults.append(forbidden(f"{where}.{field}", _INIT_TEXT))


def validate_ephemeral_containers(containers: Sequence[Part], names: set[str], path: str, context: Context) -> None:
    """Containers that are added to a running pod to look around."""
    faults, targets = context.faults, frozenset(names)
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        _validate_common(container, where, context)
        check_image(container, path.rpartition(".")[0], "ephemeralContainers", index, faults)
        _validate_name(container, names, where, faults)
        target = container.get("targetContainerName")
        if target and target not in targets:
            faults.append(not_found(where + ".targetContainerName", target))
        for field in _EPHEMERAL_FORBIDDEN:
            if container.get(field):
                faults.append(forbidden(f"{where}.{field}", _EPHEMERAL_TEXT))
        for at, mount in enumerate(container.get("volumeMounts") or ()):
            for field in ("subPath", "subPathExpr"):
                if mount.get(field):
                    faults.append(forbidden(f"{where}.volumeMounts[{at}].{field}", _EPHEMERAL_TEXT))


def check_image(container: Part, path: str, field: str, index: int, faults: Faults) -> None:
    """What is asked of a pod's image, while a template's may still be a word for something to come."""
    image = container.get("image") or ""
    if image != image.strip():
        where = f"{path}.{field}[{index}].image"
        faults.append(invalid(where, image, "must not have leading or trailing whitespace"))


def _validate_name(container: Part, names: set[str], path: str, faults: Faults) -> None:
    name = container.get("name") or ""
    if name in names:
        faults.append(duplicate(path + ".name", name))
    elif name:
        names.add(name)


def _validate_common(container: Part, path: str, context: Context) -> None:
    faults = context.faults
    name = container.get("name") or ""
    if not name:
        faults.append(required(path + ".name"))
    elif reasons := dns1123_label_faults(name):
        faults += [invalid(path + ".name", name, why) for why in reasons]
    if not container.get("image"):
        faults.append(required(path + ".image"))
    policy = container.get("terminationMessagePolicy")
    if policy not in _MESSAGE_POLICIES:
        faults.append(not_supported(path + ".terminationMessagePolicy", policy or "", _MESSAGE_POLICIES))
    if ports := container.get("ports"):
        _validate_ports(ports, path + ".ports", faults)
    if env := container.get("env"):
        validate_env(env, path + ".env", faults)
    if sources := container.get("envFrom"):
        validate_env_from(sources, path + ".envFrom", faults)
    if "volumeMounts" in container or "volumeDevices" in container:
        validate_mounts(container, context.volumes, path, faults)
    policy = container.get("imagePullPolicy")
    if policy not in PULL_POLICIES:
        faults.append(not_supported(path + ".imagePullPolicy", policy or "", PULL_POLICIES))
    if resources := container.get("resources"):
        validate_resources(resources, context.claims, path + ".resources", faults)
    if policies := container.get("resizePolicy"):
        validate_resize_policy(policies, path + ".resizePolicy", context.restart_policy, faults)
    if security := container.get("securityContext"):
        validate_container_security(security, path + ".securityContext", context.host_users, faults)


def _validate_active(container: Part, path: str, context: Context) -> None:
    """What only containers that keep running can have."""
    if lifecycle := container.get("lifecycle"):
        validate_lifecycle(lifecycle, path + ".lifecycle", context, context.faults)
    validate_probes(container, path, context.faults)


def _validate_ports(ports: Sequence[Part], path: str, faults: Faults) -> None:
    names: set[str] = set()
    for index, port in enumerate(ports):
        if name := port.get("name"):
            if reasons := port_name_faults(name):
                faults += [invalid(f"{path}[{index}].name", name, why) for why in reasons]
            elif name in names:
                faults.append(duplicate(f"{path}[{index}].name", name))
            names.add(name)
        number, host_port = port.get("containerPort") or 0, port.get("hostPort") or 0
        if not number:
            faults.append(required(f"{path}[{index}].containerPort"))
        elif not 1 <= number <= 65535:
            faults.append(invalid(f"{path}[{index}].containerPort", number, in_range_text(1, 65535)))
        if host_port and not 1 <= host_port <= 65535:
            faults.append(invalid(f"{path}[{index}].hostPort", host_port, in_range_text(1, 65535)))
        if port.get("protocol") not in PROTOCOLS:
            faults.append(not_supported(f"{path}[{index}].protocol", port.get("protocol") or "", PROTOCOLS))


def check_host_ports(containers: Iterable[Part], path: str, faults: Faults) -> None:
    """No two ports of a pod may claim the same port of its node."""
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for at, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            claim = f"{port.get('protocol')}/{port.get('hostIP') or ''}/{port['hostPort']}"
            if claim in taken:
                faults.append(duplicate(f"{path}[{index}].ports[{at}].hostPort", claim))
            taken.add(claim)


def check_host_network(containers: Sequence[Part], path: str, is_pod: bool, faults: Faults) -> None:
    """On its node's own network a pod cannot have a port under another number."""
    for index, container in enumerate(containers):
        for at, port in enumerate(container.get("ports") or ()):
            host_port = port.get("hostPort") or 0
            if (is_pod or host_port) and host_port != (port.get("containerPort") or 0):
                why = "must match `containerPort` when `hostNetwork` is true"
                faults.append(invalid(f"{path}[{index}].ports[{at}].hostPort", host_port, why))

"""What is allowed but hardly meant: shown to the writer, refused to nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.meta.quantity import parse_quantity

Spec = dict[str, Any]

DEPRECATED_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}
_DEPRECATED_VOLUMES = {
    "gitRepo": "deprecated in v1.11",
    "glusterfs": "deprecated in v1.25, this feature is no longer supported",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageOS": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}


def warn(new: Obj, old: Obj | None) -> Sequence[str]:
    """Of a pod; one that exists has been warned about, and its specification hardly changes."""
    return warn_of_spec(new["spec"], "spec") if old is None else ()


def warn_of_template(template: Obj | None, old: Obj | None, path: str) -> Sequence[str]:
    """Of a workload's template, when it is new or has changed."""
    spec = (template or {}).get("spec")
    if not spec or (old is not None and (old.get("spec") or {}) == spec):
        return ()
    return warn_of_spec(spec, path + ".spec")


def warn_of_spec(spec: Spec, path: str) -> list[str]:
    """Of a pod's specification, wherever it stands."""
    found: list[str] = []
    for key in spec.get("nodeSelector") or ():
        if why := DEPRECATED_NODE_LABELS.get(key):
            found.append(f"{path}.nodeSelector[{key}]: {why}")
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            if "env" in container or "ports" in container or container.get("resources"):
                found += _of_container(container, f"{path}.{field}[{index}]")
    for index, volume in enumerate(spec.get("volumes") or ()):
        found += [f"{path}.volumes[{index}].{k}: {_DEPRECATED_VOLUMES[k]}" for k in volume if k in _DEPRECATED_VOLUMES]
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        why = "must be >= 0; negative values are invalid and will be treated as 1"
        found.append(f"{path}.terminationGracePeriodSeconds: {why}")
    if secrets := spec.get("imagePullSecrets"):
        found += _of_pull_secrets(secrets, path + ".imagePullSecrets")
    return found


def _of_container(container: Spec, path: str) -> Iterator[str]:
    names: set[str] = set()
    for index, variable in enumerate(container.get("env") or ()):
        name = variable.get("name") or ""
        if name in names:
            yield f'{path}.env[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        names.add(name)
    ports: dict[tuple[Any, ...], int] = {}
    for index, port in enumerate(container.get("ports") or ()):
        key = (port.get("containerPort"), port.get("protocol"), port.get("hostPort"), port.get("hostIP"))
        if key in ports:
            yield f"{path}.ports[{index}]: duplicate port definition with {path}.ports[{ports[key]}]"
        ports.setdefault(key, index)
    resources = container.get("resources") or {}
    for kind in ("limits", "requests"):
        for name in ("memory", "ephemeral-storage"):
            text = (resources.get(kind) or {}).get(name)
            if text is not None and text.endswith(("m", "u", "n")) and parse_quantity(text) % 1:
                why = f'fractional byte value "{text}" is invalid, must be an integer'
                yield f"{path}.resources.{kind}[{name}]: {why}"


def _of_pull_secrets(secrets: Sequence[Spec], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, secret in enumerate(secrets):
        name = secret.get("name") or ""
        if not name:
            yield f'{path}[{index}].name: invalid empty name ""'
        elif name in seen:
            yield f'{path}[{index}].name: duplicate name "{name}"'
        seen.add(name)

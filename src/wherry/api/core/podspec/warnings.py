"""What is allowed but hardly meant: shown to the writer, refused to nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.core.claimspec import warn_of_claim_spec
from wherry.api.core.podspec.overlaps import warn_of_overlaps
from wherry.api.core.podspec.sound import Sound, content_of
from wherry.api.meta.names import label_value_faults
from wherry.api.meta.quantity import parse_quantity

Spec = dict[str, Any]

DEPRECATED_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}
DEPRECATED_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_DEPRECATED_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP = "container.seccomp.security.alpha.kubernetes.io/"
_NO_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_NO_APP_ARMOR = 'deprecated since v1.30; use the "appArmorProfile" field instead'
_MATCHES_NOTHING = "a null labelSelector results in matching no pod"
_BYTES = ("memory", "ephemeral-storage")
_SMALL = ("m", "u", "n")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def warn(new: Obj, old: Obj | None) -> Sequence[str]:
    """Of a pod; one that exists has been warned about, and its specification hardly changes."""
    return _of_pod(new["spec"], new["metadata"].get("annotations") or {}) if old is None else ()


def _of_pod(spec: Spec, annotations: Mapping[str, str]) -> Sequence[str]:
    content = b"" if annotations else content_of(spec)
    if content in _SOUND:
        return ()
    warnings = list(_of_all(spec, annotations, ""))
    if not warnings:
        _SOUND.add(content)
    return warnings


_SOUND = Sound()
"""What nobody needs to be warned of, where nothing is noted at its side."""


def warn_of_template(template: Obj | None, old: Obj | None, path: str) -> Sequence[str]:
    """Of a workload's template, when it is new or has changed."""
    spec = (template or {}).get("spec")
    if not template or not spec or old == template:
        return ()
    return list(_of_all(spec, (template.get("metadata") or {}).get("annotations") or {}, path + "."))


def _of_all(spec: Spec, annotations: Mapping[str, str], base: str) -> Iterator[str]:
    """Of a specification at `<base>spec` and what is noted at its side."""
    path = base + "spec"
    containers = list(_containers(spec, path))
    yield from _of_placement(spec, path + ".")
    if annotations:
        yield from (_noted(base, key, why) for key, why in _DEPRECATED_ANNOTATIONS.items() if key in annotations)
    if volumes := spec.get("volumes"):
        yield from _of_volumes(volumes, path + ".volumes")
        yield from warn_of_overlaps(volumes)
    if aliases := spec.get("hostAliases"):
        yield from _repeated(aliases, "ip", path + ".hostAliases")
    if secrets := spec.get("imagePullSecrets"):
        yield from _of_pull_secrets(secrets, path + ".imagePullSecrets")
    if overhead := spec.get("overhead"):
        yield from _fractions(overhead, path + ".overhead")
    if annotations:
        yield from _of_profiles(spec, annotations, base, [container for container, _ in containers])
    for container, where in containers:
        if "env" in container or container.get("resources"):
            yield from _of_container(container, where)
    yield from _of_ports(containers)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        why = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{path}.terminationGracePeriodSeconds: {why}"
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        if terms := affinity.get(kind):
            yield from _of_pod_affinity(terms, f"{path}.affinity.{kind}")


def _of_placement(spec: Spec, base: str) -> Iterator[str]:
    """Of where the pod is to run."""
    for key in spec.get("nodeSelector") or ():
        if why := DEPRECATED_NODE_LABELS.get(key):
            yield f"{base}nodeSelector[{key}]: {why}"
    if node := (spec.get("affinity") or {}).get("nodeAffinity"):
        yield from _of_node_affinity(node, base + "affinity.nodeAffinity")
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        yield from _of_constraint(constraint, f"{base}topologySpreadConstraints[{index}]")


def _containers(spec: Spec, path: str) -> Iterator[tuple[Spec, str]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield container, f"{path}.{field}[{index}]"


def _noted(base: str, key: str, why: str) -> str:
    return f"{base}metadata.annotations[{key}]: {why}"


def _of_node_affinity(affinity: Spec, path: str) -> Iterator[str]:
    for index, term in enumerate((affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        yield from warn_of_node_term(term, f"{path}.{_REQUIRED}.nodeSelectorTerms[{index}]")
    for index, term in enumerate(affinity.get(_PREFERRED) or ()):
        where = f"{path}.{_PREFERRED}[{index}].preference"
        yield from warn_of_node_term(term.get("preference") or {}, where, judges_values=True)


def warn_of_node_term(term: Spec, path: str, judges_values: bool = False) -> Iterator[str]:
    """Of labels of nodes that got other names, and of values that no label has."""
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        where = f"{path}.matchExpressions[{index}]"
        key = expression.get("key") or ""
        if why := DEPRECATED_NODE_LABELS.get(key):
            yield f"{where}.key: {key} is {why}"
        for at, value in enumerate((expression.get("values") or ()) if judges_values else ()):
            for why in label_value_faults(value):
                yield f"{where}.values[{at}]: {value} is invalid, {why}"


def _of_constraint(constraint: Spec, path: str) -> Iterator[str]:
    key = constraint.get("topologyKey") or ""
    if why := DEPRECATED_NODE_LABELS.get(key):
        yield f"{path}.topologyKey: {key} is {why}"
    if constraint.get("labelSelector") is None:
        yield f"{path}.labelSelector: {_MATCHES_NOTHING}"


def _of_pod_affinity(affinity: Spec, path: str) -> Iterator[str]:
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        if term.get("labelSelector") is None:
            yield f"{path}.{_REQUIRED}[{index}].labelSelector: {_MATCHES_NOTHING}"
    for index, term in enumerate(affinity.get(_PREFERRED) or ()):
        if (term.get("podAffinityTerm") or {}).get("labelSelector") is None:
            yield f"{path}.{_PREFERRED}[{index}].podAffinityTerm.labelSelector: {_MATCHES_NOTHING}"


def _of_volumes(volumes: Sequence[Spec], path: str) -> Iterator[str]:
    for index, volume in enumerate(volumes):
        for kind in volume:
            if why := DEPRECATED_VOLUMES.get(kind):
                yield f"{path}[{index}].{'storageOS' if kind == 'storageos' else kind}: {why}"
        template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
        if template is not None:
            where = f"{path}[{index}].ephemeral.volumeClaimTemplate.spec"
            yield from warn_of_claim_spec(template.get("spec") or {}, where)


def _repeated(items: Sequence[Spec], field: str, path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        value = item.get(field) or ""
        if value in seen:
            yield f'{path}[{index}].{field}: duplicate {field} "{value}"'
        seen.add(value)


def _of_pull_secrets(secrets: Sequence[Spec], path: str) -> Iterator[str]:
    yield from _repeated(secrets, "name", path)
    for index, secret in enumerate(secrets):
        if not secret.get("name"):
            yield f'{path}[{index}].name: invalid empty name ""'


def _of_profiles(spec: Spec, annotations: Mapping[str, str], base: str, containers: Sequence[Spec]) -> Iterator[str]:
    """Of profiles that are only noted. AppArmor's are still read, so pods themselves are not warned of."""
    context = spec.get("securityContext") or {}
    if _SECCOMP_POD in annotations and context.get("seccompProfile") is None:
        yield _noted(base, _SECCOMP_POD, _NO_SECCOMP)
    for container in containers:
        own, name = container.get("securityContext") or {}, container.get("name") or ""
        if _SECCOMP + name in annotations and own.get("seccompProfile") is None:
            yield _noted(base, _SECCOMP + name, _NO_SECCOMP)
        has_field = any(each.get("appArmorProfile") is not None for each in (context, own))
        if base and _APP_ARMOR + name in annotations and not has_field:
            yield _noted(base, _APP_ARMOR + name, _NO_APP_ARMOR)


def _fractions(amounts: Mapping[str, str], path: str) -> Iterator[str]:
    for name in _BYTES:
        text = amounts.get(name)
        if text is not None and text[-1:] in _SMALL and parse_quantity(text) % 1:
            yield f'{path}[{name}]: fractional byte value "{text}" is invalid, must be an integer'


def _of_container(container: Spec, path: str) -> Iterator[str]:
    resources = container.get("resources") or {}
    for name in _BYTES:
        for kind in ("limits", "requests"):
            text = (resources.get(kind) or {}).get(name)
            if text is not None and text[-1:] in _SMALL:
                yield from _fractions({name: text}, f"{path}.resources.{kind}")
    names: set[str] = set()
    for index, variable in enumerate(container.get("env") or ()):
        name = variable.get("name") or ""
        if name in names and _hides(variable, f"$({name})"):
            yield f'{path}.env[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        names.add(name)


def _hides(variable: Spec, reference: str) -> bool:
    """Whether a second value makes nothing of the first; `A=$(A)x` does."""
    value = variable.get("value") or ""
    return variable.get("valueFrom") is not None or value == reference or reference not in value


def _of_ports(containers: Sequence[tuple[Spec, str]]) -> Iterator[str]:
    """Containers of a pod share its address, and so its ports."""
    known: dict[tuple[int, str], list[tuple[str, Spec]]] = {}
    for container, path in containers:
        for index, port in enumerate(container.get("ports") or ()):
            where = f"{path}.ports[{index}]"
            if port.get("hostIP") and not port.get("hostPort"):
                yield f"{where}: hostIP set without hostPort: {_as_go(port)}"
            others = known.setdefault((port.get("containerPort") or 0, port.get("protocol") or ""), [])
            for path_of_other, other in others:
                if relation := _relation(port, other):
                    yield f"{where}: {relation} port definition with {path_of_other}"
            others.append((where, port))


def _relation(port: Spec, other: Spec) -> str:
    number, number_of_other = port.get("hostPort") or 0, other.get("hostPort") or 0
    address, address_of_other = port.get("hostIP") or "", other.get("hostIP") or ""
    if (number, address) == (number_of_other, address_of_other):
        return "duplicate"
    if not number or not number_of_other:
        return "overlapping"
    if number == number_of_other and bool(address) is not bool(address_of_other):
        return "dangerously ambiguous"
    return ""


def _as_go(port: Spec) -> str:
    return (
        f"{{Name:{port.get('name') or ''} HostPort:{port.get('hostPort') or 0} "
        f"ContainerPort:{port.get('containerPort') or 0} Protocol:{port.get('protocol') or ''} "
        f"HostIP:{port.get('hostIP') or ''}}}"
    )

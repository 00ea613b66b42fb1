"""A container's environment. Pure: the ConfigMaps and Secrets it refers to are handed in.

Order as upstream: Services, then `envFrom` in order, then `env` in order; later ones win, and a value may refer to
whatever was defined before it by `$(NAME)`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.types.core_v1 import Container, EnvFromSource, EnvVarSource, EphemeralContainer, Pod
from wherry.kubelet.pods.expand import expand
from wherry.kubelet.pods.fields import Place, UnknownField, pod_field, resource_field


class Ref(Struct, frozen=True):
    """A ConfigMap or Secret in the pod's namespace that a container refers to."""

    kind: str
    name: str


class EnvError(Exception):
    """The environment cannot be made; the message is what the user sees (reason CreateContainerConfigError)."""


class Sources(Struct, frozen=True):
    """Where values come from: the objects by reference (None: there is none), the place, and the Services'
    variables."""

    objects: Mapping[Ref, Obj | None] = field(default_factory=dict)
    place: Place = field(default_factory=lambda: Place(""))
    services: Sequence[tuple[str, str]] = ()


def references(container: Container | EphemeralContainer) -> list[Ref]:
    """What must be at hand before `environment` can be called."""
    found = []
    for source in container.env_from:
        if source.config_map_ref is not None:
            found.append(Ref("ConfigMap", source.config_map_ref.name or ""))
        if source.secret_ref is not None:
            found.append(Ref("Secret", source.secret_ref.name or ""))
    for variable in container.env:
        origin = variable.value_from
        if origin is not None and origin.config_map_key_ref is not None:
            found.append(Ref("ConfigMap", origin.config_map_key_ref.name or ""))
        if origin is not None and origin.secret_key_ref is not None:
            found.append(Ref("Secret", origin.secret_key_ref.name or ""))
    return found


def environment(pod: Pod, container: Container | EphemeralContainer, sources: Sources) -> dict[str, str]:
    """All variables in the order of their definition; raises EnvError."""
    made: dict[str, str] = dict(sources.services)
    for source in container.env_from:
        made.update(_from(pod, source, sources))
    for variable in container.env:
        if variable.value_from is not None:
            value = _value_from(pod, container, variable.value_from, sources)
            if value is None:
                continue
        else:
            value = expand(variable.value or "", made)
        made[variable.name] = value
    return made


def _from(pod: Pod, source: EnvFromSource, sources: Sources) -> dict[str, str]:
    prefix = source.prefix or ""
    found: dict[str, str] = {}
    if source.config_map_ref is not None:
        ref = source.config_map_ref
        data = _data(pod, Ref("ConfigMap", ref.name or ""), bool(ref.optional), sources)
        found |= {prefix + name: value.decode(errors="replace") for name, value in (data or {}).items()}
    if source.secret_ref is not None:
        secret = source.secret_ref
        data = _data(pod, Ref("Secret", secret.name or ""), bool(secret.optional), sources)
        found |= {prefix + name: value.decode(errors="replace") for name, value in (data or {}).items()}
    return found


def _value_from(
    pod: Pod, container: Container | EphemeralContainer, origin: EnvVarSource, sources: Sources
) -> str | None:
    """None: an optional value that is not there."""
    try:
        if origin.field_ref is not None:
            return pod_field(pod, origin.field_ref.field_path, sources.place)
        if origin.resource_field_ref is not None:
            everyone = (*pod.spec.containers, *pod.spec.init_containers)
            return resource_field(everyone, container.name, origin.resource_field_ref, sources.place)
    except UnknownField as error:
        raise EnvError(str(error)) from error
    if origin.config_map_key_ref is not None:
        key_ref = origin.config_map_key_ref
        return _key(pod, Ref("ConfigMap", key_ref.name or ""), key_ref.key, bool(key_ref.optional), sources)
    if origin.secret_key_ref is not None:
        secret_ref = origin.secret_key_ref
        return _key(pod, Ref("Secret", secret_ref.name or ""), secret_ref.key, bool(secret_ref.optional), sources)
    return None


def _key(pod: Pod, ref: Ref, key: str, optional: bool, sources: Sources) -> str | None:
    data = _data(pod, ref, optional, sources)
    if data is not None and key in data:
        return data[key].decode(errors="replace")
    if optional:
        return None
    raise EnvError(f"couldn't find key {key} in {ref.kind} {pod.metadata.namespace}/{ref.name}")


def _data(pod: Pod, ref: Ref, optional: bool, sources: Sources) -> dict[str, bytes] | None:
    obj = sources.objects.get(ref)
    if obj is None:
        if optional:
            return None
        raise EnvError(f'{ref.kind.lower()} "{ref.name}" not found')
    return object_data(ref.kind, obj, with_binary=False)


def object_data(kind: str, obj: Obj, *, with_binary: bool = True) -> dict[str, bytes]:
    """The values of a ConfigMap or Secret as bytes; a ConfigMap's binary values only where asked for."""
    if kind == "Secret":
        return {key: base64.b64decode(value or "") for key, value in (obj.get("data") or {}).items()}
    found = {key: (value or "").encode() for key, value in (obj.get("data") or {}).items()}
    if with_binary:
        found |= {key: base64.b64decode(value or "") for key, value in (obj.get("binaryData") or {}).items()}
    return found

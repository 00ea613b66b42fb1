"""ConfigMaps, Secrets, the downward API and tokens as files with modes: pure, from objects that are at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.types.core_v1 import (
    ConfigMapProjection,
    ConfigMapVolumeSource,
    DownwardAPIVolumeFile,
    KeyToPath,
    Pod,
    ProjectedVolumeSource,
    SecretProjection,
    SecretVolumeSource,
    Volume,
)
from wherry.kubelet.pods.env import Ref, object_data
from wherry.kubelet.pods.fields import Place, UnknownField, pod_field, resource_field
from wherry.kubelet.volumes.atomic import PayloadFile
from wherry.lib.discreet import Discreet

DEFAULT_MODE = 0o644


class PayloadError(Exception):
    """A volume's content cannot be made; the message is what the user sees in the FailedMount Event."""


class Token(Struct, frozen=True):
    """What identifies one token a pod asks for."""

    audience: str
    expiration_seconds: int


class Material(Discreet, frozen=True):
    """What payloads are made of: objects (None: there is none), tokens, and where the pod runs."""

    UNSHOWN = frozenset({"objects", "tokens"})

    objects: Mapping[Ref, Obj | None] = field(default_factory=dict)
    tokens: Mapping[Token, str] = field(default_factory=dict)
    place: Place = field(default_factory=lambda: Place(""))
    bundles: Mapping[str, str] = field(default_factory=dict)
    """PEM text of ClusterTrustBundles by name."""


def references(volume: Volume) -> list[Ref]:
    """The ConfigMaps and Secrets a volume is made of."""
    found = []
    if volume.config_map is not None:
        found.append(Ref("ConfigMap", volume.config_map.name or ""))
    if volume.secret is not None:
        found.append(Ref("Secret", volume.secret.secret_name or ""))
    for source in volume.projected.sources if volume.projected is not None else ():
        if source.config_map is not None:
            found.append(Ref("ConfigMap", source.config_map.name or ""))
        if source.secret is not None:
            found.append(Ref("Secret", source.secret.name or ""))
    return found


def tokens(volume: Volume) -> list[Token]:
    """The tokens a volume is made of."""
    return [
        Token(source.service_account_token.audience or "", source.service_account_token.expiration_seconds or 3600)
        for source in (volume.projected.sources if volume.projected is not None else ())
        if source.service_account_token is not None
    ]


def payload(pod: Pod, volume: Volume, material: Material) -> dict[str, PayloadFile] | None:
    """The files of a volume; None when it is of a kind that has no payload. Raises PayloadError."""
    if volume.config_map is not None:
        return _of_object(pod, "ConfigMap", volume.config_map.name or "", volume.config_map, material)
    if volume.secret is not None:
        return _of_object(pod, "Secret", volume.secret.secret_name or "", volume.secret, material)
    if volume.downward_api is not None:
        source = volume.downward_api
        return _downward(pod, source.items, _mode(source.default_mode), source.default_user, material.place)
    if volume.projected is not None:
        return _projected(pod, volume.projected, material)
    return None


def _of_object(
    pod: Pod, kind: str, name: str, source: ConfigMapVolumeSource | SecretVolumeSource, material: Material
) -> dict[str, PayloadFile]:
    data = _data(pod, kind, name, bool(source.optional), material)
    return _select(kind, data, source.items, bool(source.optional), _mode(source.default_mode), source.default_user)


def _projected(pod: Pod, source: ProjectedVolumeSource, material: Material) -> dict[str, PayloadFile]:
    mode, user = _mode(source.default_mode), source.default_user
    files: dict[str, PayloadFile] = {}
    for each in source.sources:
        if each.config_map is not None:
            files |= _projected_object(pod, "ConfigMap", each.config_map, mode, user, material)
        if each.secret is not None:
            files |= _projected_object(pod, "Secret", each.secret, mode, user, material)
        if each.downward_api is not None:
            files |= _downward(pod, each.downward_api.items, mode, user, material.place)
        if each.service_account_token is not None:
            wanted = each.service_account_token
            token = material.tokens[Token(wanted.audience or "", wanted.expiration_seconds or 3600)]
            files[wanted.path] = _token_file(pod, token, mode, wanted.user if wanted.user is not None else user)
        if each.cluster_trust_bundle is not None:
            bundle = each.cluster_trust_bundle
            text = material.bundles.get(bundle.name or "")
            if text is None and not bundle.optional:
                raise PayloadError(f'clustertrustbundle "{bundle.name or bundle.signer_name}" not found')
            files[bundle.path] = PayloadFile((text or "").encode(), mode, user)
        if each.pod_certificate is not None:
            raise PayloadError("pod certificates are not supported by this node")
    return files


def _token_file(pod: Pod, token: str, mode: int, user: int | None) -> PayloadFile:
    """A token is readable by the pod's own user alone, when all its containers run as one; else as the volume says."""
    context = pod.spec.security_context
    if context is not None and context.fs_group is not None:
        return PayloadFile(token.encode(), 0o600, user)
    if user is None:
        user = _sole_user(pod)
        if user is not None:
            return PayloadFile(token.encode(), 0o600, user)
    return PayloadFile(token.encode(), mode, user)


def _sole_user(pod: Pod) -> int | None:
    common = pod.spec.security_context.run_as_user if pod.spec.security_context else None
    users = {
        each.security_context.run_as_user
        if each.security_context is not None and each.security_context.run_as_user is not None
        else common
        for each in (*pod.spec.init_containers, *pod.spec.containers)
    }
    return users.pop() if len(users) == 1 else None


def _projected_object(
    pod: Pod, kind: str, source: ConfigMapProjection | SecretProjection, mode: int, user: int | None, material: Material
) -> dict[str, PayloadFile]:
    data = _data(pod, kind, source.name or "", bool(source.optional), material)
    return _select(kind, data, source.items, bool(source.optional), mode, user)


def _data(pod: Pod, kind: str, name: str, optional: bool, material: Material) -> dict[str, bytes]:
    obj = material.objects.get(Ref(kind, name))
    if obj is not None:
        return object_data(kind, obj)
    if optional:
        return {}
    raise PayloadError(f'{kind.lower()} "{name}" not found')


def _select(
    kind: str, data: Mapping[str, bytes], items: Sequence[KeyToPath], optional: bool, mode: int, user: int | None
) -> dict[str, PayloadFile]:
    if not items:
        return {key: PayloadFile(value, mode, user) for key, value in data.items()}
    files = {}
    for item in items:
        if item.key not in data:
            if optional:
                continue
            what = "config" if kind == "ConfigMap" else "secret"
            raise PayloadError(f"references non-existent {what} key: {item.key}")
        owner = item.user if item.user is not None else user
        files[item.path] = PayloadFile(data[item.key], mode if item.mode is None else item.mode, owner)
    return files


def _downward(
    pod: Pod, items: Sequence[DownwardAPIVolumeFile], mode: int, user: int | None, place: Place
) -> dict[str, PayloadFile]:
    files = {}
    everyone = (*pod.spec.containers, *pod.spec.init_containers)
    for item in items:
        try:
            if item.field_ref is not None:
                text = pod_field(pod, item.field_ref.field_path, place)
            elif item.resource_field_ref is not None:
                text = resource_field(everyone, "", item.resource_field_ref, place)
            else:
                continue
        except UnknownField as error:
            raise PayloadError(str(error)) from error
        owner = item.user if item.user is not None else user
        files[item.path] = PayloadFile(text.encode(), mode if item.mode is None else item.mode, owner)
    return files


def _mode(default: int | None) -> int:
    return DEFAULT_MODE if default is None else default

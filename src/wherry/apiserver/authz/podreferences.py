"""Which objects a pod refers to, and so which its node may read. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from wherry.api import Obj

_MIRROR = "kubernetes.io/config.mirror"
_SECRET_REFS = ("csi", "flexVolume", "cephfs", "iscsi", "rbd", "scaleIO", "storageos")
_CSI_SECRETS = ("nodePublishSecretRef", "nodeStageSecretRef", "controllerExpandSecretRef", "nodeExpandSecretRef")


class Referenced(Struct, frozen=True):
    """One object by the plural of its kind."""

    resource: str
    namespace: str
    name: str


def pod_references(pod: Obj) -> Iterator[Referenced]:
    """A mirror pod stands for a file on the node and gives it nothing that it did not have."""
    metadata, spec = pod["metadata"], pod["spec"]
    if _MIRROR in (metadata.get("annotations") or {}):
        return
    namespace = metadata["namespace"]
    for resource, name in _names(metadata["name"], spec):
        if name:
            yield Referenced(resource, namespace, name)


def volume_secrets(volume: Obj, claim_namespace: str) -> Iterator[Referenced]:
    """The secrets that mounting a PersistentVolume takes."""
    spec = volume["spec"]
    for source in (spec.get(kind) or {} for kind in _SECRET_REFS):
        for key in ("secretRef", *_CSI_SECRETS):
            if reference := source.get(key):
                yield Referenced("secrets", reference.get("namespace") or claim_namespace, reference.get("name", ""))
    if file := spec.get("azureFile"):
        yield Referenced("secrets", file.get("secretNamespace") or claim_namespace, file.get("secretName", ""))


def _names(pod_name: str, spec: Obj) -> Iterator[tuple[str, str]]:
    yield "serviceaccounts", spec.get("serviceAccountName") or ""
    for secret in spec.get("imagePullSecrets") or ():
        yield "secrets", secret.get("name", "")
    for claim in spec.get("resourceClaims") or ():
        yield "resourceclaims", claim.get("resourceClaimName") or ""
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind) or ():
            yield from _environment(container)
    for volume in spec.get("volumes") or ():
        yield from _volume(pod_name, volume)


def _environment(container: Obj) -> Iterator[tuple[str, str]]:
    for source in container.get("envFrom") or ():
        yield "configmaps", (source.get("configMapRef") or {}).get("name", "")
        yield "secrets", (source.get("secretRef") or {}).get("name", "")
    for variable in container.get("env") or ():
        if source := variable.get("valueFrom"):
            yield "configmaps", (source.get("configMapKeyRef") or {}).get("name", "")
            yield "secrets", (source.get("secretKeyRef") or {}).get("name", "")


def _volume(pod_name: str, volume: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if secret := volume.get("secret"):
        yield "secrets", secret.get("secretName", "")
    elif config := volume.get("configMap"):
        yield "configmaps", config.get("name", "")
    elif projected := volume.get("projected"):
        for source in projected.get("sources") or ():
            yield "configmaps", (source.get("configMap") or {}).get("name", "")
            yield "secrets", (source.get("secret") or {}).get("name", "")
    elif claim := volume.get("persistentVolumeClaim"):
        yield "persistentvolumeclaims", claim.get("claimName", "")
    elif "ephemeral" in volume:
        yield "persistentvolumeclaims", f"{pod_name}-{volume['name']}"
    elif file := volume.get("azureFile"):
        yield "secrets", file.get("secretName", "")
    else:
        for kind in _SECRET_REFS:
            source = volume.get(kind) or {}
            yield "secrets", (source.get("secretRef") or source.get("nodePublishSecretRef") or {}).get("name", "")

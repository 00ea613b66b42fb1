"""Every pod runs as a service account, and finds its token where every client library looks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from wherry.api import Obj
from wherry.api.core.podspec.sound import TOKEN_VOLUME
from wherry.api.core.serviceaccount import SERVICEACCOUNTS
from wherry.apiserver.admission.refusing import forbidden
from wherry.apiserver.attributes import Admission, Later, Plugin, Reader

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
TOKEN_SECONDS = 3607
"""Upstream's mark of a token that was mounted by admission: an hour and a little."""
_DEFAULT = "default"
"""The account that a controller makes in every namespace, soon after the namespace."""
_MIRROR = "kubernetes.io/config.mirror"
_ENFORCE = "kubernetes.io/enforce-mountable-secrets"


def service_account(suffix: Callable[[], str]) -> Plugin:
    """`suffix` makes the random end of the volume's name."""

    def plugin(admission: Admission, reader: Reader) -> None:
        pod = admission.obj
        if admission.operation != "CREATE" or admission.subresource or pod is None:
            return
        spec = pod["spec"]
        if _MIRROR in (pod["metadata"].get("annotations") or {}):
            _refuse_mirror(admission, spec)
            return
        name = spec.get("serviceAccountName") or _DEFAULT
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        account = _account(admission, reader, name)
        if account["metadata"].get("annotations", {}).get(_ENFORCE) == "true":
            _refuse_foreign_secrets(admission, account, spec)
        if _mounts_token(account, spec):
            _mount_token(spec, suffix)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = account["imagePullSecrets"]

    return plugin


def _account(admission: Admission, reader: Reader, name: str) -> Obj:
    item = reader.get(SERVICEACCOUNTS, admission.namespace, name)
    if item is None:
        where = f"{admission.namespace}/{name}"
        refusal = forbidden(admission, f'error looking up service account {where}: serviceaccount "{name}" not found')
        if name != _DEFAULT:
            raise refusal
        raise Later(SERVICEACCOUNTS, admission.namespace, name, refusal)
    return item.decode()


def _mounts_token(account: Obj, spec: Obj) -> bool:
    for holder in (spec, account):
        choice = holder.get("automountServiceAccountToken")
        if choice is not None:
            return bool(choice)
    return True


def _mount_token(spec: Obj, suffix: Callable[[], str]) -> None:
    bare = [container for container in _containers(spec) if not _has_mount(container)]
    if not bare:
        return
    volumes = spec.get("volumes") or []
    name = next((v["name"] for v in volumes if "projected" in v and v["name"].startswith(TOKEN_VOLUME)), "")
    if not name:
        taken = {volume["name"] for volume in volumes}
        name = TOKEN_VOLUME + suffix()
        while name in taken:
            name = TOKEN_VOLUME + suffix()
        spec["volumes"] = [*volumes, {"name": name, "projected": _token_sources()}]
    mount = {"name": name, "readOnly": True, "mountPath": TOKEN_PATH}
    for container in bare:
        container["volumeMounts"] = [*(container.get("volumeMounts") or ()), dict(mount)]


def _containers(spec: Obj) -> Iterator[dict[str, Any]]:
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()


def _has_mount(container: dict[str, Any]) -> bool:
    return any(mount.get("mountPath") == TOKEN_PATH for mount in container.get("volumeMounts") or ())


def _token_sources() -> Obj:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [namespace]}},
        ],
        "defaultMode": 420,
    }


def _refuse_mirror(admission: Admission, spec: Obj) -> None:
    """A pod that only shows what runs from a file must not get secrets by showing it."""
    if spec.get("serviceAccountName"):
        raise forbidden(admission, "a mirror pod may not reference service accounts")
    if any(True for _ in _secret_names(spec)):
        raise forbidden(admission, "a mirror pod may not reference secrets")
    for volume in spec.get("volumes") or ():
        if any("serviceAccountToken" in source for source in (volume.get("projected") or {}).get("sources") or ()):
            raise forbidden(admission, "a mirror pod may not use ServiceAccountToken volume projections")


def _secret_names(spec: Obj) -> Iterator[tuple[str, str]]:
    """(name, where it is used) of every secret that containers and volumes name."""
    for volume in spec.get("volumes") or ():
        if secret := volume.get("secret"):
            yield secret.get("secretName", ""), f'volume with secret.secretName="{secret.get("secretName", "")}"'
    for container in _containers(spec):
        for variable in container.get("env") or ():
            if reference := (variable.get("valueFrom") or {}).get("secretKeyRef"):
                used = f"container {container['name']} with envVar {variable['name']} referencing "
                yield reference.get("name", ""), used + f'secret.secretName="{reference.get("name", "")}"'
        for source in container.get("envFrom") or ():
            if reference := source.get("secretRef"):
                used = f"container {container['name']} with envFrom referencing "
                yield reference.get("name", ""), used + f'secret.secretName="{reference.get("name", "")}"'


def _refuse_foreign_secrets(admission: Admission, account: Obj, spec: Obj) -> None:
    owner = account["metadata"]["name"]
    own = {reference.get("name") for reference in account.get("secrets") or ()}
    for name, used in _secret_names(spec):
        if name not in own:
            why = f"is not allowed because service account {owner} does not reference that secret"
            raise forbidden(admission, f"{used} {why}")
    pull = {reference.get("name") for reference in account.get("imagePullSecrets") or ()}
    for index, reference in enumerate(spec.get("imagePullSecrets") or ()):
        if reference.get("name") not in pull:
            why = f"is not allowed because service account {owner} does not reference that imagePullSecret"
            raise forbidden(admission, f'imagePullSecrets[{index}].name="{reference.get("name")}" {why}')

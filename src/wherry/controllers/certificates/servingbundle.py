"""Publishes the authority of the API server's own certificate as a ClusterTrustBundle, which Pods can mount.

The bundle is named after what is in it, so a new authority is a new bundle; those of this signer that say anything
else go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from wherry.api import errors
from wherry.api.certificates.clustertrustbundle import CLUSTERTRUSTBUNDLES
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.types.certificates_v1 import ClusterTrustBundle
from wherry.api.types.core_v1 import ConfigMap
from wherry.client import Key
from wherry.controllers.core.rootca.controller import ONLY_OURS as ROOT_CAS
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Terminal, Watch

SIGNER = "kubernetes.io/kube-apiserver-serving"
ONLY_OURS = f"spec.signerName={SIGNER}"
KEY = Key("", SIGNER)


def bundle_name(bundle: str) -> str:
    return f"{SIGNER.replace('/', ':')}:{hashlib.sha256(bundle.encode()).digest()[:12].hex()}"


def start(deps: Deps) -> None:
    deps.enqueue(KEY)


async def reconcile(key: Key, deps: Deps) -> Result:
    bundle: str = deps.settings["root_ca"]()
    if key != KEY or not bundle:
        return DONE
    bundles = deps.client.informer(CLUSTERTRUSTBUNDLES, ClusterTrustBundle, field_selector=ONLY_OURS)
    name = bundle_name(bundle)
    present = bundles.get(Key("", name))
    try:
        if present is None:
            await deps.client.create(CLUSTERTRUSTBUNDLES, _bundle(name, bundle))
        elif present.spec.trust_bundle != bundle:
            await deps.client.patch(CLUSTERTRUSTBUNDLES, name, {"spec": {"trustBundle": bundle}})
    except errors.Invalid as error:
        raise Terminal(error.message) from error
    for other in tuple(bundles.list()):
        if other.metadata.name != name:
            await _remove(other.metadata.name, deps)
    return DONE


def _bundle(name: str, bundle: str) -> dict[str, object]:
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "ClusterTrustBundle",
        "metadata": {"name": name},
        "spec": {"signerName": SIGNER, "trustBundle": bundle},
    }


async def _remove(name: str, deps: Deps) -> None:
    try:
        await deps.client.delete(CLUSTERTRUSTBUNDLES, name)
    except errors.NotFound:
        return


def _of_bundle(old: object, new: object, deps: Deps) -> tuple[Key]:
    return (KEY,)


def _of_root_ca(old: ConfigMap | None, new: ConfigMap | None, deps: Deps) -> Iterable[Key]:
    """There may be another authority since; one namespace is enough to tell."""
    if new is not None and new.metadata.namespace == "kube-system":
        yield KEY


def controller(root_ca: Callable[[], str]) -> Controller:
    """`root_ca` returns the certificates in PEM; "" while there is no authority."""
    return Controller(
        name="kube-apiserver-serving-clustertrustbundle-publisher-controller",
        reconciles=CLUSTERTRUSTBUNDLES,
        view=ClusterTrustBundle,
        reconcile=reconcile,
        hears_own=False,
        reads=(
            Watch(CLUSTERTRUSTBUNDLES, ClusterTrustBundle, _of_bundle, ONLY_OURS),
            Watch(CONFIGMAPS, ConfigMap, _of_root_ca, ROOT_CAS),
        ),
        writes=(f"clustertrustbundles.certificates.k8s.io[{SIGNER}]",),
        start=start,
        workers=1,
        settings={"root_ca": root_ca},
    )

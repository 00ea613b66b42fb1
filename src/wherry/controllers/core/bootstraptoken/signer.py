"""Signs the kubeconfig in `kube-public/cluster-info` for every bootstrap token that is for that.

A machine that is to join reads it before it knows whom to trust; by the token it holds it can tell that it is genuine.
Whoever sets a cluster up publishes the ConfigMap; without it there is nothing to sign.
"""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api import errors
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.secret import SECRETS
from wherry.api.types.core_v1 import ConfigMap, Secret
from wherry.client import Key
from wherry.controllers.core.bootstraptoken.plan import NAMESPACE, NEVER, TYPE, expires, signatures, signing_token
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

INFO = Key("kube-public", "cluster-info")
ONLY_INFO = f"metadata.name={INFO.name}"
ONLY_TOKENS = f"type={TYPE}"


async def reconcile(key: Key, deps: Deps) -> Result:
    info = deps.client.informer(CONFIGMAPS, ConfigMap, field_selector=ONLY_INFO).get(INFO)
    if info is None:
        return DONE
    now = deps.clock.time()
    secrets = list(deps.client.informer(SECRETS, Secret, field_selector=ONLY_TOKENS).list(NAMESPACE))
    if change := signatures(info.data, secrets, now):
        patch = {"metadata": {"resourceVersion": info.metadata.resource_version}, "data": change}
        try:
            await deps.client.patch(CONFIGMAPS, INFO.name, patch, INFO.namespace)
        except errors.NotFound:
            return DONE
    ends = min((expires(secret) for secret in secrets if signing_token(secret, now) is not None), default=NEVER)
    return Result(ends - now if ends < NEVER else None)


def _of_info(old: ConfigMap | None, new: ConfigMap | None, deps: Deps) -> Iterable[Key]:
    view = new or old
    if view is not None and view.metadata.namespace == INFO.namespace:
        yield INFO


def _of_token(old: Secret | None, new: Secret | None, deps: Deps) -> Iterable[Key]:
    yield INFO


CONTROLLER = Controller(
    name="bootstrap-signer-controller",
    reconciles=CONFIGMAPS,
    view=ConfigMap,
    reconcile=reconcile,
    hears_own=False,
    reads=(Watch(CONFIGMAPS, ConfigMap, _of_info, ONLY_INFO), Watch(SECRETS, Secret, _of_token, ONLY_TOKENS)),
    writes=("configmaps[cluster-info]",),
    workers=1,
    component="bootstrap-signer",
)

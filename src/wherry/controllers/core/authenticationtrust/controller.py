"""Writes what `plan.py` says whenever it does not stand there."""

from __future__ import annotations

from collections.abc import Callable

from wherry.api import errors
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.types.core_v1 import ConfigMap
from wherry.client import Key
from wherry.controllers.core.authenticationtrust.plan import CLIENTS, combined
from wherry.controllers.core.rootca.controller import ONLY_OURS as ROOT_CAS
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Terminal, Watch

KEY = Key("kube-system", "extension-apiserver-authentication")
ONLY_OURS = f"metadata.name={KEY.name}"


def start(deps: Deps) -> None:
    deps.enqueue(KEY)


async def reconcile(key: Key, deps: Deps) -> Result:
    if key != KEY:
        return DONE
    authority: str = deps.settings["client_ca"]()
    present = deps.client.informer(CONFIGMAPS, ConfigMap, field_selector=ONLY_OURS).get(key)
    if not authority:
        return DONE
    before = dict(present.data) if present is not None else {}
    try:
        data = combined(before, {CLIENTS: authority}, deps.clock.time())
    except ValueError as error:
        raise Terminal(f"what stands in the ConfigMap is no list: {error}") from error
    if present is None:
        obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": key.name}, "data": data}
        await deps.client.create(CONFIGMAPS, obj, key.namespace)
    elif before != data:
        metadata = {"resourceVersion": present.metadata.resource_version}
        patch = {"metadata": metadata, "data": {**dict.fromkeys(before), **data}}
        try:
            await deps.client.patch(CONFIGMAPS, key.name, patch, key.namespace)
        except errors.NotFound:
            return DONE
    return DONE


def _key(old: ConfigMap | None, new: ConfigMap | None, deps: Deps) -> tuple[Key, ...]:
    view = new or old
    return (KEY,) if view is not None and view.metadata.namespace == KEY.namespace else ()


def controller(client_ca: Callable[[], str]) -> Controller:
    """`client_ca` returns the certificates in PEM by which clients are known; it is asked again when `rootca` has
    published others."""
    return Controller(
        name="cluster-authentication-trust-controller",
        reconciles=CONFIGMAPS,
        view=ConfigMap,
        reconcile=reconcile,
        hears_own=False,
        reads=(Watch(CONFIGMAPS, ConfigMap, _key, ONLY_OURS), Watch(CONFIGMAPS, ConfigMap, _key, ROOT_CAS)),
        writes=(f"configmaps[{KEY.name}]",),
        start=start,
        workers=1,
        settings={"client_ca": client_ca},
        manager="kube-apiserver",
    )

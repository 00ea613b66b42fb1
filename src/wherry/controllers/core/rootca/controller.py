"""Creates and restores the ConfigMap `kube-root-ca.crt`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wherry.api import errors
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.types.core_v1 import ConfigMap, Namespace
from wherry.client import Key
from wherry.controllers.podcontrol import is_namespace_terminating
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

NAME = "kube-root-ca.crt"
ONLY_OURS = f"metadata.name={NAME}"
DESCRIPTION = "kubernetes.io/description"
DESCRIPTION_TEXT = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


async def reconcile(key: Key, deps: Deps) -> Result:
    namespace = deps.client.informer(NAMESPACES, Namespace).get(key)
    if namespace is None or namespace.metadata.deletion_timestamp is not None:
        return DONE
    bundle: str = deps.settings["root_ca"]()
    data = {"ca.crt": bundle}
    present = deps.client.informer(CONFIGMAPS, ConfigMap, field_selector=ONLY_OURS).get(Key(key.name, NAME))
    if present is None:
        await _create(key.name, data, deps)
    elif dict(present.data) != data or present.metadata.annotations.get(DESCRIPTION) != DESCRIPTION_TEXT:
        patch = {"metadata": {"annotations": {DESCRIPTION: DESCRIPTION_TEXT}}, "data": _only(data, present.data)}
        await deps.client.patch(CONFIGMAPS, NAME, patch, key.name)
    return DONE


def controller(root_ca: Callable[[], str]) -> Controller:
    """`root_ca` returns the CA certificates in PEM; it is asked anew each time, so that the CA can be rotated."""
    return Controller(
        name="root-ca-certificate-publisher-controller",
        reconciles=NAMESPACES,
        view=Namespace,
        reconcile=reconcile,
        reads=(Watch(CONFIGMAPS, ConfigMap, _of_config_map, ONLY_OURS),),
        writes=("configmaps[kube-root-ca.crt]",),
        workers=1,
        settings={"root_ca": root_ca},
    )


async def _create(namespace: str, data: dict[str, str], deps: Deps) -> None:
    obj = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "annotations": {DESCRIPTION: DESCRIPTION_TEXT}},
        "data": data,
    }
    try:
        await deps.client.create(CONFIGMAPS, obj, namespace)
    except errors.Forbidden as error:
        if not is_namespace_terminating(error):
            raise


def _only(wanted: dict[str, str], present: Iterable[str]) -> dict[str, str | None]:
    """The merge patch that leaves nothing but `wanted`."""
    return {**dict.fromkeys(present), **wanted}


def _of_config_map(old: ConfigMap | None, new: ConfigMap | None, deps: Deps) -> Iterable[Key]:
    view = new or old
    if view is not None:
        yield Key("", view.metadata.namespace)

"""An operator as people write them with kopf: a Lantern gets a ConfigMap of its colour."""

import os

import kopf
import kubernetes


@kopf.on.startup()
def begin(settings, **_):
    kubernetes.config.load_kube_config(os.environ.get("KUBECONFIG"))
    settings.posting.enabled = False


@kopf.on.create("example.com", "v1", "lanterns")
@kopf.on.update("example.com", "v1", "lanterns")
def paint(name, namespace, spec, **_):
    body = {"metadata": {"name": f"{name}-colour"}, "data": {"colour": spec.get("colour", "none")}}
    kopf.adopt(body)
    api = kubernetes.client.CoreV1Api()
    try:
        api.create_namespaced_config_map(namespace, body)
    except kubernetes.client.ApiException as error:
        if error.status != 409:
            raise
        api.patch_namespaced_config_map(body["metadata"]["name"], namespace, body)
    return {"painted": spec.get("colour", "none")}

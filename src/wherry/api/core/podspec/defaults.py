"""What upstream fills into a pod's specification.

A template gets less than a pod: service links, requests from limits and host ports wait until the pod is made, so that
a workload's template stays as its author wrote it.
"""

from __future__ import annotations

from typing import Any

from wherry.api.meta.quantity import add_resources, format_quantity, parse_resources

Spec = dict[str, Any]

_FILE_MODE = 0o644
_TOKEN_SECONDS = 3600
_BY_MODE = ("secret", "configMap", "downwardAPI", "projected")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def set_template_defaults(spec: Spec) -> None:
    """Defaults that hold for templates and pods alike."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in spec.get("containers") or ():
        _default_container(container)
    for container in spec.get("initContainers") or ():
        _default_container(container)
    for container in spec.get("ephemeralContainers") or ():
        _default_container(container)
    for volume in spec.get("volumes") or ():
        _default_volume(volume)


def set_pod_defaults(spec: Spec) -> None:
    """Defaults of a pod's specification."""
    set_template_defaults(spec)
    spec.setdefault("enableServiceLinks", True)
    host_network = spec.get("hostNetwork")
    for containers in (spec.get("containers"), spec.get("initContainers")):
        for container in containers or ():
            resources = container.get("resources")
            if resources and "limits" in resources:
                _requests_from_limits(resources)
            if host_network:
                for port in container.get("ports") or ():
                    if not port.get("hostPort"):
                        port["hostPort"] = port.get("containerPort")
    if resources := spec.get("resources"):
        _default_pod_requests(resources, spec.get("containers") or [])


def _requests_from_limits(resources: dict[str, Any]) -> None:
    requests = resources.get("requests")
    if requests is None:
        requests = resources["requests"] = {}
    for name, amount in resources["limits"].items():
        requests.setdefault(name, amount)


def _default_pod_requests(resources: dict[str, Any], containers: list[Spec]) -> None:
    """A pod's own requests are what its containers request, and where they request nothing, its own limits."""
    limits = resources.get("limits")
    if not limits:
        return
    asked = add_resources(parse_resources((c.get("resources") or {}).get("requests")) for c in containers)
    requests = resources.setdefault("requests", {})
    for name, amount in limits.items():
        if name not in requests:
            requests[name] = format_quantity(asked[name], name != "cpu") if name in asked else amount


def _default_container(container: Spec) -> None:
    if "imagePullPolicy" not in container:
        container["imagePullPolicy"] = pull_policy(container.get("image") or "")
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("resources", {})
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for variable in container.get("env") or ():
        if source := variable.get("valueFrom"):
            _default_source(source)
    for name in _PROBES:
        if probe := container.get(name):
            _default_probe(probe)
    if lifecycle := container.get("lifecycle"):
        for handler in lifecycle.values():
            if isinstance(handler, dict) and "httpGet" in handler:
                _default_http(handler["httpGet"])


def pull_policy(image: str) -> str:
    """`latest`, said or implied, may be something else tomorrow."""
    name, at, _ = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or (not tag and not at and name) else "IfNotPresent"


def _default_source(source: Spec) -> None:
    """Of an environment variable or a downward API file."""
    if field := source.get("fieldRef"):
        field.setdefault("apiVersion", "v1")
    if resource := source.get("resourceFieldRef"):
        resource.setdefault("divisor", "0")
    if file := source.get("fileKeyRef"):
        file.setdefault("optional", False)


def _default_probe(probe: Spec) -> None:
    if not probe.get("timeoutSeconds"):
        probe["timeoutSeconds"] = 1
    if not probe.get("periodSeconds"):
        probe["periodSeconds"] = 10
    if not probe.get("successThreshold"):
        probe["successThreshold"] = 1
    if not probe.get("failureThreshold"):
        probe["failureThreshold"] = 3
    if "httpGet" in probe:
        _default_http(probe["httpGet"])
    elif "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def _default_http(action: Spec) -> None:
    if not action.get("path"):
        action["path"] = "/"
    action.setdefault("scheme", "HTTP")


def _default_volume(volume: Spec) -> None:
    if len(volume) <= 1:
        volume["emptyDir"] = {}
        return
    for name in _BY_MODE:
        if name in volume:
            source = volume[name]
            source.setdefault("defaultMode", _FILE_MODE)
            if name == "downwardAPI":
                _default_items(source)
            elif name == "projected":
                _default_projected(source)
            return
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    elif "image" in volume:
        image = volume["image"]
        image.setdefault("pullPolicy", pull_policy(image.get("reference") or ""))
    else:
        _default_rare_volume(volume)


def _default_items(source: Spec) -> None:
    for item in source.get("items") or ():
        _default_source(item)


def _default_projected(source: Spec) -> None:
    for part in source.get("sources") or ():
        if token := part.get("serviceAccountToken"):
            token.setdefault("expirationSeconds", _TOKEN_SECONDS)
        if files := part.get("downwardAPI"):
            _default_items(files)


_RARE: dict[str, dict[str, Any]] = {
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def _default_rare_volume(volume: Spec) -> None:
    for name, values in _RARE.items():
        if name in volume:
            for field, value in values.items():
                volume[name].setdefault(field, value)
    if ephemeral := volume.get("ephemeral"):
        claim = (ephemeral.get("volumeClaimTemplate") or {}).get("spec")
        if claim is not None:
            claim.setdefault("volumeMode", "Filesystem")

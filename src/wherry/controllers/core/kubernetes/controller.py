"""Creates and restores what leads Pods to the API server.

What is not good: with several API servers each would write its own address alone; that needs the leases by which
upstream's servers find each other.
"""

from __future__ import annotations

from msgspec import Struct

from wherry.api import Obj, errors
from wherry.api.core.endpoints import ENDPOINTS
from wherry.api.core.service import SERVICES
from wherry.api.discovery.endpointslice import ENDPOINTSLICES
from wherry.api.resource import Resource
from wherry.api.types.core_v1 import Endpoints, Service
from wherry.api.types.discovery_v1 import EndpointSlice
from wherry.client import Key
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

KEY = Key("default", "kubernetes")
LABELS = {"component": "apiserver", "provider": "kubernetes"}
SERVICE_NAME = "kubernetes.io/service-name"
OURS = "metadata.name=kubernetes"


class Address(Struct, frozen=True):
    """Where the API server is reached: by its Service's address, and really."""

    cluster_ip: str
    ip: str
    port: int

    @property
    def family(self) -> str:
        return "IPv6" if ":" in self.ip else "IPv4"


def start(deps: Deps) -> None:
    deps.enqueue(KEY)


async def reconcile(key: Key, deps: Deps) -> Result:
    if key != KEY:
        return DONE
    address: Address = deps.settings["address"]
    for resource, wanted in (
        (SERVICES, service(address)),
        (ENDPOINTS, endpoints(address)),
        (ENDPOINTSLICES, endpoint_slice(address)),
    ):
        await _ensure(resource, wanted, deps)
    return DONE


def service(address: Address) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": KEY.name, "namespace": KEY.namespace, "labels": LABELS},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": address.cluster_ip,
            "clusterIPs": [address.cluster_ip],
            "ipFamilies": ["IPv6" if ":" in address.cluster_ip else "IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
            "sessionAffinity": "None",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": address.port}],
        },
    }


def endpoints(address: Address) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": KEY.name,
            "namespace": KEY.namespace,
            "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
        },
        "subsets": [
            {
                "addresses": [{"ip": address.ip}],
                "ports": [{"name": "https", "port": address.port, "protocol": "TCP"}],
            }
        ],
    }


def endpoint_slice(address: Address) -> Obj:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": KEY.name, "namespace": KEY.namespace, "labels": {SERVICE_NAME: KEY.name}},
        "addressType": address.family,
        "endpoints": [{"addresses": [address.ip], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": address.port, "protocol": "TCP"}],
    }


def controller(address: Address) -> Controller:
    return Controller(
        name="kubernetes-service-controller",
        manager="kube-apiserver",
        reconciles=SERVICES,
        view=Service,
        reconcile=reconcile,
        reads=(
            Watch(SERVICES, Service, _key, OURS),
            Watch(ENDPOINTS, Endpoints, _key, OURS),
            Watch(ENDPOINTSLICES, EndpointSlice, _key, OURS),
        ),
        writes=("services[kubernetes]", "endpoints[kubernetes]", "endpointslices.discovery.k8s.io[kubernetes]"),
        start=start,
        workers=1,
        hears_own=False,
        settings={"address": address},
    )


async def _ensure(resource: Resource, wanted: Obj, deps: Deps) -> None:
    """Create the object, or put back what leads to us; what others added to it stays."""
    try:
        present = await deps.client.get(resource, KEY.name, KEY.namespace)
    except errors.NotFound:
        await deps.client.create(resource, wanted, KEY.namespace)
        return
    patch: Obj = {}
    for name, value in wanted.items():
        if name == "spec":
            if present["spec"].get("ports") != value["ports"]:
                patch["spec"] = {"ports": value["ports"]}
        elif name in ("subsets", "endpoints", "ports") and present.get(name) != value:
            patch[name] = value
    if patch:
        await deps.client.patch(resource, KEY.name, patch, KEY.namespace)


def _key(old: object, new: object, deps: Deps) -> tuple[Key]:
    return (KEY,)

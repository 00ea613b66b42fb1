"""Where the other end of a stream is: the kubelet of a Pod's node, a Pod, or a Pod behind a Service.

Pure look-ups in what is stored; refusals are worded as upstream words them. Addresses of the API server's own machine
and of the local link are no targets for clients, except where a node's kubelet is meant.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Sequence
from enum import Enum
from typing import Final, TypeVar

from msgspec import Struct

from wherry.api.core.endpoints import ENDPOINTS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.service import SERVICES
from wherry.api.errors import BadRequest, NotFound, ServiceUnavailable
from wherry.api.resource import Resource
from wherry.api.types.core_v1 import Container, Endpoints, Node, Pod, Service
from wherry.api.types.decoding import decode
from wherry.apiserver.attributes import Reader

T = TypeVar("T")

KUBELET_PORT: Final = 10250
_BROADCAST: Final = ipaddress.IPv4Address("255.255.255.255")
_ADDRESS_TYPES: Final = ("InternalIP", "ExternalIP", "InternalDNS", "Hostname", "ExternalDNS")
"""Addresses first: names of nodes need not resolve where the API server runs."""


class Security(Enum):
    """How to speak to a target."""

    KUBELET = "kubelet"
    """TLS, with the API server's own certificate."""
    TLS = "https"
    """TLS; whose certificate it is cannot be known."""
    PLAIN = "http"


class Location(Struct, frozen=True):
    """A server that a stream leads to."""

    host: str
    port: int
    security: Security


def find(reader: Reader, resource: Resource, view: type[T], namespace: str, name: str) -> T:
    """An object by name; raises NotFound."""
    item = reader.get(resource, namespace, name)
    if item is None:
        raise NotFound.of(resource, name)
    return decode(view, item.data)


def kubelet_of(reader: Reader, node: str) -> Location:
    """The kubelet of a node."""
    found = find(reader, NODES, Node, "", node)
    endpoints = found.status.daemon_endpoints
    kubelet = endpoints.kubelet_endpoint if endpoints is not None else None
    port = (kubelet.port if kubelet is not None else 0) or KUBELET_PORT
    for kind in _ADDRESS_TYPES:
        for address in found.status.addresses:
            if address.type == kind and address.address:
                return Location(address.address, port, Security.KUBELET)
    raise ServiceUnavailable(f"no preferred addresses found; known addresses: {_known(found)}")


def choose_container(pod: Pod, container: str) -> str:
    """The container that is meant; the only one if none is named."""
    name = pod.metadata.name
    if container:
        spec = pod.spec
        names = {c.name for c in (*spec.containers, *spec.init_containers)} | {
            c.name for c in spec.ephemeral_containers
        }
        if container not in names:
            raise BadRequest(f"container {container} is not valid for pod {name}")
        return container
    if len(pod.spec.containers) == 1:
        return pod.spec.containers[0].name
    message = f"a container name must be specified for pod {name}"
    if pod.spec.containers:
        message += f", choose one of: [{_names(pod.spec.containers)}]"
        if pod.spec.init_containers:
            message += f" or one of the init containers: [{_names(pod.spec.init_containers)}]"
    raise BadRequest(message)


def node_target(reader: Reader, text: str) -> Location:
    """What `nodes/<text>/proxy` means: the kubelet, or another port of the node."""
    security, name, port = split_target(text, "node")
    kubelet = kubelet_of(reader, name)
    if not port or port == str(kubelet.port):
        return kubelet
    return Location(check_address(kubelet.host), _number(port, "node", text), security)


def pod_target(reader: Reader, namespace: str, text: str) -> Location:
    """What `pods/<text>/proxy` means: a port of the Pod, its first one if none is named."""
    security, name, port = split_target(text, "pod")
    pod = find(reader, PODS, Pod, namespace, name)
    if not port:
        declared = (p.container_port for container in pod.spec.containers for p in container.ports)
        port = str(next(declared, "") or "")
    default = 443 if security is Security.TLS else 80
    return Location(check_address(pod.status.pod_ip or ""), _number(port or str(default), "pod", text), security)


def service_target(reader: Reader, namespace: str, text: str, chance: random.Random) -> Location:
    """What `services/<text>/proxy` means: one of the endpoints behind a port of the Service."""
    security, name, port = split_target(text, "service")
    if port.isdigit():
        port = _port_name(find(reader, SERVICES, Service, namespace, name), int(port), port)
    endpoints = find(reader, ENDPOINTS, Endpoints, namespace, name)
    found = [
        (address.ip, each.port)
        for subset in endpoints.subsets
        for each in subset.ports
        if (each.name or "") == port
        for address in subset.addresses
    ]
    if not found:
        raise ServiceUnavailable(f'no endpoints available for service "{name}"')
    host, number = chance.choice(found)
    return Location(check_address(host), number, security)


def split_target(text: str, kind: str) -> tuple[Security, str, str]:
    """Read `name`, `name:port` or `scheme:name:port` (where the port may be empty)."""
    match text.split(":"):
        case [name] if name:
            return Security.PLAIN, name, ""
        case [name, port] if name:
            return Security.PLAIN, name, port
        case ["http" | "https" as scheme, name, port] if name:
            return Security(scheme), name, port
    raise BadRequest(f'invalid {kind} request "{text}"')


def check_address(host: str) -> str:
    """Refuse addresses that would lead back to the API server's machine or its neighbours."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        allowed = bool(host) and host.rstrip(".").lower() != "localhost"
    else:
        allowed = _is_global_unicast(getattr(address, "ipv4_mapped", None) or address)
    if not allowed:
        raise BadRequest("address not allowed")
    return host


def _is_global_unicast(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return not (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address == _BROADCAST
    )


def _port_name(service: Service, number: int, text: str) -> str:
    for port in service.spec.ports:
        if port.port == number:
            return port.name or ""
    raise ServiceUnavailable(f'no service port {text} found for service "{service.metadata.name}"')


def _number(port: str, kind: str, text: str) -> int:
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise BadRequest(f'invalid {kind} request "{text}"')
    return int(port)


def _names(containers: Sequence[Container]) -> str:
    return " ".join(container.name for container in containers)


def _known(node: Node) -> str:
    return "[" + " ".join(f"{{{address.type} {address.address}}}" for address in node.status.addresses) + "]"

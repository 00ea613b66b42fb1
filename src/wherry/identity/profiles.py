"""What each certificate of a cluster shall say: the visible list of identities, as data."""

from __future__ import annotations

import ipaddress
from enum import Enum

from msgspec import Struct

MASTERS = "system:masters"
NODES = "system:nodes"
NODE_PREFIX = "system:node:"


class Usage(Enum):
    """What a certificate proves its holder to be; values are Kubernetes' names."""

    SERVER = "server auth"
    CLIENT = "client auth"


class Profile(Struct, frozen=True):
    """What a certificate shall say."""

    common_name: str
    organizations: tuple[str, ...] = ()
    usages: tuple[Usage, ...] = (Usage.CLIENT,)
    dns_names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


class ServerNames(Struct, frozen=True):
    """Under which names and addresses clients reach the API server, beyond those that every cluster has."""

    host_names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    service_address: str = "10.43.0.1"
    """The first address of the service range: the `kubernetes` Service."""
    cluster_domain: str = "cluster.local"


ADMIN = Profile("kubernetes-super-admin", (MASTERS,))
"""The user of the administrator's kubeconfig: bypasses RBAC, so that no mistake in roles can lock everyone out."""

KUBELET_CLIENT = Profile("kube-apiserver-kubelet-client", (MASTERS,))
"""Who the API server is when it calls a kubelet."""


def api_server(names: ServerNames) -> Profile:
    services = ("kubernetes", "kubernetes.default", "kubernetes.default.svc")
    dns_names = (*services, f"kubernetes.default.svc.{names.cluster_domain}", "localhost", *names.host_names)
    addresses = ("127.0.0.1", "::1", names.service_address, *names.addresses)
    return Profile("kube-apiserver", (), (Usage.SERVER,), _unique(dns_names), _unique_addresses(addresses))


def node_client(name: str) -> Profile:
    """Who a kubelet is towards the API server; the Node authorizer goes by exactly these names."""
    return Profile(NODE_PREFIX + name, (NODES,))


def node_server(name: str, addresses: tuple[str, ...]) -> Profile:
    """Who a kubelet is towards the API server that calls it."""
    dns_names = _unique((name, "localhost"))
    return Profile(
        NODE_PREFIX + name, (NODES,), (Usage.SERVER,), dns_names, _unique_addresses(("127.0.0.1", "::1", *addresses))
    )


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _unique_addresses(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(str(ipaddress.ip_address(address.partition("%")[0])) for address in addresses if address)
    )

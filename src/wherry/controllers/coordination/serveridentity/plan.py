"""The Leases of API servers. Pure."""

from __future__ import annotations

import hashlib
from base64 import b32encode

from wherry.api import Obj
from wherry.api.types.coordination_v1 import Lease
from wherry.lib.clock import format_micro_time

NAMESPACE = "kube-system"
IDENTITY = "apiserver.kubernetes.io/identity"
SERVER = "kube-apiserver"
HOST = "kubernetes.io/hostname"
DURATION = 3600
RENEWAL = 600.0
"""Seconds between renewals. Upstream's ten would be a write to disk every ten seconds of an idle cluster's life, while
nobody acts on a Lease before its hour is over."""


def lease_name(host: str) -> str:
    """The same for a host whenever its server starts."""
    return "apiserver-" + b32encode(hashlib.sha256(host.encode()).digest()[:16]).decode("ascii").rstrip("=").lower()


def wanted(host: str, holder: str, now: float) -> Obj:
    """The Lease as it should be now."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": lease_name(host),
            "namespace": NAMESPACE,
            "labels": {IDENTITY: SERVER, HOST: host},
        },
        "spec": {
            "holderIdentity": f"{lease_name(host)}_{holder}",
            "leaseDurationSeconds": DURATION,
            "renewTime": format_micro_time(now),
        },
    }


def is_servers(lease: Lease) -> bool:
    return lease.metadata.namespace == NAMESPACE and lease.metadata.labels.get(IDENTITY) == SERVER


def end(lease: Lease) -> float:
    """When the Lease is over; at once where it does not say."""
    renewed, duration = lease.spec.renew_time, lease.spec.lease_duration_seconds
    return renewed.timestamp() + duration if renewed is not None and duration is not None else 0.0

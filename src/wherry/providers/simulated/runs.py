"""Sandboxes and runs of containers as a runtime would hold them: made, and ended. Pure."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from types import MappingProxyType

from msgspec.structs import replace

from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import EphemeralContainer, Pod
from wherry.kubelet.pods.names import HASH, container_hash
from wherry.kubelet.runtime.model import Container, ContainerState, Sandbox
from wherry.providers.simulated.pulling import full_name, reference

NOTHING: MappingProxyType[str, str] = MappingProxyType({})
"""One empty map for all that have none."""


def sandbox_of(pod: Pod, ip: str, attempt: int, now: float) -> Sandbox:
    """A Pod's sandbox; `ip` is "" when it has the node's address."""
    uid = pod.metadata.uid
    return Sandbox(
        id=identify(uid, "", attempt),
        uid=uid,
        namespace=pod.metadata.namespace,
        name=pod.metadata.name,
        attempt=attempt,
        created_at=round(now * 1e9),
        ips=(ip,) if ip else (),
        labels=NOTHING,
        annotations=NOTHING,
    )


def run_of(
    uid: str, sandbox: str, container: ContainerSpec | EphemeralContainer, attempt: int, now: float
) -> Container:
    moment = round(now * 1e9)
    image = container.image or ""
    return Container(
        id=identify(uid, container.name, attempt),
        sandbox_id=sandbox,
        name=container.name,
        uid=uid,
        attempt=attempt,
        state=ContainerState.RUNNING,
        created_at=moment,
        started_at=moment,
        image=full_name(image),
        image_ref=reference(image),
        labels=NOTHING,
        annotations=_hashed(container) if isinstance(container, ContainerSpec) else NOTHING,
    )


def _hashed(container: ContainerSpec) -> MappingProxyType[str, str]:
    return _hash_annotation(container.name, container.image or "", container_hash(container))


@lru_cache(maxsize=1024)
def _hash_annotation(name: str, image: str, digest: str) -> MappingProxyType[str, str]:
    """One map for all containers that are alike."""
    return MappingProxyType({HASH: digest})


def exited(container: Container, at: float, code: int, reason: str, message: str = "") -> Container:
    return replace(
        container,
        state=ContainerState.EXITED,
        finished_at=round(at * 1e9),
        exit_code=code,
        reason=reason,
        message=message,
    )


def identify(uid: str, name: str, attempt: int) -> str:
    """An identifier as runtimes give them, the same in every run of the same history."""
    return hashlib.sha256(f"{uid}/{name}/{attempt}".encode()).hexdigest()

"""A container as the runtime is to make it. Pure: environment, mounts and image have been prepared before."""

from __future__ import annotations

from collections.abc import Mapping

from wherry.api.types.core_v1 import Container, EphemeralContainer, Pod
from wherry.kubelet.pods.expand import expand
from wherry.kubelet.pods.names import (
    CONTAINER_NAME,
    GRACE_PERIOD,
    HASH,
    MESSAGE_PATH,
    MESSAGE_POLICY,
    POD_NAME,
    POD_NAMESPACE,
    POD_UID,
    RESTART_COUNT,
    container_hash,
    uid_of,
)
from wherry.kubelet.pods.resources import container_resources
from wherry.kubelet.pods.security import container_security
from wherry.kubelet.runtime.model import ContainerConfig, Image, Mount, Resources
from wherry.lib.discreet import Discreet

DEFAULT_MESSAGE_PATH = "/dev/termination-log"


class Prepared(Discreet, frozen=True):
    """What has been got ready for a container.

    Attributes:
        image_ref: what the runtime calls the image.
        target: the id of the container whose processes an ephemeral container shares.
    """

    UNSHOWN = frozenset({"env"})

    image: Image
    image_ref: str
    env: Mapping[str, str]
    mounts: tuple[Mount, ...] = ()
    target: str = ""


def container_config(
    pod: Pod, container: Container | EphemeralContainer, attempt: int, ready: Prepared, node_memory: int
) -> ContainerConfig:
    """The configuration of one container; raises `SecurityError`."""
    return ContainerConfig(
        name=container.name,
        attempt=attempt,
        image=ready.image_ref,
        user_image=container.image or "",
        command=tuple(expand(word, ready.env) for word in container.command),
        args=tuple(expand(word, ready.env) for word in container.args),
        working_dir=container.working_dir or "",
        env=tuple(ready.env.items()),
        mounts=ready.mounts,
        labels={
            CONTAINER_NAME: container.name,
            POD_NAME: pod.metadata.name,
            POD_NAMESPACE: pod.metadata.namespace,
            POD_UID: uid_of(pod),
        },
        annotations=_annotations(pod, container, attempt),
        log_path=f"{container.name}/{attempt}.log",
        stdin=bool(container.stdin),
        stdin_once=bool(container.stdin_once),
        tty=bool(container.tty),
        resources=_resources(pod, container, node_memory),
        security=container_security(pod, container, ready.image, ready.target),
        stop_signal=_stop_signal(container),
    )


def _annotations(pod: Pod, container: Container | EphemeralContainer, attempt: int) -> dict[str, str]:
    found = {
        RESTART_COUNT: str(attempt),
        MESSAGE_PATH: container.termination_message_path or DEFAULT_MESSAGE_PATH,
        MESSAGE_POLICY: container.termination_message_policy or "File",
    }
    if isinstance(container, Container):
        found[HASH] = container_hash(container)
    if pod.spec.termination_grace_period_seconds is not None:
        found[GRACE_PERIOD] = str(pod.spec.termination_grace_period_seconds)
    return found


def _resources(pod: Pod, container: Container | EphemeralContainer, node_memory: int) -> Resources:
    if isinstance(container, EphemeralContainer):
        return Resources(cpu_shares=2, oom_score_adj=1000)
    return container_resources(pod, container, node_memory)


def _stop_signal(container: Container | EphemeralContainer) -> str:
    lifecycle = container.lifecycle
    signal = lifecycle.stop_signal if lifecycle is not None else None
    # CRI spells real-time signals without their sign.
    return signal.replace("+", "PLUS").replace("RTMAX-", "RTMAXMINUS") if signal else ""

"""Names that travel on sandboxes and containers, and how a pod is named in messages. All as upstream has them."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from wherry.api.types.core_v1 import Container, Pod

POD_NAME = "io.kubernetes.pod.name"
POD_NAMESPACE = "io.kubernetes.pod.namespace"
POD_UID = "io.kubernetes.pod.uid"
CONTAINER_NAME = "io.kubernetes.container.name"

HASH = "io.kubernetes.container.hash"
RESTART_COUNT = "io.kubernetes.container.restartCount"
MESSAGE_PATH = "io.kubernetes.container.terminationMessagePath"
MESSAGE_POLICY = "io.kubernetes.container.terminationMessagePolicy"
GRACE_PERIOD = "io.kubernetes.pod.terminationGracePeriod"


def uid_of(pod: Pod) -> str:
    return pod.metadata.uid


def full_name(pod: Pod) -> str:
    """`web_default(1b9d…)`, as a pod stands in upstream's messages."""
    return f"{pod.metadata.name}_{pod.metadata.namespace}({pod.metadata.uid})"


def container_hash(container: Container) -> str:
    """Changes when a running container must be made anew: of what may change in a Pod, only the image asks for that."""
    return _hash(container.name, container.image)


@lru_cache(maxsize=1024)
def _hash(name: str, image: str | None) -> str:
    text = json.dumps([name, image])
    return hashlib.sha256(text.encode()).hexdigest()[:8]

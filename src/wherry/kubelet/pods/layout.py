"""Where a pod's files are on this host."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from wherry.api.types.core_v1 import Pod


class Layout(Struct, frozen=True):
    """The folders of one agent.

    Attributes:
        pods: a folder for each pod by its UID, as upstream's /var/lib/kubelet/pods.
        memory: the same for what must not reach a disk; on a tmpfs.
        logs: the standard place where log collectors look, /var/log/pods.
        links: the older place, /var/log/containers: links named after pod and container.
    """

    pods: Path
    memory: Path
    logs: Path
    links: Path

    def pod(self, uid: str) -> Path:
        return self.pods / uid

    def hosts_file(self, uid: str) -> Path:
        return self.pods / uid / "etc-hosts"

    def message_file(self, uid: str, container: str, attempt: int) -> Path:
        """Where a container leaves its last words."""
        return self.pods / uid / "containers" / container / f"{attempt}"

    def subpath(self, uid: str, volume: str, container: str, index: int) -> Path:
        return self.pods / uid / "volume-subpaths" / volume / container / str(index)

    def log_folder(self, pod: Pod) -> Path:
        meta = pod.metadata
        return self.logs / f"{meta.namespace}_{meta.name}_{meta.uid}"

    def log_file(self, pod: Pod, container: str, attempt: int) -> Path:
        return self.log_folder(pod) / container / f"{attempt}.log"

    def log_link(self, pod: Pod, container: str, container_id: str) -> Path:
        meta = pod.metadata
        return self.links / f"{meta.name}_{meta.namespace}_{container}-{container_id}.log"

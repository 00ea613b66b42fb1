"""What is mounted into one container: its volumes, /etc/hosts, and the file for its last words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wherry.api.types.core_v1 import Container, EphemeralContainer, Pod, VolumeMount
from wherry.kubelet.pods.containers import DEFAULT_MESSAGE_PATH
from wherry.kubelet.pods.expand import expand
from wherry.kubelet.pods.layout import Layout
from wherry.kubelet.runtime.model import Mount, Propagation
from wherry.kubelet.volumes.manager import Mounted
from wherry.kubelet.volumes.subpath import SubPathError, bind_subpath


class MountError(Exception):
    """A mount cannot be prepared (reason CreateContainerConfigError)."""


def container_mounts(
    pod: Pod,
    container: Container | EphemeralContainer,
    attempt: int,
    mounted: Mounted,
    env: Mapping[str, str],
    layout: Layout,
) -> tuple[Mount, ...]:
    """Prepare and list everything that is mounted; raises MountError."""
    uid = pod.metadata.uid
    mounts = [
        _volume_mount(uid, container.name, index, each, mounted, env, layout)
        for index, each in enumerate(container.volume_mounts)
    ]
    targets = {mount.container_path for mount in mounts}
    if "/etc/hosts" not in targets:
        mounts.append(Mount("/etc/hosts", str(layout.hosts_file(uid)), _is_root_read_only(container)))
    words = layout.message_file(uid, container.name, attempt)
    words.parent.mkdir(parents=True, exist_ok=True)
    words.write_bytes(b"")
    words.chmod(0o666)
    mounts.append(Mount(container.termination_message_path or DEFAULT_MESSAGE_PATH, str(words)))
    return tuple(mounts)


def _volume_mount(
    uid: str,
    container: str,
    index: int,
    mount: VolumeMount,
    mounted: Mounted,
    env: Mapping[str, str],
    layout: Layout,
) -> Mount:
    ready = mounted.volumes.get(mount.name)
    if ready is None:
        raise MountError(f"cannot find volume {mount.name!r} to mount into container {container!r}")
    path = ready.path
    subpath = mount.sub_path or ""
    if mount.sub_path_expr:
        subpath = expand(mount.sub_path_expr, env)
        if "$(" in subpath:
            raise MountError(f"failed to expand subPathExpr of volume {mount.name!r}: {subpath}")
    if subpath:
        try:
            path = bind_subpath(ready.path, subpath, layout.subpath(uid, mount.name, container, index))
        except SubPathError as error:
            raise MountError(
                f'failed to prepare subPath for volumeMount "{mount.name}" of container "{container}": {error}'
            ) from error
    target = mount.mount_path if mount.mount_path.startswith("/") else "/" + mount.mount_path
    return Mount(
        container_path=target,
        host_path=str(Path(path)),
        read_only=bool(mount.read_only) or ready.read_only,
        propagation=Propagation(mount.mount_propagation or "None"),
        recursive_read_only=mount.recursive_read_only == "Enabled",
    )


def _is_root_read_only(container: Container | EphemeralContainer) -> bool:
    context = container.security_context
    return bool(context and context.read_only_root_filesystem)

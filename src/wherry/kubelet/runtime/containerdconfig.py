"""containerd's configuration as text: pure, from what the host can do and where things live.

The configuration is ours alone: its own root, state, socket, CNI folders and registry settings, so that a containerd of
the system's, if there is one, is neither used nor disturbed.
"""

from __future__ import annotations

import json
from pathlib import Path

from msgspec import Struct


class HostTraits(Struct, frozen=True):
    """What this host lacks or has, as far as containerd must be told."""

    can_raise_resources: bool
    """CAP_SYS_RESOURCE: without it no process may lower its OOM score, and runc fails when told to."""
    has_apparmor: bool
    has_hugetlb: bool
    snapshotter: str = "overlayfs"


class ContainerdPaths(Struct, frozen=True):
    """Where everything of one agent's containerd lives."""

    root: Path
    state: Path
    socket: Path
    config: Path
    certs: Path
    cni_config: Path
    cni_bin: tuple[Path, ...]
    log: Path
    pid: Path

    @classmethod
    def under(
        cls, agent: Path, cni_bin: tuple[Path, ...] = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
    ) -> ContainerdPaths:
        """Everything in the folder of one agent; no path that others may use is shared."""
        folder = agent / "containerd"
        return cls(
            root=folder / "root",
            state=folder / "state",
            socket=folder / "containerd.sock",
            config=folder / "config.toml",
            certs=agent / "certs.d",
            cni_config=agent / "cni",
            cni_bin=cni_bin,
            log=folder / "containerd.log",
            pid=folder / "containerd.pid",
        )

    @property
    def plugins(self) -> Path:
        """The first of the plug-in folders that is there."""
        return next((each for each in self.cni_bin if each.is_dir()), self.cni_bin[0])


class RuntimeHandler(Struct, frozen=True):
    """One way to run pods; a RuntimeClass names it. The first of the list is the default."""

    name: str
    binary: str = ""


_DISABLED = (
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.snapshotter.v1.zfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.tracing.processor.v1.otlp",
    "io.containerd.internal.v1.tracing",
)

_CRI = 'plugins."io.containerd.grpc.v1.cri"'


def format_config(
    paths: ContainerdPaths, traits: HostTraits, sandbox_image: str, handlers: tuple[RuntimeHandler, ...]
) -> str:
    """The whole `config.toml` (version 2, which containerd 1.4 to 2.x reads)."""
    return "\n".join(
        [
            "version = 2",
            f"root = {_text(paths.root)}",
            f"state = {_text(paths.state)}",
            "oom_score = 0",
            f"disabled_plugins = {json.dumps(list(_DISABLED))}",
            # Nobody rotates its log, and at "info" every container leaves ten lines in it.
            "[debug]",
            '  level = "warn"',
            "[grpc]",
            f"  address = {_text(paths.socket)}",
            "[ttrpc]",
            '  address = ""',
            '[plugins."io.containerd.internal.v1.opt"]',
            f"  path = {_text(paths.root / 'opt')}",
            f"[{_CRI}]",
            f"  sandbox_image = {json.dumps(sandbox_image)}",
            "  enable_selinux = false",
            f"  disable_apparmor = {_flag(not traits.has_apparmor)}",
            f"  restrict_oom_score_adj = {_flag(not traits.can_raise_resources)}",
            f"  disable_hugetlb_controller = {_flag(not traits.has_hugetlb)}",
            "  tolerate_missing_hugetlb_controller = true",
            "  max_container_log_line_size = 16384",
            "  max_concurrent_downloads = 3",
            '  stream_server_address = "127.0.0.1"',
            '  stream_server_port = "0"',
            f"  [{_CRI}.registry]",
            f"    config_path = {_text(paths.certs)}",
            f"  [{_CRI}.cni]",
            f"    bin_dir = {_text(paths.plugins)}",
            f"    conf_dir = {_text(paths.cni_config)}",
            "    max_conf_num = 1",
            f"  [{_CRI}.containerd]",
            f"    snapshotter = {json.dumps(traits.snapshotter)}",
            f"    default_runtime_name = {json.dumps(handlers[0].name)}",
            *(line for handler in handlers for line in _handler(handler)),
            "",
        ]
    )


def _handler(handler: RuntimeHandler) -> list[str]:
    table = f"{_CRI}.containerd.runtimes.{json.dumps(handler.name)}"
    lines = [
        f"    [{table}]",
        '      runtime_type = "io.containerd.runc.v2"',
        f"      [{table}.options]",
        "        SystemdCgroup = false",
    ]
    if handler.binary:
        lines.append(f"        BinaryName = {json.dumps(handler.binary)}")
    return lines


def _text(path: Path) -> str:
    return json.dumps(str(path))


def _flag(value: bool) -> str:
    return "true" if value else "false"

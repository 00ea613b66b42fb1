"""Images of the node, by way of containerd's own client."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wherry.lib.failure import Failure
from wherry.roles.paths import Paths

_NAMESPACE = "k8s.io"


def import_images(paths: Paths, archive: Path | bytes) -> list[str]:
    """Load an OCI or Docker archive (a file, or its bytes); returns the names of the images in it."""
    data = archive if isinstance(archive, bytes) else None
    source = "-" if data is not None else str(archive)
    output = _ctr(paths, ["images", "import", source], data)
    return [line.split()[1] for line in output.splitlines() if line.startswith("unpacking ")]


def list_images(paths: Paths) -> list[dict[str, Any]]:
    """Name, digest and size of every image."""
    lines = _ctr(paths, ["images", "list"]).splitlines()[1:]
    rows = [line.split() for line in lines]
    return [
        {"name": row[0], "digest": row[2], "size": " ".join(row[3:5])}
        for row in rows
        if not row[0].startswith("sha256:") and "@sha256:" not in row[0]
    ]


def _ctr(paths: Paths, arguments: Sequence[str], data: bytes | None = None) -> str:
    socket = paths.containerd_socket
    if not socket.exists():
        raise Failure("the node's container runtime does not run", "start the cluster with `wherry up`")
    command = ["ctr", "--address", str(socket), "--namespace", _NAMESPACE, *arguments]
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False)
    except FileNotFoundError:
        raise Failure("ctr is not installed", "it comes with containerd: apt-get install containerd") from None
    if done.returncode:
        raise Failure(done.stderr.decode(errors="replace").strip() or f"ctr failed ({done.returncode})", "")
    return done.stdout.decode(errors="replace")

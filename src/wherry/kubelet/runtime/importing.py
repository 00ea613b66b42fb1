"""Loads an image archive into containerd by its own client, which comes with it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from wherry.kubelet.runtime.protocol import RuntimeFailure


async def import_archive(socket: Path, archive: bytes) -> None:
    """Import an OCI archive and unpack it; raises RuntimeFailure."""
    command = ["ctr", "--address", str(socket), "--namespace", "k8s.io", "images", "import", "-"]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise RuntimeFailure("ctr is not installed; it comes with containerd") from error
    _, errors = await process.communicate(archive)
    if process.returncode:
        raise RuntimeFailure(f"{' '.join(command)}: {errors.decode(errors='replace').strip()}")

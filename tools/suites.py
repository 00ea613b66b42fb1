"""Fetch the test suites that other projects publish with their clients: `python tools/suites.py FOLDER`.

They lie in the source distributions, which pip knows how to find; tests/e2e/test_published.py runs them.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

SUITES = {"kopf": "kopf==1.45.2", "kr8s": "kr8s==0.20.15"}


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for name, requirement in SUITES.items():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", name, "-d", scratch]
            subprocess.run([*command, requirement], check=True)
            archive = next(Path(scratch).glob("*.tar.gz"))
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
            (Path(scratch) / archive.name.removesuffix(".tar.gz")).rename(folder / name)
        print(f"installed {folder / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""Writes the folder that envtest finds its programs in."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

PROGRAMS = {"etcd": "wherry.testing.envtest.etcd", "kube-apiserver": "wherry.testing.envtest.apiserver"}
_TEXT = """\
#!/bin/sh
exec {python} -m {module} "$@"
"""
_NO_KUBECTL = """\
#!/bin/sh
echo 'no kubectl was found when these assets were written' >&2
exit 127
"""


def write_assets(folder: Path, python: str = sys.executable, kubectl: str | None = None) -> Path:
    """Make `folder` what KUBEBUILDER_ASSETS may name; returns it, absolute. What stands there by these names goes."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in PROGRAMS.items():
        _write(folder / name, _TEXT.format(python=shlex.quote(python), module=module))
    found = kubectl or shutil.which("kubectl")
    if found is not None and Path(found).parent != folder:
        _write(folder / "kubectl", f'#!/bin/sh\nexec {shlex.quote(found)} "$@"\n')
    elif found is None:
        _write(folder / "kubectl", _NO_KUBECTL)
    return folder


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(0o755)

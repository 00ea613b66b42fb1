"""`/version`: which Kubernetes this is, so that clients know what to expect."""

from __future__ import annotations

import platform

from wherry import __version__
from wherry.api import Obj

MAJOR, MINOR, PATCH = 1, 37, 0
GIT_VERSION = f"v{MAJOR}.{MINOR}.{PATCH}+wherry{__version__}"
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def version() -> Obj:
    """The fields of upstream's `version.Info`; `gitVersion` is semantic, with ourselves as build metadata."""
    machine = platform.machine()
    return {
        "major": str(MAJOR),
        "minor": str(MINOR),
        "emulationMajor": str(MAJOR),
        "emulationMinor": str(MINOR),
        "minCompatibilityMajor": str(MAJOR),
        "minCompatibilityMinor": str(MINOR - 1),
        "gitVersion": GIT_VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": f"python{platform.python_version()}",
        "compiler": platform.python_implementation(),
        "platform": f"{platform.system().lower()}/{_MACHINES.get(machine, machine)}",
    }

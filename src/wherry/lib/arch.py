"""The machine's instruction set, by the name that Go, OCI and Kubernetes use."""

from __future__ import annotations

import platform

_NAMES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


def architecture() -> str:
    """`amd64`, `arm64` …; an unknown machine keeps the kernel's name."""
    machine = platform.machine()
    return _NAMES.get(machine, machine)

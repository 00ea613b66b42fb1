"""The labels by which a namespace says what it enforces and what it warns of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from wherry.api.field import FieldError, invalid

PREFIX = "pod-security.kubernetes.io/"
_VERSION = re.compile(r"latest|v1\.(0|[1-9][0-9]*)")


class Level(Enum):
    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"


_NAMES = [level.value for level in Level]


class Policy(Struct, frozen=True):
    """A level, and the version it was asked for in."""

    level: Level
    version: str = "latest"

    def __str__(self) -> str:
        return f"{self.level.value}:{self.version}"


NOTHING = Policy(Level.PRIVILEGED)


def policy(labels: Mapping[str, str], mode: str) -> Policy:
    """What the labels say of `enforce`, `warn` or `audit`; a value that is none counts as the strictest."""
    text = labels.get(PREFIX + mode)
    if text is None:
        return NOTHING
    level = Level(text) if text in _NAMES else Level.RESTRICTED
    version = labels.get(f"{PREFIX}{mode}-version", "latest")
    return Policy(level, version if _VERSION.fullmatch(version) else "latest")


def label_faults(labels: Mapping[str, str]) -> list[FieldError]:
    faults = []
    for mode in ("enforce", "audit", "warn"):
        level, version = labels.get(PREFIX + mode), labels.get(f"{PREFIX}{mode}-version")
        if level is not None and level not in _NAMES:
            why = f"must be one of {', '.join(_NAMES)}"
            faults.append(invalid(f"metadata.labels[{PREFIX}{mode}]", level, why))
        if version is not None and not _VERSION.fullmatch(version):
            why = 'must be "latest" or "v1.x"'
            faults.append(invalid(f"metadata.labels[{PREFIX}{mode}-version]", version, why))
    return faults

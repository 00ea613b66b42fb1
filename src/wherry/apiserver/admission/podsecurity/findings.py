"""What a check finds, and the words that all checks share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from wherry.api import Obj

Container = dict[str, Any]


class Finding(Struct, frozen=True):
    """Why a pod is not of a level."""

    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


Check = Callable[[Obj, Obj], Finding | None]
"""(metadata, spec) of a pod or of a template."""


def containers(spec: Obj) -> Iterator[Container]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(kind) or ()


def context(holder: Obj) -> dict[str, Any]:
    return holder.get("securityContext") or {}


def quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def named(names: list[str], kind: str = "container") -> str:
    """`container "a"`, `containers "a", "b"`."""
    return f"{kind}{'' if len(names) == 1 else 's'} {quoted(names)}"


def offending(spec: Obj, is_bad: Callable[[Container], bool]) -> list[str]:
    return [container["name"] for container in containers(spec) if is_bad(container)]

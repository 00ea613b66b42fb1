"""Creates the Binding of a Pod (upstream: DefaultBinder)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wherry.scheduler import writes
from wherry.scheduler.model import PodInfo
from wherry.scheduler.rules import Handle, Plugin


def make(_: Mapping[str, Any], handle: Handle) -> Plugin:
    """The plugin of a profile."""

    async def write(pod: PodInfo, node: str) -> bool:
        await writes.bind(handle.client, pod, node)
        return True

    return Plugin("DefaultBinder", bind=write)

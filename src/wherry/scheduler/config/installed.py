"""Plugins that other packages bring, by an entry point of the group `wherry.scheduler`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points

from wherry.scheduler.rules import Make

GROUP = "wherry.scheduler"


def installed_plugins() -> Mapping[str, Make]:
    """By name. Loading one runs its module: only those who configure a scheduler ask."""
    return {found.name: found.load() for found in entry_points(group=GROUP)}

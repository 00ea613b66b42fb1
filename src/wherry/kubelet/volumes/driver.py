"""What a kind of volume must be able to do: set itself up in a folder of the pod's, and take itself down again.

Every driver is idempotent: setting up again brings a volume up to date (a ConfigMap that changed), taking down what is
not there is no failure. CSI will be one more driver.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from msgspec import Struct

from wherry.api.types.core_v1 import Pod, Volume


class VolumeError(Exception):
    """A volume cannot be set up; the message is what the user sees in the FailedMount Event."""


class Ready(Struct, frozen=True):
    """A volume that containers can be given.

    Attributes:
        path: what is mounted.
        renew_at: when it must be set up again although nothing changes (tokens), in seconds since the epoch.
    """

    path: Path
    renew_at: float | None = None
    read_only: bool = False


class Driver(Protocol):
    """One kind of volume."""

    @property
    def plugin(self) -> str:
        """Names the folder of its volumes, as upstream (`kubernetes.io~empty-dir`)."""
        ...

    def fits(self, volume: Volume) -> bool: ...

    async def set_up(self, pod: Pod, volume: Volume, folder: Path) -> Ready:
        """Raises VolumeError."""
        ...

    async def take_down(self, folder: Path) -> None: ...

"""What we ask of the kernel for each connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Final

_IDLE_SECONDS: Final = 30
_INTERVAL_SECONDS: Final = 15
_PROBES: Final = 4


def keep_alive(transport: asyncio.BaseTransport) -> None:
    """Notice a peer that vanished without a word within a minute and a half, on connections that are silent for long.

    Options that an operating system does not have are left at its defaults.
    """
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family == getattr(socket, "AF_UNIX", None):
        return
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", _IDLE_SECONDS),
            ("TCP_KEEPINTVL", _INTERVAL_SECONDS),
            ("TCP_KEEPCNT", _PROBES),
        ):
            option = getattr(socket, name, None)
            if option is not None:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)

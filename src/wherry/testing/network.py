"""A network namespace of one's own, so that a node's ports, bridge and rules are nobody else's.

Needs root on Linux and iproute2.
"""

from __future__ import annotations

import subprocess


class Network:
    """A named network namespace with an address and a default route that lead nowhere, for a `with` block.

    Entering gives the words to put before a command that is to run in it.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> tuple[str, ...]:
        _run("ip", "netns", "add", self.name)
        # Not `ip netns exec`, which would mount a fresh /sys and hide the control groups.
        prefix = ("nsenter", f"--net=/run/netns/{self.name}")
        for command in (
            ("link", "set", "lo", "up"),
            ("link", "add", "uplink", "type", "bridge"),
            ("address", "add", "198.51.100.2/24", "dev", "uplink"),
            ("link", "set", "uplink", "up"),
            ("route", "add", "default", "via", "198.51.100.1"),
        ):
            _run(*prefix, "ip", *command)
        return prefix

    def __exit__(self, *_: object) -> None:
        _run("ip", "netns", "delete", self.name)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)

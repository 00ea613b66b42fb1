"""Network namespaces of one's own, so that a node's ports, bridge and rules are nobody else's.

- `Network`: one, for a node alone
- `Neighbours`: several on one link, for nodes that must reach each other

Needs root on Linux and iproute2.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import ExitStack


class Network:
    """A named network namespace with an address and a default route that lead nowhere, for a `with` block.

    Entering gives the words to put before a command that is to run in it.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> tuple[str, ...]:
        _run("ip", "netns", "add", self.name)
        prefix = _inside(self.name)
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


class Neighbours:
    """Network namespaces that share a link, for a `with` block.

    The first has 198.51.100.2, the next .3 and so on. They hang on a bridge in a namespace of its own, which is also
    their default router and leads nowhere. Entering gives the words to put before a command, for each in turn.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._stack = ExitStack()

    def __enter__(self) -> tuple[tuple[str, ...], ...]:
        switch = f"{self.names[0]}-sw"
        with ExitStack() as stack:
            for name in (switch, *self.names):
                _run("ip", "netns", "add", name)
                stack.callback(_run, "ip", "netns", "delete", name)
                _run(*_inside(name), "ip", "link", "set", "lo", "up")
            _make_switch(switch)
            for number, name in enumerate(self.names):
                _plug_in(switch, name, number)
            self._stack = stack.pop_all()
        return tuple(_inside(name) for name in self.names)

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _make_switch(switch: str) -> None:
    for command in (
        ("link", "add", "switch", "type", "bridge"),
        ("address", "add", "198.51.100.1/24", "dev", "switch"),
        ("link", "set", "switch", "up"),
    ):
        _run(*_inside(switch), "ip", *command)


def _plug_in(switch: str, name: str, number: int) -> None:
    port = f"port{number}"
    peer = ("peer", "name", "uplink", "netns", name)
    _run(*_inside(switch), "ip", "link", "add", port, "type", "veth", *peer)
    _run(*_inside(switch), "ip", "link", "set", port, "master", "switch", "up")
    for command in (
        ("address", "add", f"198.51.100.{number + 2}/24", "dev", "uplink"),
        ("link", "set", "uplink", "up"),
        ("route", "add", "default", "via", "198.51.100.1"),
    ):
        _run(*_inside(name), "ip", *command)


def _inside(name: str) -> tuple[str, ...]:
    # Not `ip netns exec`, which would mount a fresh /sys and hide the control groups.
    return ("nsenter", f"--net=/run/netns/{name}")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)

"""The host's network as a part may change it: by iproute2 and nft, which every node has."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from typing import Any, Protocol

_SYSTEM = "/usr/sbin:/sbin"
"""Where these programs are, whether or not the PATH of whoever started us says so."""


class HostFailure(Exception):
    """A program said no; the message is its own."""


class Host(Protocol):
    """Runs the network's programs."""

    async def run(self, *command: str, script: str = "") -> str:
        """What it prints; raises HostFailure. `script` is its standard input."""
        ...


class CommandLine:
    """Runs them for real, in the network namespace of this process."""

    async def run(self, *command: str, script: str = "") -> str:
        program = shutil.which(command[0], path=os.pathsep.join((os.environ.get("PATH", ""), _SYSTEM)))
        if program is None:
            raise HostFailure(f"{command[0]} is not installed")
        with tempfile.TemporaryFile() as given:  # not a pipe: a program that does not read to the end breaks it
            given.write(script.encode())
            given.seek(0)
            process = await asyncio.create_subprocess_exec(
                program,
                *command[1:],
                stdin=given,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, error = await process.communicate()
        if process.returncode:
            raise HostFailure(f"{' '.join(command)}: {error.decode(errors='replace').strip()}")
        return out.decode()


async def ask(host: Host, *command: str) -> list[dict[str, Any]]:
    """What `ip -json` answers."""
    return json.loads(await host.run(*command) or "[]") or []

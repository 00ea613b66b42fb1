"""The cluster in the background: is it there, start it, end it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from wherry.lib.failure import Failure
from wherry.roles import supervisor
from wherry.roles.paths import Paths


class Part(Struct, frozen=True):
    """A process to be kept running: its name and its command line."""

    name: str
    command: tuple[str, ...]


def running_pid(paths: Paths) -> int | None:
    """The supervisor's process id; None when it does not run. The lock on its file is what counts."""
    try:
        handle = os.open(paths.supervisor_pid, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.read(handle, 32) or b"0") or None
    finally:
        os.close(handle)
    return None


def start(paths: Paths, parts: Sequence[Part]) -> None:
    """Start the supervisor with `parts`, detached from this terminal; returns at once."""
    for folder in (paths.state, paths.run, paths.logs):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    plan = {
        "pid_file": str(paths.supervisor_pid),
        "children": [
            {"name": part.name, "command": list(part.command), "log": str(paths.log(part.name))} for part in parts
        ],
    }
    paths.plan.write_text(json.dumps(plan, indent=1))
    with paths.log("supervisor").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-I", "-S", supervisor.__file__, str(paths.plan)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )


def stop(paths: Paths, patience_seconds: float = 60.0) -> bool:
    """End the supervisor and with it all parts; tells whether anything ran."""
    pid = running_pid(paths)
    if pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, 15)
    until = time.monotonic() + patience_seconds
    while running_pid(paths) is not None:
        if time.monotonic() > until:
            raise Failure(f"the supervisor (process {pid}) does not end", f"look into {paths.log('supervisor')}")
        time.sleep(0.02)
    return True


def count_deaths(paths: Paths, part: str) -> int:
    """How often a part has ended by itself, as the supervisor's log tells."""
    try:
        return paths.log("supervisor").read_text(errors="replace").count(f" supervisor: {part} ended (")
    except FileNotFoundError:
        return 0


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log, to show with a failure."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""

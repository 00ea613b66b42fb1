"""containerd as a child of the agent's: started, watched over, started again, and left alone when the agent goes.

Pods live in shims that outlive containerd, so its death or the agent's costs no pod anything. containerd runs in a
session of its own: a Ctrl-C at the agent does not reach it, and a restarted agent that finds it still serving takes it
over by its pid file instead of starting a second one on the same state.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from wherry.kubelet.runtime.containerdconfig import ContainerdPaths
from wherry.lib.clock import Clock

log = logging.getLogger(__name__)

START_SECONDS = 30.0
_RESTART_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""How long to wait before each further start of a containerd that keeps dying."""


class ContainerdError(Exception):
    """containerd cannot be started; says why in one sentence."""


class Containerd:
    """Keeps one containerd serving on its socket while `run` runs."""

    def __init__(
        self,
        paths: ContainerdPaths,
        config: str,
        command: Sequence[str],
        is_serving: Callable[[], Awaitable[bool]],
        clock: Clock,
    ) -> None:
        """`command` is the start of the command line, such as `("containerd",)`; `is_serving` asks CRI for its
        version."""
        self._paths = paths
        self._config = config
        self._command = tuple(command)
        self._is_serving = is_serving
        self._clock = clock
        self.restarts = 0

    async def start(self) -> int:
        """Make sure that containerd serves; returns its pid."""
        self._prepare()
        pid = self._running_pid()
        if pid is None:
            pid = self._spawn()
        await self._wait_serving(pid)
        return pid

    async def run(self, pid: int, on_restart: Callable[[], None]) -> None:
        """Watch over containerd and start it again whenever it dies, until cancelled."""
        failures = 0
        while True:
            started = self._clock.monotonic()
            await _wait_exit(pid)
            self.restarts += 1
            lived = self._clock.monotonic() - started
            failures = 0 if lived > 60 else failures + 1
            log.warning("containerd (pid %d) ended after %.0f s; starting it again", pid, lived)
            await self._clock.sleep(_RESTART_SECONDS[min(failures, len(_RESTART_SECONDS) - 1)])
            try:
                pid = self._spawn()
                await self._wait_serving(pid)
            except ContainerdError as error:
                log.error("%s", error)
                continue
            on_restart()

    async def stop(self, pid: int) -> None:
        """End containerd itself; pods stay. Used after a drain, and by tests."""
        await end_process(pid, self._clock)
        self._paths.pid.unlink(missing_ok=True)

    def _prepare(self) -> None:
        paths = self._paths
        for folder in (paths.root, paths.state, paths.certs, paths.cni_config, paths.config.parent, paths.log.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        if not paths.config.exists() or paths.config.read_text() != self._config:
            paths.config.write_text(self._config)

    def _running_pid(self) -> int | None:
        """The pid of a containerd of ours that a former agent left behind."""
        try:
            pid = int(self._paths.pid.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(self._paths.config) in command else None

    def _spawn(self) -> int:
        """Start containerd in a session of its own.

        A plain fork and exec, not asyncio's: the child belongs to nobody's loop, and must live on when that loop ends.
        """
        command = [*self._command, "--config", str(self._paths.config)]
        with self._paths.log.open("ab") as output:
            try:
                pid = os.posix_spawnp(
                    command[0],
                    command,
                    dict(os.environ),
                    setsid=True,
                    setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGPIPE],
                    file_actions=[
                        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                        (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
                        (os.POSIX_SPAWN_DUP2, output.fileno(), 2),
                    ],
                )
            except FileNotFoundError as error:
                raise ContainerdError(
                    f"{command[0]} is not installed (Debian: apt-get install containerd runc)"
                ) from error
        self._paths.pid.write_text(f"{pid}\n")
        return pid

    async def _wait_serving(self, pid: int) -> None:
        deadline = self._clock.monotonic() + START_SECONDS
        delay = 0.01
        while not await self._is_serving():
            if not _is_alive(pid):
                raise ContainerdError(f"containerd ended at start: {self._last_words()}")
            if self._clock.monotonic() > deadline:
                raise ContainerdError(f"containerd does not answer within {START_SECONDS:.0f} s: {self._last_words()}")
            await self._clock.sleep(delay)
            delay = min(delay * 1.5, 0.2)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = self._paths.log.read_text(errors="replace").splitlines()
            telling = [
                line for line in lines if "level=fatal" in line or "level=error" in line or "containerd:" in line
            ]
            if telling or lines:
                return (telling or lines)[-1]
        return f"see {self._paths.log}"


async def end_process(pid: int, clock: Clock, seconds: float = 10.0) -> None:
    """Ask a process to end, and kill it when it has not by then."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = clock.monotonic() + seconds
        while _is_alive(pid):
            if clock.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline = clock.monotonic() + seconds
            await clock.sleep(0.02)


def _is_alive(pid: int) -> bool:
    """Whether a process lives; collects it if it is a dead child of ours."""
    try:
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            return False
    except ChildProcessError:
        pass
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def _wait_exit(pid: int) -> None:
    """Return when a process has ended, child or not, without polling: a pidfd becomes readable."""
    if not _is_alive(pid):
        return
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        _is_alive(pid)

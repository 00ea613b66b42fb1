"""Keeps the server and the agent running in the background: starts them, restarts them, ends them in order.

Run as a script by a bare interpreter (`python -I -S supervisor.py PLAN.json`), so it imports nothing of ours and very
little at all: it lives as long as the cluster does and should weigh next to nothing. The plan:

    {"pid_file": …, "children": [{"name": "server", "command": […], "log": …}, …]}

Children start in the order of the plan and end in the reverse order on SIGTERM or SIGINT. A child that dies is started
again after a pause of 1 s doubling to 30 s, which starts over once it has lived for a minute. The PID file is locked
for as long as this process lives, so nobody has to guess whether a number in a file still means us. Should this process
be killed outright, the kernel ends the children (PR_SET_PDEATHSIG), and the next `wherry up` starts from a clean slate.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time

_FIRST_PAUSE, _LONGEST_PAUSE, _STEADY = 1.0, 30.0, 60.0
_GRACE = 20.0
_LOG_BYTES = 10 * 1024 * 1024
_PR_SET_PDEATHSIG = 1


class Child:
    """One command and its present process, if any."""

    def __init__(self, name: str, command: list[str], log: str) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.pid = 0
        self.started = 0.0
        self.pause = _FIRST_PAUSE
        self.due = 0.0

    def start(self, now: float) -> None:
        _rotate(self.log)
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _become(self.command, self.log, parent)
        self.started = now

    def ended(self, now: float, status: int) -> None:
        """Note the death of the process and when to start the next."""
        if now - self.started > _STEADY:
            self.pause = _FIRST_PAUSE
        say(f"{self.name} ended ({_format_status(status)}), again in {self.pause:.0f} s")
        self.pid, self.due = 0, now + self.pause
        self.pause = min(self.pause * 2, _LONGEST_PAUSE)

    def stop(self) -> None:
        """Ask it to end, wait, and insist if it does not."""
        if not self.pid:
            return
        os.kill(self.pid, signal.SIGTERM)
        until = time.monotonic() + _GRACE
        while time.monotonic() < until:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                self.pid = 0
                return
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.pid = 0


def main(plan_file: str) -> int:
    """Run the plan until told to stop; returns the exit code."""
    with open(plan_file, encoding="utf-8") as handle:  # noqa: PTH123 (pathlib would be our largest import)
        plan = json.load(handle)
    lock = os.open(plan["pid_file"], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("another supervisor is running for this state folder")
        return 1
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    children = [Child(**child) for child in plan["children"]]
    _watch_over(children)
    for child in reversed(children):
        child.stop()
    os.ftruncate(lock, 0)
    return 0


def _watch_over(children: list[Child]) -> None:
    signals = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    while True:
        now = time.monotonic()
        for child in children:
            if not child.pid and child.due <= now:
                child.start(now)
        waiting = [child.due - now for child in children if not child.pid]
        info = signal.sigtimedwait(signals, min(waiting)) if waiting else signal.sigwaitinfo(signals)
        if info is not None and info.si_signo != signal.SIGCHLD:
            return
        _reap(children)


def _reap(children: list[Child]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        for child in children:
            if child.pid == pid:
                child.ended(time.monotonic(), status)


def _become(command: list[str], log: str, parent: int) -> None:
    """In the child after fork: turn into the command, or leave with 127."""
    try:
        import ctypes

        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.execv(command[0], command)  # noqa: S606 (a list, never a shell)
    except OSError as error:
        say(f"cannot start {command[0]}: {error}")
    finally:
        os._exit(127)


def _rotate(log: str) -> None:
    """Keep one older log. Only looked at when a child starts: a child that fills it faster is a fault of its own."""
    try:
        if os.stat(log).st_size > _LOG_BYTES:  # noqa: PTH116
            os.replace(log, log + ".1")  # noqa: PTH105
    except FileNotFoundError:
        pass


def _format_status(status: int) -> str:
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"


def say(text: str) -> None:
    """One line to standard error, which is the supervisor's own log."""
    os.write(2, f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} supervisor: {text}\n".encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

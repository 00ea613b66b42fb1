"""Serves a cluster until somebody says that it is enough: a signal, or the end of a pipe on standard input."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from wherry.api.errors import ApiError
from wherry.lib.failure import Failure
from wherry.testing.cluster.core import MANAGER, Core
from wherry.testing.cluster.goals import WaitTimeout
from wherry.testing.cluster.kinds import UnknownKind
from wherry.testing.cluster.manifests import ManifestError
from wherry.testing.cluster.options import Options
from wherry.testing.cluster.serving import Listen, Serving
from wherry.testing.cluster.verbs import Verbs
from wherry.testing.eventloop import SettlingLoop


class Ready(Struct, frozen=True):
    """What a program wants to know of a cluster that serves."""

    kubeconfig: str
    url: str
    ca: str
    """The authority's certificate in PEM."""
    token: str
    pid: int

    def line(self) -> str:
        """All of it as one line of JSON."""
        return json.dumps({name: getattr(self, name) for name in self.__struct_fields__})


def serve(
    options: Options, listen: Listen, manifests: list[Path], told: Callable[[Ready], object], pipe: int | None = None
) -> None:
    """Serve until SIGTERM, SIGINT, or the end of `pipe`; `told` hears once it is ready. Raises Failure."""
    with asyncio.Runner(loop_factory=SettlingLoop) as runner:
        runner.run(_serve(Core(options), listen, manifests, told, pipe))


def parents_pipe() -> int | None:
    """Standard input if it is a pipe or a socket, which ends with the process at its other end."""
    try:
        number = sys.stdin.fileno()
        mode = os.fstat(number).st_mode
    except (AttributeError, OSError, ValueError):
        return None
    return number if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else None


async def _serve(
    core: Core, listen: Listen, manifests: list[Path], told: Callable[[Ready], object], pipe: int | None
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await core.open()
    try:
        await _apply(core, manifests)
        told(_ready(await _listen(core, listen)))
        if pipe is not None:
            loop.add_reader(pipe, _read, pipe, stop)
        await stop.wait()
    finally:
        if pipe is not None:
            loop.remove_reader(pipe)
        await core.close()


async def _apply(core: Core, manifests: list[Path]) -> None:
    try:
        await Verbs(core).apply(manifests, None, MANAGER, True)
    except OSError as error:
        raise Failure(f"the manifests cannot be applied: {error.filename}: {error.strerror}") from error
    except (ManifestError, UnknownKind, WaitTimeout) as error:
        raise Failure(f"the manifests cannot be applied: {error}") from error
    except ApiError as error:
        raise Failure(f"the manifests are refused: {error}", "they are applied in the order given") from error


async def _listen(core: Core, listen: Listen) -> Serving:
    try:
        return await core.serving(listen)
    except OSError as error:
        hint = "0 as the port takes a free one" if error.errno == errno.EADDRINUSE else ""
        raise Failure(f"cannot serve on {listen.host}:{listen.port}: {error}", hint) from error


def _ready(serving: Serving) -> Ready:
    return Ready(str(serving.kubeconfig), serving.url, serving.authority, serving.token, os.getpid())


def _read(pipe: int, stop: asyncio.Event) -> None:
    if not os.read(pipe, 4096):
        asyncio.get_running_loop().remove_reader(pipe)
        stop.set()

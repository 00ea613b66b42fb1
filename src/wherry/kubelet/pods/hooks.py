"""postStart and preStop: a command in the container, an HTTP request to it, or a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from wherry.api.types.core_v1 import Container, HTTPGetAction, LifecycleHandler
from wherry.kubelet.runtime.protocol import RuntimeFailure, Streams
from wherry.lib.clock import Clock

HTTP_SECONDS = 30.0

HttpGet = Callable[[str, int, str, bool, tuple[tuple[str, str], ...]], Awaitable[int]]
"""(host, port, path, TLS, headers) -> status code; raises OSError."""


class HookFailure(Exception):
    """The hook did not succeed; the message is upstream's."""


class Hooks:
    """Runs life-cycle hooks."""

    def __init__(self, runtime: Streams, clock: Clock, http_get: HttpGet) -> None:
        self._runtime = runtime
        self._clock = clock
        self._http_get = http_get

    async def run(self, handler: LifecycleHandler, container: Container, container_id: str, pod_ip: str) -> None:
        """Raises HookFailure."""
        if handler.exec is not None:
            await self._exec(list(handler.exec.command), container_id)
        elif handler.http_get is not None:
            await self._request(handler.http_get, container, pod_ip)
        elif handler.sleep is not None:
            await self._clock.sleep(handler.sleep.seconds)

    async def _exec(self, command: list[str], container_id: str) -> None:
        try:
            result = await self._runtime.exec_sync(container_id, command, 0)
        except RuntimeFailure as error:
            raise HookFailure(str(error)) from error
        if result.exit_code != 0:
            quoted = " ".join(command)
            message = (result.stdout + result.stderr).decode(errors="replace")
            raise HookFailure(f"command '{quoted}' exited with {result.exit_code}: {message}")

    async def _request(self, action: HTTPGetAction, container: Container, pod_ip: str) -> None:
        host = action.host or pod_ip
        if not host:
            raise HookFailure("failed to find networking container: no pod IP")
        headers = tuple((each.name, each.value) for each in action.http_headers)
        try:
            async with asyncio.timeout(HTTP_SECONDS):
                code = await self._http_get(
                    host, port_number(action.port, container), action.path or "/", action.scheme == "HTTPS", headers
                )
        except (OSError, TimeoutError) as error:
            raise HookFailure(f"HTTP hook failed: {error}") from error
        if not 200 <= code < 400:
            raise HookFailure(f"HTTP hook failed with status code {code}")


def port_number(port: int | str, container: Container) -> int:
    """The number of a port given by number or by its name in the container; raises HookFailure."""
    if isinstance(port, int):
        return port
    for each in container.ports:
        if each.name == port:
            return each.container_port
    try:
        return int(port)
    except ValueError:
        raise HookFailure(f'couldn\'t find port: {port} in container "{container.name}"') from None

"""What a container runtime must be able to do, and how it fails.

The vocabulary of failures is ours and small: nothing above this border sees a gRPC status or matches a string.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from wherry.kubelet.runtime.model import (
    Container,
    ContainerConfig,
    ContainerUsage,
    Credentials,
    ExecResult,
    Image,
    PodRuntime,
    Resources,
    RuntimeEvent,
    RuntimeVersion,
    Sandbox,
    SandboxConfig,
)


class RuntimeFailure(Exception):
    """The runtime refused or could not do something; the message is the runtime's own."""


class RuntimeUnavailable(RuntimeFailure):
    """Nobody answers: the runtime is down or starting."""


class RuntimeNotFound(RuntimeFailure):
    """The runtime does not know the sandbox, container or image."""


class RuntimeUnsupported(RuntimeFailure):
    """This runtime does not implement the call."""


class RuntimeTimeout(RuntimeFailure):
    """A command or call took longer than it was given."""


class Containers(Protocol):
    """Sandboxes and the containers in them."""

    async def version(self) -> RuntimeVersion: ...

    async def conditions(self) -> dict[str, tuple[bool, str]]:
        """Condition type (`RuntimeReady`, `NetworkReady`) -> (holds, message)."""
        ...

    async def sandboxes(self) -> Sequence[Sandbox]:
        """Every sandbox there is, newest first; IPs are not looked up."""
        ...

    async def containers(self) -> Sequence[Container]:
        """Every container there is, newest first; only what a listing tells."""
        ...

    async def pod(self, uid: str) -> PodRuntime:
        """All of one pod, in full."""
        ...

    async def run_sandbox(self, config: SandboxConfig, handler: str) -> str: ...

    async def stop_sandbox(self, sandbox_id: str) -> None: ...

    async def remove_sandbox(self, sandbox_id: str) -> None: ...

    async def create_container(self, sandbox_id: str, config: ContainerConfig, sandbox: SandboxConfig) -> str: ...

    async def start_container(self, container_id: str) -> None: ...

    async def stop_container(self, container_id: str, grace_seconds: int) -> None:
        """Ask to stop, kill after the grace. Stopping what is gone or has stopped is no failure."""
        ...

    async def remove_container(self, container_id: str) -> None: ...

    async def update_resources(self, container_id: str, resources: Resources) -> None: ...

    async def reopen_log(self, container_id: str) -> None: ...

    async def usage(self) -> Sequence[ContainerUsage]: ...


class Streams(Protocol):
    """Commands in containers, and the addresses where their streams can be had."""

    async def exec_sync(self, container_id: str, command: Sequence[str], timeout: int) -> ExecResult: ...

    async def exec_url(
        self, container_id: str, command: Sequence[str], *, stdin: bool, stdout: bool, stderr: bool, tty: bool
    ) -> str: ...

    async def attach_url(self, container_id: str, *, stdin: bool, stdout: bool, stderr: bool, tty: bool) -> str: ...

    async def port_forward_url(self, sandbox_id: str, ports: Sequence[int]) -> str: ...


class Images(Protocol):
    async def image(self, name: str) -> Image | None: ...

    async def images(self) -> Sequence[Image]: ...

    async def pull(self, name: str, credentials: Credentials | None) -> str:
        """Returns the reference to create containers with."""
        ...

    async def remove_image(self, name: str) -> None: ...


class Runtime(Containers, Streams, Images, Protocol):
    """A container runtime."""

    def events(self) -> AsyncIterator[RuntimeEvent]:
        """What happens to containers, as it happens. Ends with a `RuntimeFailure` when the runtime goes away."""
        ...

    async def close(self) -> None: ...

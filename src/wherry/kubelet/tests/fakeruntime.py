"""A runtime without containers: keeps the books that a real one keeps, on the test's clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import count

from msgspec.structs import replace

from wherry.kubelet.runtime.model import (
    Container,
    ContainerConfig,
    ContainerState,
    ContainerUsage,
    Credentials,
    EventKind,
    ExecResult,
    Image,
    PodRuntime,
    Resources,
    RuntimeEvent,
    RuntimeVersion,
    Sandbox,
    SandboxConfig,
    SandboxState,
)
from wherry.kubelet.runtime.protocol import RuntimeNotFound
from wherry.lib.clock import Clock


class FakeRuntime:
    """Implements `Runtime`. Containers run until they are stopped or `exit` is called for them."""

    def __init__(self, clock: Clock, images: Sequence[str] = ("docker.io/library/img:1",)) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._sandboxes: dict[str, Sandbox] = {}
        self._containers: dict[str, Container] = {}
        self._images = {name: Image(f"sha256:{number:064x}", (name,)) for number, name in enumerate(images)}
        self._events: asyncio.Queue[RuntimeEvent] = asyncio.Queue()
        self.configs: dict[str, ContainerConfig] = {}
        self.resources: dict[str, Resources] = {}
        self.failures: dict[str, Exception] = {}
        """Calls by name that are to fail."""
        self.calls: list[str] = []
        self.reopened: list[str] = []
        self.pullable: set[str] = set()

    def exit(self, container_id: str, code: int = 0, reason: str = "") -> None:
        """The container ends by itself."""
        found = self._containers[container_id]
        self._containers[container_id] = replace(
            found,
            state=ContainerState.EXITED,
            exit_code=code,
            finished_at=self._now(),
            reason=reason or ("Completed" if code == 0 else "Error"),
        )
        self._events.put_nowait(RuntimeEvent(EventKind.EXITED, container_id))

    def running(self, name: str) -> Container:
        return next(each for each in self._containers.values() if each.name == name and each.is_running)

    async def version(self) -> RuntimeVersion:
        return RuntimeVersion("fake", "1")

    async def conditions(self) -> dict[str, tuple[bool, str]]:
        if (failure := self.failures.get("conditions")) is not None:
            raise failure
        return {"RuntimeReady": (True, ""), "NetworkReady": (True, "")}

    async def sandboxes(self) -> Sequence[Sandbox]:
        return sorted(self._sandboxes.values(), key=lambda each: (each.created_at, each.attempt), reverse=True)

    async def containers(self) -> Sequence[Container]:
        return sorted(self._containers.values(), key=lambda each: (each.created_at, each.attempt), reverse=True)

    async def pod(self, uid: str) -> PodRuntime:
        return PodRuntime(
            uid,
            tuple(each for each in await self.sandboxes() if each.uid == uid),
            tuple(each for each in await self.containers() if each.uid == uid),
        )

    async def run_sandbox(self, config: SandboxConfig, handler: str) -> str:
        self._call("run_sandbox")
        number = next(self._numbers)
        key = f"sandbox-{number}"
        self._sandboxes[key] = Sandbox(
            id=key,
            uid=config.uid,
            namespace=config.namespace,
            name=config.name,
            attempt=config.attempt,
            created_at=self._now(),
            ips=(f"10.0.0.{number % 250 + 1}",),
            labels=config.labels,
        )
        return key

    async def stop_sandbox(self, sandbox_id: str) -> None:
        self._call("stop_sandbox")
        if (found := self._sandboxes.get(sandbox_id)) is not None:
            for each in list(self._containers.values()):
                if each.sandbox_id == sandbox_id and each.is_running:
                    self.exit(each.id, 137)
            self._sandboxes[sandbox_id] = replace(found, state=SandboxState.NOT_READY, ips=())

    async def remove_sandbox(self, sandbox_id: str) -> None:
        self._call("remove_sandbox")
        self._sandboxes.pop(sandbox_id, None)
        self._containers = {key: each for key, each in self._containers.items() if each.sandbox_id != sandbox_id}

    async def create_container(self, sandbox_id: str, config: ContainerConfig, sandbox: SandboxConfig) -> str:
        self._call(f"create_container {config.name}")
        if sandbox_id not in self._sandboxes:
            raise RuntimeNotFound(f"sandbox {sandbox_id} not found")
        key = f"container-{next(self._numbers)}"
        self.configs[key] = config
        self._containers[key] = Container(
            id=key,
            sandbox_id=sandbox_id,
            name=config.name,
            uid=sandbox.uid,
            attempt=config.attempt,
            created_at=self._now(),
            image=config.user_image,
            image_ref=config.image,
            labels=config.labels,
            annotations=config.annotations,
        )
        return key

    async def start_container(self, container_id: str) -> None:
        self._call(f"start_container {self._containers[container_id].name}")
        found = self._containers[container_id]
        self._containers[container_id] = replace(found, state=ContainerState.RUNNING, started_at=self._now())
        self._events.put_nowait(RuntimeEvent(EventKind.STARTED, container_id))

    async def stop_container(self, container_id: str, grace_seconds: int) -> None:
        found = self._containers.get(container_id)
        self._call(f"stop_container {found.name if found else container_id} {grace_seconds}")
        if found is not None and found.is_running:
            self.exit(container_id, 137)

    async def remove_container(self, container_id: str) -> None:
        self._containers.pop(container_id, None)

    async def update_resources(self, container_id: str, resources: Resources) -> None:
        self._call("update_resources")
        self.resources[container_id] = resources

    async def reopen_log(self, container_id: str) -> None:
        self.reopened.append(container_id)

    async def usage(self) -> Sequence[ContainerUsage]:
        return []

    async def exec_sync(self, container_id: str, command: Sequence[str], timeout: int) -> ExecResult:
        self._call(f"exec {' '.join(command)}")
        return ExecResult(0, b"", b"")

    async def exec_url(
        self, container_id: str, command: Sequence[str], *, stdin: bool, stdout: bool, stderr: bool, tty: bool
    ) -> str:
        return f"http://127.0.0.1:1/exec/{container_id}"

    async def attach_url(self, container_id: str, *, stdin: bool, stdout: bool, stderr: bool, tty: bool) -> str:
        return f"http://127.0.0.1:1/attach/{container_id}"

    async def port_forward_url(self, sandbox_id: str, ports: Sequence[int]) -> str:
        return f"http://127.0.0.1:1/portforward/{sandbox_id}"

    async def image(self, name: str) -> Image | None:
        return self._images.get(name) or next((each for each in self._images.values() if each.id == name), None)

    async def images(self) -> Sequence[Image]:
        return list(self._images.values())

    async def pull(self, name: str, credentials: Credentials | None) -> str:
        self._call(f"pull {name}")
        if name not in self.pullable:
            raise RuntimeNotFound(f"{name}: not found")
        self._images[name] = Image(f"sha256:{next(self._numbers):064x}", (name,))
        return self._images[name].id

    async def remove_image(self, name: str) -> None:
        self._images.pop(name, None)

    async def events(self) -> AsyncIterator[RuntimeEvent]:
        while True:
            yield await self._events.get()

    async def close(self) -> None:
        return None

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if (failure := self.failures.get(name.split()[0])) is not None:
            raise failure

    def _now(self) -> int:
        return int(self._clock.time() * 1e9)

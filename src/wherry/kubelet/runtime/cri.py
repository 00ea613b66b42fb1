"""The `Runtime` protocol over CRI: typed calls on a Unix socket, gRPC's errors mapped to ours at the border."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from typing import Any

# gRPC's handlers for fork() cost a warning and a pause at each child process; nothing of ours forks without exec.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import grpc
import grpc.aio
from cri_api.v1 import api_pb2 as pb
from cri_api.v1 import api_pb2_grpc as services

from wherry.kubelet.runtime import convert
from wherry.kubelet.runtime.events import containerd_events
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
from wherry.kubelet.runtime.protocol import (
    RuntimeFailure,
    RuntimeNotFound,
    RuntimeTimeout,
    RuntimeUnavailable,
    RuntimeUnsupported,
)

CALL_SECONDS = 120.0
"""No call but a pull or a stop may take longer (upstream's runtime-request-timeout)."""

_OPTIONS = (
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.default_authority", "localhost"),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
)

_KINDS: dict[grpc.StatusCode, type[RuntimeFailure]] = {
    grpc.StatusCode.NOT_FOUND: RuntimeNotFound,
    grpc.StatusCode.UNAVAILABLE: RuntimeUnavailable,
    grpc.StatusCode.UNIMPLEMENTED: RuntimeUnsupported,
    grpc.StatusCode.DEADLINE_EXCEEDED: RuntimeTimeout,
}


class CriRuntime:
    """A CRI runtime behind a Unix socket. Make it inside the event loop that uses it."""

    def __init__(self, socket: str) -> None:
        self._channel = grpc.aio.insecure_channel(f"unix://{socket}", options=_OPTIONS)
        self._runtime: Any = services.RuntimeServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._images: Any = services.ImageServiceStub(self._channel)  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        await self._channel.close(None)

    async def version(self) -> RuntimeVersion:
        answer = await _call(self._runtime.Version(pb.VersionRequest(version="v1"), timeout=5))
        return RuntimeVersion(answer.runtime_name, answer.runtime_version)

    async def conditions(self) -> dict[str, tuple[bool, str]]:
        answer = await _call(self._runtime.Status(pb.StatusRequest(), timeout=10))
        return {each.type: (each.status, each.message) for each in answer.status.conditions}

    async def sandboxes(self) -> Sequence[Sandbox]:
        answer = await _call(self._runtime.ListPodSandbox(pb.ListPodSandboxRequest(), timeout=CALL_SECONDS))
        return _newest_first([convert.sandbox_value(each) for each in answer.items])

    async def containers(self) -> Sequence[Container]:
        answer = await _call(self._runtime.ListContainers(pb.ListContainersRequest(), timeout=CALL_SECONDS))
        return _newest_first([convert.listed_container(each) for each in answer.containers])

    async def pod(self, uid: str) -> PodRuntime:
        chosen = {convert.UID_LABEL: uid}
        listed, contained = await asyncio.gather(
            _call(
                self._runtime.ListPodSandbox(
                    pb.ListPodSandboxRequest(filter=pb.PodSandboxFilter(label_selector=chosen)), timeout=CALL_SECONDS
                )
            ),
            _call(
                self._runtime.ListContainers(
                    pb.ListContainersRequest(filter=pb.ContainerFilter(label_selector=chosen)), timeout=CALL_SECONDS
                )
            ),
        )
        sandboxes = await asyncio.gather(*(self._sandbox(each.id) for each in listed.items))
        containers = await asyncio.gather(
            *(self._container(each.id, each.pod_sandbox_id) for each in contained.containers)
        )
        return PodRuntime(
            uid,
            tuple(_newest_first([each for each in sandboxes if each is not None])),
            tuple(_newest_first([each for each in containers if each is not None])),
        )

    async def _sandbox(self, sandbox_id: str) -> Sandbox | None:
        request = pb.PodSandboxStatusRequest(pod_sandbox_id=sandbox_id)
        try:
            answer = await _call(self._runtime.PodSandboxStatus(request, timeout=CALL_SECONDS))
        except RuntimeNotFound:
            return None
        return convert.sandbox_value(answer.status)

    async def _container(self, container_id: str, sandbox_id: str) -> Container | None:
        request = pb.ContainerStatusRequest(container_id=container_id)
        try:
            answer = await _call(self._runtime.ContainerStatus(request, timeout=CALL_SECONDS))
        except RuntimeNotFound:
            return None
        return convert.container_value(answer.status, sandbox_id)

    async def run_sandbox(self, config: SandboxConfig, handler: str) -> str:
        request = pb.RunPodSandboxRequest(config=convert.sandbox_message(config), runtime_handler=handler)
        answer = await _call(self._runtime.RunPodSandbox(request, timeout=CALL_SECONDS * 2))
        return str(answer.pod_sandbox_id)

    async def stop_sandbox(self, sandbox_id: str) -> None:
        await _ignore_gone(
            self._runtime.StopPodSandbox(pb.StopPodSandboxRequest(pod_sandbox_id=sandbox_id), timeout=CALL_SECONDS)
        )

    async def remove_sandbox(self, sandbox_id: str) -> None:
        await _ignore_gone(
            self._runtime.RemovePodSandbox(pb.RemovePodSandboxRequest(pod_sandbox_id=sandbox_id), timeout=CALL_SECONDS)
        )

    async def create_container(self, sandbox_id: str, config: ContainerConfig, sandbox: SandboxConfig) -> str:
        request = pb.CreateContainerRequest(
            pod_sandbox_id=sandbox_id,
            config=convert.container_message(config),
            sandbox_config=convert.sandbox_message(sandbox),
        )
        answer = await _call(self._runtime.CreateContainer(request, timeout=CALL_SECONDS))
        return str(answer.container_id)

    async def start_container(self, container_id: str) -> None:
        await _call(
            self._runtime.StartContainer(pb.StartContainerRequest(container_id=container_id), timeout=CALL_SECONDS)
        )

    async def stop_container(self, container_id: str, grace_seconds: int) -> None:
        request = pb.StopContainerRequest(container_id=container_id, timeout=grace_seconds)
        await _ignore_gone(self._runtime.StopContainer(request, timeout=grace_seconds + CALL_SECONDS))

    async def remove_container(self, container_id: str) -> None:
        await _ignore_gone(
            self._runtime.RemoveContainer(pb.RemoveContainerRequest(container_id=container_id), timeout=CALL_SECONDS)
        )

    async def update_resources(self, container_id: str, resources: Resources) -> None:
        request = pb.UpdateContainerResourcesRequest(
            container_id=container_id, linux=convert.resources_message(resources)
        )
        await _call(self._runtime.UpdateContainerResources(request, timeout=CALL_SECONDS))

    async def reopen_log(self, container_id: str) -> None:
        await _call(
            self._runtime.ReopenContainerLog(pb.ReopenContainerLogRequest(container_id=container_id), timeout=10)
        )

    async def usage(self) -> Sequence[ContainerUsage]:
        answer = await _call(self._runtime.ListContainerStats(pb.ListContainerStatsRequest(), timeout=30))
        return [convert.usage_value(each) for each in answer.stats if each.cpu.timestamp]  # the others have ended

    async def exec_sync(self, container_id: str, command: Sequence[str], timeout: int) -> ExecResult:
        request = pb.ExecSyncRequest(container_id=container_id, cmd=command, timeout=timeout)
        answer = await _call(self._runtime.ExecSync(request, timeout=timeout + 10 if timeout else None))
        return ExecResult(answer.exit_code, answer.stdout, answer.stderr)

    async def exec_url(
        self, container_id: str, command: Sequence[str], *, stdin: bool, stdout: bool, stderr: bool, tty: bool
    ) -> str:
        request = pb.ExecRequest(
            container_id=container_id, cmd=command, stdin=stdin, stdout=stdout, stderr=stderr, tty=tty
        )
        return str((await _call(self._runtime.Exec(request, timeout=CALL_SECONDS))).url)

    async def attach_url(self, container_id: str, *, stdin: bool, stdout: bool, stderr: bool, tty: bool) -> str:
        request = pb.AttachRequest(container_id=container_id, stdin=stdin, stdout=stdout, stderr=stderr, tty=tty)
        return str((await _call(self._runtime.Attach(request, timeout=CALL_SECONDS))).url)

    async def port_forward_url(self, sandbox_id: str, ports: Sequence[int]) -> str:
        request = pb.PortForwardRequest(pod_sandbox_id=sandbox_id, port=ports)
        return str((await _call(self._runtime.PortForward(request, timeout=CALL_SECONDS))).url)

    async def image(self, name: str) -> Image | None:
        request = pb.ImageStatusRequest(image=pb.ImageSpec(image=name))
        try:
            answer = await _call(self._images.ImageStatus(request, timeout=CALL_SECONDS))
        except RuntimeNotFound:
            return None
        return convert.image_value(answer.image) if answer.HasField("image") and answer.image.id else None

    async def images(self) -> Sequence[Image]:
        answer = await _call(self._images.ListImages(pb.ListImagesRequest(), timeout=CALL_SECONDS))
        return [convert.image_value(each) for each in answer.images]

    async def pull(self, name: str, credentials: Credentials | None) -> str:
        request = pb.PullImageRequest(image=pb.ImageSpec(image=name), auth=convert.credentials_message(credentials))
        return str((await _call(self._images.PullImage(request))).image_ref)

    async def remove_image(self, name: str) -> None:
        await _ignore_gone(
            self._images.RemoveImage(pb.RemoveImageRequest(image=pb.ImageSpec(image=name)), timeout=CALL_SECONDS)
        )

    async def events(self) -> AsyncIterator[RuntimeEvent]:
        try:
            async for event in containerd_events(self._channel):
                yield event
        except grpc.aio.AioRpcError as error:
            raise _translate(error) from error
        raise RuntimeUnavailable("the runtime ended its event stream")


def _newest_first(items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda each: (each.created_at, each.attempt), reverse=True)


async def _call(call: Any) -> Any:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise _translate(error) from error


async def _ignore_gone(call: Any) -> None:
    try:
        await _call(call)
    except RuntimeNotFound:
        pass


def _translate(error: grpc.aio.AioRpcError) -> RuntimeFailure:
    kind = _KINDS.get(error.code(), RuntimeFailure)
    return kind(f"rpc error: code = {_go_name(error.code())} desc = {error.details()}")


def _go_name(code: grpc.StatusCode) -> str:
    """`NOT_FOUND` as Go prints it, NotFound: the form people search for."""
    return "OK" if code is grpc.StatusCode.OK else "".join(part.capitalize() for part in code.name.split("_"))

"""What the workers of a node share."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct, field

from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.cgroups import Cgroups
from wherry.kubelet.pods.hooks import Hooks
from wherry.kubelet.pods.images import ImagePuller
from wherry.kubelet.pods.layout import Layout
from wherry.kubelet.pods.nodeview import NodeView
from wherry.kubelet.pods.resizing import Refusal
from wherry.kubelet.pods.writer import StatusWriter
from wherry.kubelet.runtime.protocol import Runtime
from wherry.kubelet.volumes.manager import Volumes
from wherry.kubelet.volumes.objects import ObjectCache
from wherry.lib.clock import Clock


class PodEvents(Protocol):
    """Records Events about pods and parts of them."""

    def record(self, component: str, about: object, field_path: str, type: str, reason: str, message: str) -> None: ...


class Services(Struct, frozen=True):
    """Everything a pod's worker works with.

    Attributes:
        node: the node as it is now.
        handler: the runtime handler of a RuntimeClass by name; raises LookupError when there is no such class.
        resize_refusal: why the node cannot give a running pod what it asks for now, if it cannot.
        starts: how many sandboxes and containers may be being made at a time; more only get in each other's way.
    """

    runtime: Runtime
    images: ImagePuller
    volumes: Volumes
    objects: ObjectCache
    hooks: Hooks
    cgroups: Cgroups
    layout: Layout
    writer: StatusWriter
    events: PodEvents
    clock: Clock
    random: random.Random
    node: Callable[[], NodeView]
    handler: Callable[[str], Awaitable[str]]
    service_env: Callable[[Pod], list[tuple[str, str]]]
    resize_refusal: Callable[[Pod], Refusal | None]
    runtime_name: str = "containerd"
    starts: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(6))

    def tell(self, pod: Pod, type: str, reason: str, message: str, field_path: str = "") -> None:
        """Record an Event about a pod, or a part of it."""
        self.events.record("kubelet", pod, field_path, type, reason, message)

"""One pod's resources while it runs: grants what it asks for, and puts in force what was granted.

`resizing.py` decides; this module remembers between passes, acts, and tells.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import Pod, ResourceRequirements
from wherry.kubelet.pods.plan import Resize, find_container
from wherry.kubelet.pods.resizing import (
    Refusal,
    asked,
    conditions,
    is_under_way,
    must_restart,
    remembered,
    resizable,
    summary,
    with_resources,
)
from wherry.kubelet.pods.resources import container_resources
from wherry.kubelet.pods.services import Services
from wherry.kubelet.runtime.model import PodRuntime, Resources
from wherry.kubelet.runtime.protocol import RuntimeFailure


class Sizes(Struct):
    """What is known of a pod's resources between passes; a restarted agent finds it in the pod's status.

    Attributes:
        granted: by container's name; None before the first look.
        in_force: by container's id.
        refused: why what the pod asks for has not been granted.
        error: why what was granted could not be put in force.
    """

    granted: dict[str, ResourceRequirements] | None = None
    in_force: dict[str, ResourceRequirements] = field(default_factory=dict)
    refused: Refusal | None = None
    error: str = ""

    @property
    def is_deferred(self) -> bool:
        """Whether looking again later may help."""
        return self.refused is not None and self.refused.reason == "Deferred"


class Resizer:
    """Resizes one pod, pass by pass."""

    def __init__(self, services: Services, sizes: Sizes) -> None:
        self._services = services
        self._sizes = sizes

    def grant(self, pod: Pod, runtime: PodRuntime) -> Pod:
        """The pod with what it is granted: what it asks for where the node has room, else what it had before."""
        sizes = self._sizes
        if sizes.granted is None:
            sizes.granted, in_force = remembered(pod)
            sizes.in_force |= in_force
        if not sizes.granted:
            sizes.granted = asked(pod)
        if with_resources(pod, sizes.granted) is pod:
            sizes.refused = None
            return pod
        refused = self._services.resize_refusal(pod)
        if refused is not None:
            self._note_refusal(pod, refused)
            return with_resources(pod, sizes.granted)
        sizes.granted, sizes.refused = asked(pod), None
        if is_under_way(pod, self._by_name(pod, runtime)):
            self._services.tell(pod, "Normal", "ResizeStarted", f"Pod resize started: {summary(pod)}")
        return pod

    def applied(self, pod: Pod, runtime: PodRuntime) -> dict[str, Resources]:
        """What the runtime was last told of each running container, by its id."""
        found = {}
        for name, given in self._by_name(pod, runtime).items():
            before = with_resources(pod, {name: given})
            container, latest = find_container(before, name), runtime.latest(name)
            assert isinstance(container, ContainerSpec)
            assert latest is not None
            found[latest.id] = container_resources(before, container, self._services.node().memory)
        return found

    def to_restart(self, pod: Pod, runtime: PodRuntime) -> frozenset[str]:
        """Containers that want to be restarted for their new resources."""
        before = self._by_name(pod, runtime)
        return frozenset(each.name for each in resizable(pod) if must_restart(each, before.get(each.name)))

    def conditions(self, pod: Pod, runtime: PodRuntime, old: Sequence[Obj]) -> tuple[Obj, ...]:
        """How it stands with a resize, for the pod's status."""
        sizes = self._sizes
        granted = with_resources(pod, sizes.granted or {})
        under_way = is_under_way(granted, self._by_name(pod, runtime))
        return tuple(conditions(pod, sizes.refused, under_way, sizes.error, old, self._services.clock.time()))

    async def resize(self, pod: Pod, resizes: Sequence[Resize]) -> None:
        """Make the pod's own group wide enough, then each container's, then the pod's as narrow as it is to be.

        Raises RuntimeFailure or OSError, which has been told.
        """
        services, sizes = self._services, self._sizes
        try:
            with contextlib.suppress(OSError):  # a group cannot be narrower than what is in it now
                services.cgroups.create(pod)
            for resize in resizes:
                await services.runtime.update_resources(resize.id, resize.resources)
                sizes.in_force[resize.id] = asked(pod)[resize.name]
            services.cgroups.create(pod)
        except (RuntimeFailure, OSError) as error:
            if sizes.error != str(error):
                sizes.error = str(error)
                services.tell(pod, "Warning", "ResizeError", f"Pod resize error: {summary(pod, str(error))}")
            raise
        sizes.error = ""
        services.tell(pod, "Normal", "ResizeCompleted", f"Pod resize completed: {summary(pod)}")

    def _note_refusal(self, pod: Pod, refused: Refusal) -> None:
        if refused != self._sizes.refused:
            text = f"Pod resize {refused.reason}: {summary(pod, refused.message)}"
            self._services.tell(pod, "Warning", f"Resize{refused.reason}", text)
        self._sizes.refused = refused

    def _by_name(self, pod: Pod, runtime: PodRuntime) -> dict[str, ResourceRequirements]:
        """What is in force for the containers that run."""
        found = {}
        for each in resizable(pod):
            latest = runtime.latest(each.name)
            if latest is not None and latest.is_running and latest.id in self._sizes.in_force:
                found[each.name] = self._sizes.in_force[latest.id]
        return found
